"""`churn publish`: customer events onto the stream."""

from __future__ import annotations

import math
import shlex
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import FAILED, INTERRUPTED
from cli.output import emit_json, note, progress_bar, show_facts
from cli.stage import LOCAL, JsonOption, ProblemOption, Stage, StageOption, resolve_stage

if TYPE_CHECKING:
    from producer.publish import PublishResult
    from producer.sources import Source

REASONS_SHOWN = 3


def _finite(rate: float | None) -> float | None:
    if rate is not None and not math.isfinite(rate):
        raise typer.BadParameter(f"found {rate}, expected a number of events per second")
    return rate


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
FromLineOption = Annotated[
    int, typer.Option("--from-line", min=1, help="Leave out what is before this line, to go on after a stop.")
]
RateOption = Annotated[
    float | None,
    typer.Option("--rate", min=0.001, callback=_finite, help="At most this many events a second."),
]
RejectsOption = Annotated[
    Path | None,
    typer.Option("--rejects", help="Where invalid and refused events go; default rejects-TIME.jsonl."),
]


def publish(
    source: SourceArgument,
    format: FormatOption = None,
    time_column: TimeOption = None,
    from_line: FromLineOption = 1,
    rate: RateOption = None,
    rejects: RejectsOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of synthetic events.")] = 0,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish customer events to the stream.

    Every event is checked first: invalid ones are never sent, and end in the rejects file with line and
    reason. Records that the stream refuses are resent alone, and end there too if it never takes them.
    Ctrl-C stops cleanly and says what was sent, and how to go on.

    A rejects file can be published itself: mend the "row" of its lines, then `churn publish
    rejects-TIME.jsonl`. What is still invalid goes to another rejects file.
    """
    from producer.sources import open_source

    target = resolve_stage(stage, schema)
    events = open_source(
        source,
        target.feature_schema(),
        format=format,
        time_column=time_column,
        from_line=from_line,
        seed=seed,
    )
    if target.registry().champion() is None:
        note(
            "no model serves yet: events wait in the stream, then land in `churn rejected list`; "
            "run `churn train` first"
        )
    path = rejects or Path(time.strftime("rejects-%Y%m%dT%H%M%S.jsonl"))
    result = _send(events, target, rate, path)
    _tell(result, as_json)
    place = _options({"--stage": stage if stage != LOCAL else None, "--schema": schema})
    reading = _options({"--format": format, "--time-column": time_column, "--seed": seed or None})
    for line in _what_next(result, f"{shlex.quote(source)}{reading}", place):
        note(line)
    _exit(result)


def _send(events: Source, target: Stage, rate: float | None, rejects: Path) -> PublishResult:
    from producer.kinesis import connect
    from producer.publish import publish_all
    from producer.publisher import Publisher

    with (
        closing(events),
        progress_bar("publishing", unit="events") as bar,
        Publisher(connect(), target.stream, rate=rate) as publisher,
    ):
        # While events are sent, publish_all hears Ctrl-C; after it, nothing is left to stop but the account.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return publish_all(
                events, publisher, rejects_path=rejects, on_progress=lambda now: bar(now.read, events.total)
            )
        except BaseException:
            signal.signal(signal.SIGINT, before)
            raise


def _tell(result: PublishResult, as_json: bool) -> None:
    facts = {
        "read": result.read,
        "published": result.published,
        "refused": result.refused,
        "invalid": result.invalid,
        "seconds": round(result.seconds, 3),
        "events_per_second": round(result.events_per_second, 1),
        "rejects_file": str(result.rejects_file) if result.rejects_file else None,
        "last_line": result.last_line,
    }
    if as_json:
        more = {"reasons": dict(result.reasons), "complete": result.complete}
        emit_json({**facts, **more, "interrupted": result.interrupted, "failure": result.failure})
    else:
        shown = [(name.replace("_", " "), value) for name, value in facts.items() if value is not None]
        top = list(result.reasons.items())[:REASONS_SHOWN]
        show_facts([*shown, *(("why invalid", f"{count:,} × {reason}") for reason, count in top)])
    if result.interrupted:
        note(f"stopped: {result.published:,} of the {result.read:,} events read are on the stream")
    if result.failure:
        note(f"churn: {result.failure}")


def _what_next(result: PublishResult, source: str, place: str) -> Iterator[str]:
    """In a line or two: what is left to mend, and the commands that publish what this one did not."""
    if result.complete and not result.read:
        yield "there was no event to read"
    steps = []
    if result.rejects_file:
        steps.append(f"churn publish {shlex.quote(str(result.rejects_file))}{place}")
    if not result.complete:
        steps.append(f"churn publish {source} --from-line {result.last_line + 1}{place}")
    if result.invalid:
        yield (
            f"{result.invalid:,} of {result.read:,} events were invalid and not sent: "
            f"mend their rows in {result.rejects_file}"
        )
    if steps:
        yield f"to go on: {', then '.join(f'`{step}`' for step in steps)}"


def _options(given: Mapping[str, object]) -> str:
    return "".join(f" {name} {shlex.quote(str(value))}" for name, value in given.items() if value is not None)


def _exit(result: PublishResult) -> None:
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)
    if result.failure or result.refused or (result.read and not result.published):
        raise typer.Exit(FAILED)
