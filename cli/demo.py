"""`churn demo`: the whole path once, on embedded AWS, with every event accounted for."""

from __future__ import annotations

import time
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import train as training
from cli.errors import FAILED, CommandError
from cli.local import SchemaOption
from cli.output import emit_json, note, progress_bar, show_facts
from cli.scores import as_document, show_predictions
from cli.stage import DEFAULT_SCHEMA, JsonOption, Stage, local_directory, use_local
from cli.train_options import Promote
from cli.train_table import SYNTHETIC, load

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from loadtest.rehearsal import Outcome
    from training.result import TrainedModel

DEFAULT_EVENTS = 10_000
CANDIDATES = ("logistic", "logistic_bins")  # the two quickest; `churn train` compares them all
STARTED_BY_DEMO = "started-by-demo"  # marks a local stage that the next demo may replace

DataOption = Annotated[
    str,
    typer.Option("--data", help="Your own labelled table: it is trained on, and its rows are the events."),
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start over, even where the local stage holds your own models.")
]
EventsOption = Annotated[int, typer.Option("--events", min=100, max=80_000, help="How many to publish.")]


WHERE_TO_LOOK_NEXT = """
The stage is still up. Look around:
  .venv/bin/churn scores get {customer} --history 5
  .venv/bin/churn scores top --limit 20
  .venv/bin/churn rejected list
  .venv/bin/churn models list
  .venv/bin/churn publish {source} --rate 200
  .venv/bin/churn local status        (endpoint and names, for the AWS CLI)
  .venv/bin/churn local down          (stops it)"""


def demo(
    data: DataOption = SYNTHETIC,
    events: EventsOption = DEFAULT_EVENTS,
    schema: SchemaOption = DEFAULT_SCHEMA,
    fresh: FreshOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train, deploy, publish, score, read back and account for every event, on this machine.

    The traffic is as real streams are: about 1 % duplicates, 0.5 % broken records, and events out of order.
    Exits 0 only if every event was written, collapsed into a newer one of its customer, or rejected. The
    stage stays up afterwards, so that you can look around; `churn local down` stops it.
    """
    from contract.schema import load_schema
    from loadtest.traffic import events_of
    from training.report.page import render_report

    started = time.perf_counter()
    features = load_schema(schema)
    table = load(data, features, seed=0)
    stage = bring_up(features, fresh=fresh)
    note(f"training on {table.rows:,} customers")
    model = training.fit(table, features, seed=0, candidates=CANDIDATES)
    training.publish_model(stage, model, Promote.ALWAYS, render_report(model))
    outcome = run(stage, list(islice(events_of(data, features), events)))
    seconds = time.perf_counter() - started
    if as_json:
        emit_json(summary_of(stage, model, outcome, seconds))
    else:
        show(model, outcome, seconds, data)
    if not outcome.complete:
        raise typer.Exit(FAILED)


def bring_up(schema: FeatureSchema, *, fresh: bool) -> Stage:
    """A fresh local stage for this schema, deployed from the current code.

    Takes the place of a running stage only where a demo started that one too, or `fresh` says so.
    """
    from infra.local import stage

    directory = local_directory()
    mark, running = directory / STARTED_BY_DEMO, stage.status(directory)
    is_ours = running is not None and mark.exists() and mark.read_text() == running.endpoint_url
    if running is not None and not (fresh or is_ours):
        raise CommandError(
            "stage local is up with your own models and scores, and the demo starts with an empty one: "
            "run `churn local down` first, or `churn demo --fresh`"
        )
    if stage.down(directory):
        note("the local stage was up: starting over with a fresh one")
    found = stage.up(directory, schema=schema.name, on_progress=note)
    mark.write_text(found.endpoint_url)
    return use_local(found)


def run(stage: Stage, events: list[bytes]) -> Outcome:
    """Rehearse on a deployed stage, with progress bars."""
    from loadtest.rehearsal import PROBES, rehearse
    from producer.kinesis import connect
    from producer.publisher import Publisher

    note(f"publishing {len(events):,} events, then {PROBES} single ones to measure latency")
    with Publisher(connect(), stage.stream) as publisher, progress_bar("publishing") as bar:
        return rehearse(stage.deployment(), publisher, events, on_progress=bar)


def summary_of(stage: Stage, model: TrainedModel, outcome: Outcome, seconds: float) -> dict[str, Any]:
    """What --json prints."""
    return {
        **asdict(outcome.account),
        "stage": stage.name,
        "model_version": model.manifest.version,
        "roc_auc": model.manifest.metrics["roc_auc"].mean,
        "seconds": round(seconds, 2),
        "events_per_second": round(outcome.events_per_second, 1),
        "put_to_readable_ms": {"p50": round(outcome.latency.p50, 1), "p95": round(outcome.latency.p95, 1)},
        "metrics": dict(outcome.metrics),
        "top": [as_document(prediction) for prediction in outcome.top],
    }


def show(model: TrainedModel, outcome: Outcome, seconds: float, data: str) -> None:
    """The summary for people."""
    account, auc, counted = outcome.account, model.manifest.metrics["roc_auc"], outcome.metrics
    overtaken = account.collapsed - account.copies
    show_facts(
        [
            ("model", f"{model.manifest.version} ({model.manifest.chosen})"),
            ("ROC AUC", f"{auc.mean:.4f} ± {auc.std:.4f}, cross-validated"),
            ("published", f"{account.published:,} records, some twice, some broken"),
            ("  written", f"{account.written:,}"),
            (
                "  collapsed",
                f"{account.collapsed:,} ({overtaken:,} into newer events, {account.copies:,} copies)",
            ),
            ("  rejected", f"{account.rejected:,} (bytes kept in S3)"),
            ("  missing", f"{account.missing:,}"),
            ("not at their newest", f"{account.stale:,} customers"),
            ("events per second", f"{outcome.events_per_second:,.0f}, from the first put to the last score"),
            ("put → readable", f"p50 {outcome.latency.p50:.0f} ms, p95 {outcome.latency.p95:.0f} ms"),
            ("CloudWatch counted", f"{counted['EventsReceived']:,.0f} received"),
            ("  written", f"{counted['EventsWritten']:,.0f} (a copy in a later batch is written again)"),
            ("  collapsed", f"{counted['EventsCollapsed']:,.0f}"),
            ("  rejected, retried", f"{counted['EventsRejected']:,.0f}, {counted['EventsRetried']:,.0f}"),
            ("took", f"{seconds:.1f} s"),
        ],
        title="Every event accounted for" if outcome.complete else "EVENTS ARE UNACCOUNTED FOR",
    )
    show_predictions(outcome.top, title="\nMost at risk now (log-odds against the average customer)")
    note(
        WHERE_TO_LOOK_NEXT.format(
            customer=outcome.top[0].customer_id if outcome.top else "CUSTOMER",
            source="synthetic:1000" if data.startswith(SYNTHETIC) else data,
        )
    )
