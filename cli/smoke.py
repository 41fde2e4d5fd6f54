"""`churn smoke`: is a deployed stack alive?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import FAILED, CommandError
from cli.output import emit_json, note, show_facts
from cli.stage import JsonOption, ProblemOption, Stage, StageOption, resolve_stage

if TYPE_CHECKING:
    from loadtest.smoke import Report

WithinOption = Annotated[
    float,
    typer.Option("--within", min=1, help="Seconds that a score may take; the first has a cold start in it."),
]
MetricsOption = Annotated[
    float, typer.Option("--metrics-within", min=1, help="Seconds until CloudWatch must have counted.")
]


def smoke(
    stage: StageOption = "local",
    schema: ProblemOption = None,
    within: WithinOption = 30,
    metrics_within: MetricsOption = 180,
    as_json: JsonOption = False,
) -> None:
    """Publish a handful of events to a deployed stage and read their scores: is it alive?

    For the minute after a deployment, also on a stage that serves customers. Events of synthetic customers
    (ids start with `smoke-`) must be scored in time and as the serving model scores them here; a late event
    must not hide a newer one; a broken one must end in rejected/ with its bytes; the metrics must count all.
    Then scores and rejected bytes are taken away again. Exits 1 with one line for each thing that is wrong.
    """
    started = time.perf_counter()
    report = run(resolve_stage(stage, schema), within, metrics_within)
    seconds = time.perf_counter() - started
    for line in report.left:
        note(f"left behind, until it expires: {line}")
    if as_json:
        emit_json(document_of(stage, report, seconds))
    elif report.passed:
        show(stage, report, seconds)
    for line in report.failures:
        note(f"FAILED {line}")
    if not report.passed:
        raise CommandError(
            f"smoke test of stage {stage}: {len(report.failures)} of its checks failed", FAILED
        )


def run(target: Stage, within: float, metrics_within: float) -> Report:
    """The smoke test, with clients of this stage."""
    from loadtest.smoke import Stack, smoke
    from producer.kinesis import connect
    from producer.publisher import Publisher
    from scorer.champion import ModelStore
    from scorer.objects import S3Objects

    models = ModelStore(S3Objects(target.client("s3"), target.bucket), target.schema)
    with Publisher(connect(), target.stream) as publisher:
        stack = Stack(target.deployment(), publisher, target.client("kinesis"), target.stream, models)
        return smoke(stack, within_seconds=within, metrics_within_seconds=metrics_within, say=note)


def document_of(stage: str, report: Report, seconds: float) -> dict[str, object]:
    """What --json prints."""
    return {
        "stage": stage,
        "passed": report.passed,
        "model_version": report.model_version,
        "published": report.published,
        "put_to_readable_seconds": [round(each, 3) for each in report.put_to_readable_seconds],
        "counted": report.counted,
        "failures": report.failures,
        "left": report.left,
        "seconds": round(seconds, 2),
    }


def show(stage: str, report: Report, seconds: float) -> None:
    """The report for people."""
    times = report.put_to_readable_seconds
    show_facts(
        [
            ("model", report.model_version),
            ("published", f"{report.published} events, one of them broken and kept in rejected/"),
            ("put → readable", f"{min(times):.2f} s to {max(times):.2f} s"),
            ("CloudWatch counted", ", ".join(f"{name} {count:g}" for name, count in report.counted.items())),
            ("took", f"{seconds:.1f} s"),
        ],
        title=f"Stage {stage} is alive",
    )
