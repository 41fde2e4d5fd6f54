"""`churn demo`: the whole path once, on embedded AWS, with every event accounted for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import train as training
from cli.errors import FAILED, CommandError
from cli.local import SchemaOption
from cli.output import emit_json, note, progress_bar, show_facts
from cli.scores import as_document, show_predictions
from cli.stage import DEFAULT_SCHEMA, JsonOption, Stage, local_directory, use_local

if TYPE_CHECKING:
    from contract.prediction import Prediction
    from contract.schema import FeatureSchema
    from loadtest.accounting import Account
    from loadtest.probe import Latency
    from training.train import TrainedModel

DEFAULT_EVENTS = 10_000
PROBES = 40
TOP = 5
PATIENCE_SECONDS = 60.0  # without any progress

DataOption = Annotated[
    str,
    typer.Option("--data", help="Your own labelled table: it is trained on, and its rows are the events."),
]
EventsOption = Annotated[int, typer.Option("--events", min=100, max=80_000, help="How many to publish.")]


@dataclass(frozen=True)
class Outcome:
    """What one run of the path found out. Times are in seconds."""

    account: Account
    latency: Latency
    metrics: Mapping[str, float]
    top: list[Prediction]
    burst_seconds: float

    @property
    def complete(self) -> bool:
        """Every record is accounted for, and the scorer's own counts say the same."""
        from loadtest.accounting import explains

        return self.account.complete and explains(self.account, self.metrics)

    @property
    def events_per_second(self) -> float:
        """Records published at once, over the time from the first put until the last is accounted for."""
        return (self.account.published - self.latency.count) / self.burst_seconds


def demo(
    data: DataOption = training.SYNTHETIC,
    events: EventsOption = DEFAULT_EVENTS,
    schema: SchemaOption = DEFAULT_SCHEMA,
    as_json: JsonOption = False,
) -> None:
    """Train, deploy, publish, score, read back and account for every event, on this machine.

    The traffic is as real streams are: about 1 % duplicates, 0.5 % broken records, and events out of order.
    Exits 0 only if every event was written, collapsed into a newer one of its customer, or rejected. The
    stage stays up afterwards, so that you can look around; `churn local down` stops it.
    """
    started = time.perf_counter()
    features, stage = bring_up(schema)
    table = training.load(data, features, seed=0)
    note(f"training on {table.rows:,} customers")
    model = training.fit(table, features, seed=0)
    training.publish_model(stage, model, training.Promote.ALWAYS)
    outcome = run(stage, list(islice(payloads_of(data, features), events)))
    seconds = time.perf_counter() - started
    if as_json:
        emit_json(summary_of(stage, model, outcome, seconds))
    else:
        show(model, outcome, seconds)
    if not outcome.complete:
        raise typer.Exit(FAILED)


def bring_up(schema: str) -> tuple[FeatureSchema, Stage]:
    """A fresh local stage for this schema, deployed from the current code."""
    from contract.schema import load_schema
    from infra.local import stage

    features = load_schema(schema)
    if stage.down(local_directory()):
        note("the local stage was up: starting over with a fresh one")
    return features, use_local(stage.up(local_directory(), schema=features.name, on_progress=note))


def payloads_of(data: str, schema: FeatureSchema) -> Iterator[bytes]:
    """Valid events without end: of synthetic customers, or of the rows of a table, over and over."""
    from producer.edge import Ready
    from producer.sources import open_source
    from producer.synthetic import events

    if data.partition(":")[0] == training.SYNTHETIC:
        yield from (event.payload for event in events(schema.name, 10**9, 0, customers=2_000))
        return
    while True:
        found = [item.payload for item in open_source(data, schema) if isinstance(item, Ready)]
        if not found:
            raise CommandError(f"{data}: none of its rows is a valid event for schema {schema.name}")
        yield from found


def run(stage: Stage, events: list[bytes]) -> Outcome:
    """Publish a burst, account for all of it, then measure latency with one event at a time."""
    from loadtest.deployment import Deployment
    from loadtest.probe import probe, summarise
    from loadtest.traffic import disturb
    from producer.kinesis import connect
    from producer.publisher import Publisher

    deployment = Deployment(
        dynamodb=stage.client("dynamodb"),
        cloudwatch=stage.client("cloudwatch"),
        table=stage.table,
        service=stage.stack,
        scores=stage.scores(),
        rejected=stage.rejected(),
    )
    before, known = deployment.totals(), deployment.rejected_events()
    burst, broken = disturb(events, seed=0)
    with Publisher(connect(), stage.stream) as publisher:
        started = time.perf_counter()
        publish_burst(publisher, burst)
        with progress_bar("scoring") as bar:
            deployment.wait_until_settled(
                burst,
                broken=broken,
                since=before,
                known_rejections=known,
                patience_seconds=PATIENCE_SECONDS,
                on_progress=bar,
            )
        burst_seconds = time.perf_counter() - started
        note(f"measuring latency with {PROBES} single events")
        probes = [probe(publisher, deployment.scores, event) for event in events[:PROBES]]
    published = [*burst, *(payload for payload, _ in probes)]
    return Outcome(
        account=deployment.wait_until_settled(
            published, broken=broken, since=before, known_rejections=known, patience_seconds=PATIENCE_SECONDS
        ),
        latency=summarise([seconds for _, seconds in probes]),
        metrics=deployment.counted_since(before),
        top=deployment.scores.top(TOP),
        burst_seconds=burst_seconds,
    )


def publish_burst(publisher: Any, payloads: list[bytes]) -> None:
    """Send everything as fast as the stream takes it, broken records too: a foreign producer would."""
    from loadtest.traffic import partition_key_of

    with progress_bar("publishing") as bar:
        for done, payload in enumerate(payloads, 1):
            publisher.send(partition_key_of(payload), payload)
            bar(done, len(payloads))
        refused = publisher.flush()
    if refused:
        raise CommandError(f"the stream refused {len(refused)} events after all retries: {refused[0].reason}")


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


def show(model: TrainedModel, outcome: Outcome, seconds: float) -> None:
    """The summary for people."""
    account, auc, counted = outcome.account, model.manifest.metrics["roc_auc"], outcome.metrics
    show_facts(
        [
            ("model", f"{model.manifest.version} ({model.manifest.chosen})"),
            ("ROC AUC", f"{auc.mean:.4f} ± {auc.std:.4f}, cross-validated"),
            ("published", f"{account.published:,} records"),
            ("  written", f"{account.written:,}"),
            ("  collapsed", f"{account.collapsed:,} (a newer event of the same customer, or a duplicate)"),
            ("  rejected", f"{account.rejected:,} (bytes kept in S3)"),
            ("  missing", f"{account.missing:,}"),
            ("customers not at their newest", f"{account.stale:,}"),
            ("events per second", f"{outcome.events_per_second:,.0f}, from the first put to the last score"),
            ("put → readable", f"p50 {outcome.latency.p50:.0f} ms, p95 {outcome.latency.p95:.0f} ms"),
            (
                "CloudWatch counted",
                f"{counted['EventsReceived']:,.0f} received, {counted['EventsWritten']:,.0f} written, "
                f"{counted['EventsCollapsed']:,.0f} collapsed, {counted['EventsRejected']:,.0f} rejected, "
                f"{counted['EventsRetried']:,.0f} retried",
            ),
            ("took", f"{seconds:.1f} s"),
        ],
        title="Every event accounted for" if outcome.complete else "EVENTS ARE UNACCOUNTED FOR",
    )
    show_predictions(outcome.top, title="\nMost at risk now (contributions in log-odds against the average)")
    someone = outcome.top[0].customer_id if outcome.top else "CUSTOMER"
    note(
        "\nThe stage is still up. Look around:\n"
        f"  .venv/bin/churn scores get {someone} --history 5\n"
        "  .venv/bin/churn scores top --limit 20\n"
        "  .venv/bin/churn rejected list\n"
        "  .venv/bin/churn models list\n"
        "  .venv/bin/churn publish synthetic:1000 --rate 200\n"
        "  .venv/bin/churn local status        (endpoint and names, for the AWS CLI)\n"
        "  .venv/bin/churn local down          (stops it)"
    )
