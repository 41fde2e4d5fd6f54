"""`churn local`: the embedded AWS with the stack deployed from serverless.yml."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.errors import FAILED, CommandError
from cli.output import emit_json, note, show_facts
from cli.stage import DEFAULT_SCHEMA, JsonOption, local_directory, use_local

app = typer.Typer(no_args_is_help=True, help="Run the whole stack on this machine.")

SchemaOption = Annotated[str, typer.Option("--schema", help="A built-in schema, or a schema file.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
TUNING = "Parameters of the stack, for load tests; defaults are in infra/resources/parameters.yml"
ShardsOption = Annotated[
    int | None, typer.Option("--shards", min=1, help="Of the stream.", rich_help_panel=TUNING)
]
ParallelizationOption = Annotated[
    int | None,
    typer.Option(
        "--parallelization", min=1, max=10, help="Concurrent batches per shard.", rich_help_panel=TUNING
    ),
]
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size", min=1, max=10_000, help="Records per invocation at most.", rich_help_panel=TUNING
    ),
]


@app.command()
def up(
    schema: SchemaOption = DEFAULT_SCHEMA,
    port: PortOption = 0,
    shards: ShardsOption = None,
    parallelization: ParallelizationOption = None,
    batch_size: BatchSizeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start the embedded AWS and deploy serverless.yml to it. Does nothing where it is up already."""
    from contract.schema import built_in_schemas, load_schema
    from infra.local import stage

    given = {"shards": shards, "parallelization": parallelization, "batchSize": batch_size}
    found = stage.up(
        local_directory(),
        schema=load_schema(schema).name,
        port=port,
        parameters={name: str(value) for name, value in given.items() if value is not None},
        on_progress=note,
    )
    _show(found, as_json)
    told = "" if schema in built_in_schemas() else f" --schema {schema}"
    note(f"next: `churn train --data FILE.csv{told}`, then `churn publish FILE.csv`")


@app.command()
def down() -> None:
    """Stop it; what it held is gone."""
    from infra.local import stage

    note("stage local stopped" if stage.down(local_directory()) else "stage local was not up")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Say where the local stage listens and what is in it; exit 1 where it is not up."""
    from infra.local import stage

    found = stage.status(local_directory())
    if found is None:
        raise CommandError("stage local is not up: run `churn local up` (or `churn demo`) first", FAILED)
    use_local(found)  # says so where it is not reading
    _show(found, as_json)


def _show(found: Any, as_json: bool) -> None:
    names = ("stage", "endpoint_url", "region", "stack", "stream", "table", "bucket", "topic", "schema")
    facts = {name: getattr(found, name) for name in names}
    if as_json:
        emit_json(facts)
    else:
        show_facts(facts.items())
