"""`churn rejected`: what could not be scored, kept with its bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.errors import FAILED, CommandError
from cli.output import emit_json, note, progress_bar, show_facts, show_table
from cli.stage import DEFAULT_SCHEMA, JsonOption, ProblemOption, StageOption, resolve_stage

app = typer.Typer(no_args_is_help=True, help="Look at rejected events, and publish them again.")


@app.command("list")
def list_rejected(
    stage: StageOption = "local", schema: ProblemOption = DEFAULT_SCHEMA, as_json: JsonOption = False
) -> None:
    """List what was rejected, and what Lambda gave up on, until it is replayed."""
    records = resolve_stage(stage, schema).rejected().pending().records
    if as_json:
        names = ("event_id", "kind", "reason", "field", "received_at", "key")
        emit_json([{name: getattr(record, name) for name in names} for record in records])
    elif not records:
        note("nothing was rejected")
    else:
        show_table(["event", "reason", "received"], [[r.event_id, r.reason, r.received_at] for r in records])


@app.command()
def show(
    event_id: Annotated[str, typer.Argument(help="An event as `churn rejected list` shows it.")],
    stage: StageOption = "local",
    schema: ProblemOption = DEFAULT_SCHEMA,
    as_json: JsonOption = False,
) -> None:
    """Show one rejected event with its original bytes. Mind who reads over your shoulder."""
    for record in resolve_stage(stage, schema).rejected().pending().records:
        if record.event_id == event_id:
            facts = {
                "event_id": record.event_id,
                "kind": record.kind,
                "reason": record.reason,
                "field": record.field,
                "received_at": record.received_at,
                "partition_key": record.partition_key,
                "key": record.key,
                "data": record.data.decode("utf-8", "backslashreplace"),
            }
            emit_json(facts) if as_json else show_facts(facts.items())
            return
    raise CommandError(f"no rejected event {event_id!r}: `churn rejected list` shows the known ones")


@app.command()
def replay(
    stage: StageOption = "local", schema: ProblemOption = DEFAULT_SCHEMA, as_json: JsonOption = False
) -> None:
    """Publish every rejected event again, byte for byte, and take it off the list.

    Useful after a model or a schema was mended. What is still wrong is rejected again, and listed again.
    Nothing is taken off the list unless the stream took all of it.
    """
    from producer.kinesis import connect
    from producer.publisher import Publisher

    target = resolve_stage(stage, schema)
    store = target.rejected()
    pending = store.pending()
    with progress_bar("replaying", unit="events") as bar, Publisher(connect(), target.stream) as publisher:
        for done, record in enumerate(pending.records, 1):
            publisher.send(record.partition_key, record.data)
            bar(done, len(pending.records))
        refused = publisher.flush()
    if not refused:
        for key in pending.keys:
            store.mark_replayed(key)
    facts = {"replayed": len(pending.records) - len(refused), "refused": len(refused)}
    emit_json(facts) if as_json else show_facts(facts.items())
    if refused:
        note("churn: the stream refused some events; nothing was taken off the list, so replay again later")
        raise typer.Exit(FAILED)
