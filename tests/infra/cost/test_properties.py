"""What holds of every bill, whatever the load."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost.alternatives import alternatives
from infra.cost.bill import cheapest_capacity, our_bill
from infra.cost.estimate import estimate
from infra.cost.load import ON_DEMAND, PROVISIONED, Deployment, Load
from infra.cost.measured import published
from infra.cost.price_table import load_prices
from infra.cost.traffic import traffic
from tests.infra.cost.fixed import DEPLOYMENT

PRICES, MEASURED = load_prices("us-east-1"), published()
ROUNDING = 1 + 1e-9
LOADS = st.builds(
    Load,
    events_per_day=st.floats(1, 1e11),
    customers=st.floats(1, 1e10),
    event_bytes=st.floats(50, 200_000),
    peak_factor=st.floats(1, 20),
    high_risk_share=st.floats(0, 1),
    rejected_share=st.floats(0, 1),
    reads_per_day=st.floats(0, 1e10),
    collapse_share=st.none() | st.floats(0, 1),
)
DEPLOYMENTS = st.builds(
    replace,
    st.just(DEPLOYMENT),
    capacity=st.sampled_from([ON_DEMAND, PROVISIONED]),
    retention_hours=st.floats(24, 8760),
    enhanced_fan_out=st.booleans(),
    batch_size=st.integers(1, 10_000),
    window_seconds=st.floats(0, 300),
    parallelization=st.integers(1, 10),
    memory_megabytes=st.integers(128, 10_240),
    architecture=st.sampled_from(["x86_64", "arm64"]),
    prediction_days=st.floats(1, 3650),
    own_key=st.booleans(),
    write_millis=st.floats(0, 1000),
)
few = settings(max_examples=80, deadline=None)


@few
@given(load=LOADS, deployment=DEPLOYMENTS)
def test_every_bill_adds_up(load: Load, deployment: Deployment) -> None:
    """The total is the sum of the lines, per million is the total over the events, nothing is negative."""
    for bill in (
        our_bill(load, deployment, MEASURED, PRICES),
        *alternatives(load, deployment, MEASURED, PRICES),
    ):
        assert bill.total == pytest.approx(sum(line.dollars for line in bill.lines))
        assert bill.per_million * load.events / 1e6 == pytest.approx(bill.total)
        assert sum(bill.by_service().values()) == pytest.approx(bill.total)
        assert bill.total - bill.besides_table == pytest.approx(
            bill.by_service().get("DynamoDB", 0), abs=1e-6
        )
        assert all(math.isfinite(line.dollars) and line.dollars >= 0 for line in bill.lines)


@few
@given(load=LOADS, deployment=DEPLOYMENTS, share=st.floats(0, 1), factor=st.floats(1, 1000))
def test_more_events_never_cost_less(load: Load, deployment: Deployment, share: float, factor: float) -> None:
    """As long as the same share of them collapses: a crowd of one customer's events is written once."""
    less = replace(load, collapse_share=share)
    more = replace(less, events_per_day=min(1e12, load.events_per_day * factor))
    few_bills, many_bills = (
        [our_bill(each, deployment, MEASURED, PRICES), *alternatives(each, deployment, MEASURED, PRICES)]
        for each in (less, more)
    )
    for before, after in zip(few_bills, many_bills, strict=True):
        assert after.total * ROUNDING >= before.total


@few
@given(load=LOADS, deployment=DEPLOYMENTS, factor=st.floats(1, 1000), wait=st.floats(0, 300))
def test_batches_are_what_they_are_said_to_be(
    load: Load, deployment: Deployment, factor: float, wait: float
) -> None:
    """No more is written than came, no batch is larger than allowed, every event is in one; more customers
    never collapse more, and longer waiting never invokes more often.
    """
    flow = traffic(load, deployment, MEASURED)
    assert 0 <= flow.items <= flow.batch * ROUNDING
    assert 1 <= flow.batch * ROUNDING <= deployment.batch_size * ROUNDING**2
    assert flow.batch * flow.invocations_per_second == pytest.approx(load.rate)
    crowd = replace(load, customers=min(1e11, load.customers * factor))
    assert traffic(crowd, deployment, MEASURED).writes * ROUNDING >= flow.writes
    patient = replace(deployment, window_seconds=max(wait, deployment.window_seconds))
    assert traffic(load, patient, MEASURED).invocations <= flow.invocations * ROUNDING


@few
@given(load=LOADS, deployment=DEPLOYMENTS)
def test_the_cheapest_capacity_is_not_dearer_than_either(load: Load, deployment: Deployment) -> None:
    """It is one of the two."""
    best = our_bill(load, cheapest_capacity(load, deployment, MEASURED, PRICES), MEASURED, PRICES).total
    both = [
        our_bill(load, replace(deployment, capacity=capacity), MEASURED, PRICES).total
        for capacity in (ON_DEMAND, PROVISIONED)
    ]
    assert best == min(both)


@settings(max_examples=8, deadline=None)
@given(load=LOADS, deployment=DEPLOYMENTS)
def test_every_estimate_is_json_and_its_savings_are_true(load: Load, deployment: Deployment) -> None:
    """Without NaN or infinity; lines add up to totals there too; a saving is part of the bill."""
    document = json.loads(
        json.dumps(estimate(load, deployment, MEASURED, PRICES).document(), allow_nan=False)
    )
    for bill in (document, *document["alternatives"]):
        assert sum(line["dollars"] for line in bill["lines"]) == pytest.approx(bill["total"])
        assert {line["price"] for line in bill["lines"]} <= set(document["prices"])
    assert all(0 < saving["dollars"] < document["total"] for saving in document["savings"])
