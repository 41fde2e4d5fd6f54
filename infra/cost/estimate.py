"""A load's bill with all that is said of it: what drives it, what would save, what others would cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from infra.cost.alternatives import alternatives
from infra.cost.bill import Bill, our_bill, unverified
from infra.cost.load import ON_DEMAND, PROVISIONED, Deployment, Load
from infra.cost.measured import Measured
from infra.cost.price_table import PriceTable
from infra.cost.traffic import Traffic, traffic

WORTH_SAYING = 0.01  # of the bill: what saves less is not mentioned
ALIKE = 0.05  # bills that differ by less are the same, for all that a model knows
LONGER_WINDOW_SECONDS = 10.0
POINTS_PER_DECADE = 10
LEAST_PER_DAY, MOST_PER_DAY = 1e3, 1e11  # of the curve: from a trickle to more than 1,000,000 a second


@dataclass(frozen=True, slots=True)
class Saving:
    """One parameter changed, by itself, and the dollars a month that it saves."""

    change: str
    dollars: float


@dataclass(frozen=True, slots=True)
class Point:
    """The bills at one load, ours first."""

    events_per_day: float
    bills: tuple[Bill, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """From about this load on this system costs less than the other, or (`cheaper` False) more."""

    other: str
    events_per_day: float
    cheaper: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """Everything about one load. The bills are for the same load and month, in dollars."""

    load: Load
    deployment: Deployment
    measured: Measured
    prices: PriceTable
    flow: Traffic
    bill: Bill
    others: tuple[Bill, ...]
    savings: tuple[Saving, ...]
    crossings: tuple[Crossing, ...]

    @property
    def unverified(self) -> list[str]:
        """Prices used here that nobody found in AWS's own words."""
        return unverified([self.bill, *self.others])

    def document(self) -> dict[str, Any]:
        """As JSON: numbers are not rounded, so that lines add up to totals."""
        used = {line.price.key: line.price for bill in (self.bill, *self.others) for line in bill.lines}
        derived = ("invocations", "writes", "collapse_share", "concurrency_at_peak")
        flow = {name: getattr(self.flow, name) for name in derived}
        return {
            "region": self.prices.region,
            "prices_as_of": self.prices.as_of,
            "load": asdict(self.load),
            "deployment": asdict(self.deployment),
            "traffic": asdict(self.flow) | flow,
            "measured": asdict(self.measured),
            **_bill_document(self.bill),
            "services": self.bill.by_service(),
            "savings": [asdict(saving) for saving in self.savings],
            "alternatives": [_bill_document(bill) for bill in self.others],
            "crossings": [asdict(crossing) for crossing in self.crossings],
            "unverified": self.unverified,
            "prices": {
                key: {"source": price.source, "as_of": price.as_of, "verified": price.verified}
                for key, price in sorted(used.items())
            },
        }


def estimate(load: Load, deployment: Deployment, measured: Measured, prices: PriceTable) -> Estimate:
    """Work it all out."""
    others = alternatives(load, deployment, measured, prices)
    return Estimate(
        load=load,
        deployment=deployment,
        measured=measured,
        prices=prices,
        flow=traffic(load, deployment, measured),
        bill=our_bill(load, deployment, measured, prices),
        others=tuple(others),
        savings=tuple(savings(load, deployment, lambda each: our_bill(load, each, measured, prices))),
        crossings=tuple(crossings(curve(load, deployment, measured, prices))),
    )


def savings(load: Load, deployment: Deployment, bill: Callable[[Deployment], Bill]) -> list[Saving]:
    """Single changes of the deployment that save at least WORTH_SAYING of the bill, the most first."""
    before = bill(deployment).total
    other = PROVISIONED if deployment.capacity == ON_DEMAND else ON_DEMAND
    changes: list[tuple[str, Deployment]] = [
        (f"capacityMode {other}", replace(deployment, capacity=other)),
        ("retentionHours 24", replace(deployment, retention_hours=24)),
        ("enhancedFanOut false", replace(deployment, enhanced_fan_out=False)),
        ("parallelization 1", replace(deployment, parallelization=1)),
        ("predictionDays 7", replace(deployment, prediction_days=min(7, deployment.prediction_days))),
    ]
    if load.collapse_share is None:
        longer = max(LONGER_WINDOW_SECONDS, deployment.window_seconds)
        more = max(1000, deployment.batch_size)
        changes += [
            (f"windowSeconds {longer:g}", replace(deployment, window_seconds=longer)),
            (f"batchSize {more}", replace(deployment, batch_size=more)),
        ]
    found = [Saving(change, before - bill(changed).total) for change, changed in changes]
    worth_it = [saving for saving in found if saving.dollars >= WORTH_SAYING * before]
    return sorted(worth_it, key=lambda each: -each.dollars)


def curve(load: Load, deployment: Deployment, measured: Measured, prices: PriceTable) -> list[Point]:
    """All bills from LEAST_PER_DAY to MOST_PER_DAY, with as many events per customer as in this load."""
    points = []
    per_customer = load.events_per_day / load.customers
    exponent = 0
    while (per_day := LEAST_PER_DAY * 10 ** (exponent / POINTS_PER_DECADE)) <= MOST_PER_DAY * 1.001:
        customers = min(max(1.0, per_day / per_customer), MOST_PER_DAY)
        there = replace(load, events_per_day=per_day, customers=customers)
        ours = our_bill(there, deployment, measured, prices)
        others = alternatives(there, deployment, measured, prices)
        points.append(Point(per_day, (ours, *others)))
        exponent += 1
    return points


def crossings(points: Sequence[Point]) -> list[Crossing]:
    """Where ours and another's curve cross, to the nearest point of the curve.

    Curves that run within ALIKE of each other, as whole servers come and go, do not count as crossing.
    """
    found = []
    for place, other in enumerate(points[0].bills[1:], start=1):
        was: bool | None = None
        for point in points:
            ratio = point.bills[0].total / point.bills[place].total
            if abs(ratio - 1) <= ALIKE:
                continue
            if was is not None and was != (ratio < 1):
                found.append(Crossing(other.name, point.events_per_day, ratio < 1))
            was = ratio < 1
    return found


def _bill_document(bill: Bill) -> dict[str, Any]:
    return {
        "name": bill.name,
        "lines": [line.document() for line in bill.lines],
        "total": bill.total,
        "besides_dynamodb": bill.besides_table,
        "per_million_events": bill.per_million,
    }
