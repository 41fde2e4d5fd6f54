"""`churn cost`: what a load costs a month on AWS, and what it would cost the two usual ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import cost_options as opt
from cli.errors import WRONG_USAGE, CommandError
from cli.files import require_file
from cli.output import emit_json, note
from cli.stage import JsonOption

if TYPE_CHECKING:
    from infra.cost.estimate import Estimate
    from infra.cost.load import Deployment, Load
    from infra.cost.measured import Measured
    from infra.cost.price_table import PriceTable


def cost(
    events_per_day: opt.Events,
    customers: opt.Customers,
    event_bytes: opt.EventBytes = 600,
    peak_factor: opt.Peak = 3,
    region: opt.Region = "us-east-1",
    stage: opt.Stage = "prod",
    capacity: opt.Capacity = None,
    batch_size: opt.Batch = None,
    window: opt.Window = None,
    parallelization: opt.Lanes = None,
    memory: opt.Memory = None,
    retention_hours: opt.Retention = None,
    fan_out: opt.FanOut = None,
    prediction_days: opt.Days = None,
    own_key: opt.OwnKey = False,
    write_millis: opt.WriteMillis = None,
    high_risk_share: opt.Risky = 0.2,
    rejected_share: opt.Rejected = 0.001,
    collapse_share: opt.Collapse = None,
    reads_per_day: opt.Reads = 0,
    as_json: JsonOption = False,
    plot: opt.Plot = None,
) -> None:
    """Work out the monthly bill of a load, line by line, with what drives it and what would save.

    Compared with a SageMaker endpoint and with always-on containers that score one event at a time and write
    to the same table. Nothing is asked of AWS: prices are those of a data file, each with its source and
    date, and the function's time follows from the CPU that `make bench` measured (build/bench.json where
    there is one). What is assumed is in docs/cost.md.
    """
    from infra.cost.load import Load
    from infra.errors import CostUsageError

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
        "own_key": own_key or None,  # not given, the stage's stays
        "write_millis": write_millis,
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
    except CostUsageError as error:
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
    if capacity not in opt.CAPACITIES:
        raise CommandError(f"--capacity {capacity}: expected {', '.join(opt.CAPACITIES)}", WRONG_USAGE)
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
