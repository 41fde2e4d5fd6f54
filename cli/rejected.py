"""`churn rejected`: what could not be scored, kept with its bytes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated

import typer

from cli.errors import FAILED, CommandError
from cli.output import emit_json, note, progress_bar, show_entries, show_facts
from cli.stage import JsonOption, ProblemOption, StageOption, resolve_stage

app = typer.Typer(no_args_is_help=True, help="Look at rejected events, and publish them again.")


@app.command("list")
def list_rejected(
    stage: StageOption = "local", schema: ProblemOption = None, as_json: JsonOption = False
) -> None:
    """List what was rejected, and what Lambda gave up on, until it is replayed."""
    pending = resolve_stage(stage, schema).rejected().pending()
    if as_json:
        names = ("event_id", "kind", "reason", "field", "received_at", "key")
        emit_json([{name: getattr(record, name) for name in names} for record in pending.records])
    elif not pending.records:
        note("nothing was rejected")
    else:
        show_entries((r.event_id, f"{r.received_at}  {r.reason}") for r in pending.records)
    _warn_of(pending.unreadable)


@app.command()
def show(
    event_id: Annotated[
        str, typer.Argument(metavar="EVENT", help="An event as `churn rejected list` shows it.")
    ],
    stage: StageOption = "local",
    schema: ProblemOption = None,
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
            if as_json:
                emit_json({**facts, "data_base64": b64encode(record.data).decode()})
            else:
                show_facts(facts.items())
            return
    raise CommandError(f"no rejected event {event_id!r}: `churn rejected list` shows the known ones")


@app.command()
def replay(stage: StageOption = "local", schema: ProblemOption = None, as_json: JsonOption = False) -> None:
    """Publish every rejected event again, byte for byte, and take it off the list.

    Useful after a model or a schema was mended. What is still wrong is rejected again, and listed again.
    An object's records leave the list once the stream has taken all of them, so Ctrl-C loses nothing.
    """
    from producer.kinesis import connect
    from producer.publisher import Publisher

    target = resolve_stage(stage, schema)
    store = target.rejected()
    pending = store.pending()
    replayed = refused = 0
    try:
        with progress_bar("replaying") as bar, Publisher(connect(), target.stream) as publisher:
            for key, records in pending.by_key().items():
                for record in records:
                    publisher.send(record.partition_key, record.data)
                refused += len(publisher.flush())
                if refused:
                    break
                store.mark_replayed(key)
                replayed += len(records)
                bar(replayed, len(pending.records))
    finally:
        _tell({"replayed": replayed, "refused": refused}, as_json)
        _warn_of(pending.unreadable)
    if refused:
        note("churn: the stream refused some events; they stay on the list, so replay again later")
        raise typer.Exit(FAILED)


def _tell(facts: dict[str, int], as_json: bool) -> None:
    if as_json:
        emit_json(facts)
    else:
        show_facts(facts.items())


def _warn_of(unreadable: Sequence[str]) -> None:
    for line in unreadable:
        note(f"skipped: {line}")
