"""`churn publish`: customer events onto the stream."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import FAILED
from cli.output import emit_json, note, progress_bar, show_facts
from cli.stage import JsonOption, ProblemOption, StageOption, resolve_stage

INTERRUPTED = 130  # 128 + SIGINT, as shells do

SourceArgument = Annotated[
    str,
    typer.Argument(metavar="SOURCE", help="A file (.csv, .jsonl, also .gz), - for stdin, or synthetic:N."),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="csv, jsonl or cloudevents; guessed where not given.")
]
TimeOption = Annotated[
    str | None,
    typer.Option("--time-column", help="Column with the event's own time (RFC 3339); default: now."),
]
RateOption = Annotated[
    float | None, typer.Option("--rate", min=0.001, help="At most this many events a second.")
]
RejectsOption = Annotated[
    Path | None,
    typer.Option("--rejects", help="Where invalid and refused events go; default rejects-TIME.jsonl."),
]


def publish(
    source: SourceArgument,
    format: FormatOption = None,
    time_column: TimeOption = None,
    rate: RateOption = None,
    rejects: RejectsOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of synthetic events.")] = 0,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish customer events to the stream.

    Every event is checked first: invalid ones are never sent, and end in the rejects file with line and
    reason. Records that the stream refuses are resent alone. Ctrl-C stops cleanly and says what was sent.
    """
    from producer.kinesis import connect
    from producer.publish import publish_all
    from producer.publisher import Publisher
    from producer.sources import open_source

    target = resolve_stage(stage, schema)
    events = open_source(source, target.feature_schema(), format=format, time_column=time_column, seed=seed)
    path = rejects or Path(time.strftime("rejects-%Y%m%dT%H%M%S.jsonl"))
    with (
        progress_bar("publishing", unit="events") as bar,
        Publisher(connect(), target.stream, rate=rate) as publisher,
    ):
        result = publish_all(
            events, publisher, rejects_path=path, on_progress=lambda now: bar(now.read, events.total)
        )
    _tell(result, as_json)
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if result.failure or result.refused or (result.read and not result.published):
        raise typer.Exit(FAILED)


def _tell(result: Any, as_json: bool) -> None:
    facts = {
        "read": result.read,
        "published": result.published,
        "refused": result.refused,
        "invalid": result.invalid,
        "seconds": round(result.seconds, 3),
        "events_per_second": round(result.events_per_second, 1),
        "rejects_file": str(result.rejects_file) if result.rejects_file else None,
        "interrupted": result.interrupted,
        "failure": result.failure,
    }
    if as_json:
        emit_json(facts)
    else:
        show_facts(
            (name.replace("_", " "), value) for name, value in facts.items() if value not in (None, False)
        )
    if result.interrupted:
        note(f"stopped: {result.published:,} of the {result.read:,} events read are on the stream")
    if result.failure:
        note(f"churn: {result.failure}")
