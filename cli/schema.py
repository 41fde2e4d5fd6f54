"""`churn schema`: features are data."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from cli.output import emit_json, note

app = typer.Typer(no_args_is_help=True, help="Draft a feature schema from a table.")


@app.command()
def infer(
    # Text, not a path: a path would make one slash of the two in http://.
    csv: Annotated[
        str, typer.Argument(help="A CSV file or http(s) URL with a header, one row per customer.")
    ],
    id_column: Annotated[
        str | None, typer.Option(help="Customer id column; guessed where not given.")
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="Label column; guessed where not given.")] = None,
    positive: Annotated[
        str | None, typer.Option(help="The label's value that means churned; guessed where it is clear.")
    ] = None,
) -> None:
    """Print a draft JSON Schema for CSV on stdout; read it, mend it, then `churn train --schema FILE`."""
    from training.data.infer import infer_schema

    draft = infer_schema(csv, id_column=id_column, label_column=label_column, positive=positive)
    emit_json(draft.document)
    for line in (*draft.notes, *_next_steps(csv, draft.document["$id"])):
        note(line)


def _next_steps(csv: str, name: str) -> tuple[str, ...]:
    file = f"{name}.json"
    return (
        f"next: save this as {file}, and look at x-id, x-label and x-label-positive,",
        "at the limits and `required` (an event beyond them is rejected), and leave out",
        "what is known only after a customer left. Then",
        f"  churn local up --schema {file}",
        f"  churn train --data {shlex.quote(csv)} --schema {file}",
    )
