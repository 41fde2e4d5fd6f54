"""`churn cost`: what a load costs a month on AWS, and what it would cost the two usual ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CommandError
from cli.files import require_file
from cli.output import emit_json, note
from cli.stage import JsonOption

if TYPE_CHECKING:
    from infra.cost.estimate import Estimate
    from infra.cost.load import Deployment, Load
    from infra.cost.measured import Measured
    from infra.cost.price_table import PriceTable

CAPACITIES = ("on-demand", "provisioned", "cheapest")

Events = Annotated[float, typer.Option("--events-per-day", help="Events a day, on average; 1e6 will do.")]
Customers = Annotated[float, typer.Option(help="Customers whom the events are about.")]
EventBytes = Annotated[float, typer.Option(help="Size of an event as JSON.")]
Peak = Annotated[float, typer.Option("--peak-factor", help="The busiest minute ÷ the average: sizes shards.")]
Region = Annotated[str, typer.Option(help="Whose prices.")]
Stage = Annotated[str, typer.Option(help="Whose parameters, where no option says otherwise: prod or dev.")]
Capacity = Annotated[
    str | None,
    typer.Option(help="How Kinesis is paid: on-demand, provisioned or cheapest; default the stage's."),
]
Batch = Annotated[int | None, typer.Option("--batch-size", help="Events an invocation takes at most.")]
Window = Annotated[
    float | None, typer.Option("--window", help="Seconds that Lambda waits for a batch to fill.")
]
Lanes = Annotated[
    int | None, typer.Option("--parallelization", help="Batches of one shard at a time, 1 to 10.")
]
Memory = Annotated[int | None, typer.Option("--memory", help="Of the function, in MB; 1769 is one vCPU.")]
Retention = Annotated[
    float | None, typer.Option("--retention-hours", help="How long the stream keeps events.")
]
FanOut = Annotated[bool | None, typer.Option("--fan-out/--no-fan-out", help="Enhanced fan-out.")]
Days = Annotated[
    float | None, typer.Option("--prediction-days", help="How long the table keeps predictions.")
]
OwnKey = Annotated[bool, typer.Option("--own-key", help="A KMS key of your own.")]
Risky = Annotated[float, typer.Option("--high-risk-share", help="Of the scores, which are indexed as well.")]
Rejected = Annotated[float, typer.Option("--rejected-share", help="Of the events, which S3 keeps.")]
Collapse = Annotated[
    float | None,
    typer.Option(
        "--collapse-share",
        help="Of the events, replaced by a newer one of the same customer and batch; derived where not given.",
    ),
]
Reads = Annotated[float, typer.Option("--reads-per-day", help="Scores looked up in the table.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="A PNG to write: cost by events per day, for all.")]


def cost(
    events_per_day: Events,
    customers: Customers,
    event_bytes: EventBytes = 600,
    peak_factor: Peak = 3,
    region: Region = "us-east-1",
    stage: Stage = "prod",
    capacity: Capacity = None,
    batch_size: Batch = None,
    window: Window = None,
    parallelization: Lanes = None,
    memory: Memory = None,
    retention_hours: Retention = None,
    fan_out: FanOut = None,
    prediction_days: Days = None,
    own_key: OwnKey = False,
    high_risk_share: Risky = 0.2,
    rejected_share: Rejected = 0.001,
    collapse_share: Collapse = None,
    reads_per_day: Reads = 0,
    as_json: JsonOption = False,
    plot: Plot = None,
) -> None:
    """Work out the monthly bill of a load, line by line, with what drives it and what would save.

    Compared with a SageMaker endpoint and an always-on container that answer one call for each event and
    write to the same table. Nothing is asked of AWS: prices are those of a data file, each with its source
    and date, and the function's time follows from the CPU that `make bench` measured (build/bench.json where
    there is one). What is assumed is in docs/cost.md.
    """
    from infra.cost.load import Load
    from infra.errors import CostError

    if plot is not None:
        require_file("--plot", plot)
    changes = {
        "batch_size": batch_size,
        "window_seconds": window,
        "parallelization": parallelization,
        "memory_megabytes": memory,
        "retention_hours": retention_hours,
        "enhanced_fan_out": fan_out,
        "prediction_days": prediction_days,
        "own_key": own_key,
    }
    try:
        load = Load(
            events_per_day=events_per_day,
            customers=customers,
            event_bytes=event_bytes,
            peak_factor=peak_factor,
            high_risk_share=high_risk_share,
            rejected_share=rejected_share,
            reads_per_day=reads_per_day,
            collapse_share=collapse_share,
        )
        found = _estimate(load, region, stage, capacity, changes)
    except CostError as error:
        raise CommandError(str(error), WRONG_USAGE) from error
    _report(found, as_json=as_json, plot=plot)


def _estimate(load: Load, region: str, stage: str, capacity: str | None, changes: dict[str, Any]) -> Estimate:
    from infra.cost.estimate import estimate
    from infra.cost.measured import measured
    from infra.cost.price_table import load_prices
    from infra.cost.template import deployment
    from infra.paths import BUILD
    from scorer.metrics import METRIC_UNITS

    prices, figures = load_prices(region), measured(BUILD / "bench.json")
    base = deployment(stage, own_metrics=len(METRIC_UNITS))
    given = {name: value for name, value in changes.items() if value is not None}
    chosen = _with_capacity(capacity, load, replace(base, **given), figures, prices)
    return estimate(load, chosen, figures, prices)


def _with_capacity(
    capacity: str | None, load: Load, base: Deployment, figures: Measured, prices: PriceTable
) -> Deployment:
    from infra.cost.bill import cheapest_capacity

    if capacity is None:
        return base
    if capacity not in CAPACITIES:
        raise CommandError(f"--capacity {capacity}: expected {', '.join(CAPACITIES)}", WRONG_USAGE)
    if capacity == "cheapest":
        return cheapest_capacity(load, base, figures, prices)
    return replace(base, capacity=capacity.upper().replace("-", "_"))


def _report(found: Estimate, *, as_json: bool, plot: Path | None) -> None:
    from cli.cost_show import doubts, show_estimate

    if plot is not None:
        from cli.cost_plot import draw
        from infra.cost.estimate import curve

        points = curve(found.load, found.deployment, found.measured, found.prices)
        plot.write_bytes(draw(points, found.load.events_per_day))
        note(f"plot: {plot}")
    if as_json:
        emit_json(found.document())
    else:
        show_estimate(found)
    for line in doubts(found):
        note(line)
