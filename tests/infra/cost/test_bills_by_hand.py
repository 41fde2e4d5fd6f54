"""Bills worked out on paper: each comment is the calculation, each number its result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.cost.alternatives import TASKS, alternatives, servers
from infra.cost.bill import Bill, our_bill
from infra.cost.estimate import Crossing, Point, crossings
from infra.cost.load import ON_DEMAND, PROVISIONED
from infra.cost.traffic import traffic
from tests.infra.cost.fixed import DEPLOYMENT, LOAD, MEASURED, PRICES

# 100 events/s × 86,400 s × 730/24 days = 262,800,000 events a month; 730 × 3600 = 2,628,000 seconds.
EVENTS = 262_800_000


def amounts(bill: Bill) -> dict[tuple[str, str], float]:
    found = {(line.service, line.what): line.dollars for line in bill.lines}
    assert len(found) == len(bill.lines)
    return found


def test_a_hundred_events_a_second_through_one_shard() -> None:
    """Peak 300/s: one shard, one lane, one invocation a second with 100 events."""
    flow = traffic(LOAD, DEPLOYMENT, MEASURED)
    assert (flow.shards, flow.lanes) == (1, 1)
    assert flow.batch == pytest.approx(100)
    # Overhead 10,000 − 500 × (5 + 10) − 50 = 2,450 µs. CPU 2,450 + 50 + 100 × 5 + 100 × 10 = 4,000 µs = 4 ms.
    # 4 requests of 25 items, 8 at a time: one round of 10 ms. 14 ms, and half a millisecond of rounding up.
    assert flow.billed_millis == pytest.approx(14.5)
    # At the peak 300/500 invocations a second. CPU 2,450 + 50 + 500 × 15 = 10 ms, 500/200 + ½ = 3 rounds:
    # 40 ms. 0.6 × 0.040 = 2.4 % of the lane's time.
    assert flow.busy == pytest.approx(0.024)
    bill = our_bill(LOAD, DEPLOYMENT, MEASURED, PRICES)
    assert amounts(bill) == pytest.approx(
        {
            ("Kinesis", "shards (1)"): 10.95,  # 730 h × $0.015
            ("Kinesis", "records put"): 3.6792,  # 262.8 M × 1 unit × $0.014
            ("Lambda", "requests"): 0.5256,  # 2.628 M × $0.20
            # 2,628,000 × 14.5 ms = 38,106 s; 365 cold starts (one in two hours) × 100 ms = 36.5 s;
            # × 1769/1024 = 65,892.66 GB-s × $0.0000166667
            ("Lambda", "duration"): 1.098213,
            ("DynamoDB", "writes"): 164.25,  # 262.8 M × $0.625
            ("DynamoDB", "writes to by_risk"): 32.85,  # a fifth of them
            # 8.64 M a day × 30 days × (400 + 100) bytes = 129.6e9 ÷ 2^30 = 120.699 GB, and a fifth in by_risk
            ("DynamoDB", "storage"): 36.20982,  # 120.699 × 1.2 × $0.25
            ("DynamoDB", "recovery (PITR)"): 24.13988,  # 120.699 × $0.20
            ("S3", "champion checks"): 0.01752,  # 43,800 minutes × $0.0004/1000
            ("CloudWatch", "custom metrics"): 6.0,  # 20 × $0.30
            ("CloudWatch", "alarms"): 0.7,  # 7 × $0.10
            ("CloudWatch", "composite alarms"): 0.5,
            ("CloudWatch", "dashboard"): 3.0,
            # (1000 + 100 × 6.5 + 350) = 2,000 bytes × 2.628 M = 5.256e9 ÷ 2^30 = 4.895031 GB × $0.50
            ("CloudWatch", "logs taken in"): 2.447516,
            # × 0.15 compressed × 30 days of 730/24 = 0.724196 GB × $0.03
            ("CloudWatch", "logs kept"): 0.0217259,
            (
                "KMS",
                "requests",
            ): 0.21024,  # 2 services × 4 callers × 12 an hour × 730 h = 70,080 × $0.03/10,000
        },
        rel=1e-5,
    )
    # The right-hand column above, added up on paper.
    assert bill.total == pytest.approx(286.5997, abs=0.001)
    assert bill.per_million == pytest.approx(286.5997 / 262.8, abs=1e-5)


def test_the_same_on_demand_kept_for_a_week() -> None:
    """Each record of 600 bytes is billed as 1 KB when it comes in, and as 600 bytes when it goes out."""
    weekly = replace(DEPLOYMENT, capacity=ON_DEMAND, retention_hours=168)
    found = amounts(our_bill(LOAD, weekly, MEASURED, PRICES))
    assert found["Kinesis", "stream"] == pytest.approx(29.2)  # 730 h × $0.04
    assert found["Kinesis", "data in"] == pytest.approx(20.05005, rel=1e-5)  # 250.6256 GB × $0.08
    assert found["Kinesis", "data out"] == pytest.approx(5.874037, rel=1e-5)  # 146.8509 GB × $0.04
    # 250.6256 GB a month ÷ 730 h × 144 h beyond the first day = 49.43848 GB at any time × $0.10
    assert found["Kinesis", "retention"] == pytest.approx(4.943848, rel=1e-5)


def test_fan_out_and_retention_by_the_shard() -> None:
    """Three shards for 3,000 a second at the peak, each read by one consumer of its own."""
    load = replace(LOAD, events_per_day=LOAD.events_per_day * 10)
    fanned = replace(DEPLOYMENT, enhanced_fan_out=True, retention_hours=192)
    found = amounts(our_bill(load, fanned, MEASURED, PRICES))
    assert found["Kinesis", "shards (3)"] == pytest.approx(32.85)  # 3 × 730 × $0.015
    assert found["Kinesis", "enhanced fan-out"] == pytest.approx(32.85)  # 3 × 730 × $0.015
    assert found["Kinesis", "fan-out data"] == pytest.approx(19.09062, rel=1e-5)  # 1,468.509 GB × $0.013
    assert found["Kinesis", "retention"] == pytest.approx(43.8)  # 3 × 730 × $0.02
    # 1,468.509 GB ÷ 730 × the 24 hours beyond a week = 48.2797 GB × $0.023
    assert found["Kinesis", "longer retention"] == pytest.approx(1.110434, rel=1e-5)


@pytest.mark.parametrize(
    ("events_per_second", "event_bytes", "capacity", "shards"),
    [
        (400, 600, PROVISIONED, 2),  # 1,200 records/s at the peak ÷ 1,000
        (100, 5000, PROVISIONED, 2),  # 300 × 5,000 = 1.5 MB/s ÷ 1 MB/s
        (333, 600, PROVISIONED, 1),  # 999 records/s
        (100, 600, ON_DEMAND, 4),  # as many as a new stream has
        (1000, 600, ON_DEMAND, 6),  # twice what 3,000 records/s need
    ],
)
def test_shards_are_whole_and_enough_for_the_peak(
    events_per_second: float, event_bytes: float, capacity: str, shards: int
) -> None:
    """By records or by bytes, whichever needs more."""
    load = replace(LOAD, events_per_day=events_per_second * 86_400, event_bytes=event_bytes)
    assert traffic(load, replace(DEPLOYMENT, capacity=capacity), MEASURED).shards == shards


def test_reads_and_a_key_of_ones_own() -> None:
    """A read of up to 4 KB is half a unit; the key is a dollar."""
    found = amounts(
        our_bill(replace(LOAD, reads_per_day=1e6), replace(DEPLOYMENT, own_key=True), MEASURED, PRICES)
    )
    assert found["DynamoDB", "reads"] == pytest.approx(1.901042, rel=1e-5)  # 30.41667 M × ½ × $0.125
    assert found["KMS", "own key"] == 1


def test_rejected_events_are_kept_and_not_written() -> None:
    """One in a hundred: 63.4 % of the batches of 100 have one."""
    found = amounts(our_bill(replace(LOAD, rejected_share=0.01), DEPLOYMENT, MEASURED, PRICES))
    # 1 − 0.99^100 = 0.6339677; × 2.628 M × $0.005/1000
    assert found["S3", "rejected batches"] == pytest.approx(8.330335, rel=1e-5)
    assert found["DynamoDB", "writes"] == pytest.approx(162.6075)  # 164.25 × 0.99
    # 86,400 a day × 600 bytes × 4/3 as base64 × 30 days = 2.0736 GB ÷ 1.073741824 × $0.023
    assert found["S3", "rejected kept"] == pytest.approx(0.04441775, rel=1e-5)


def test_a_hundred_customers_are_a_hundred_items_at_most() -> None:
    """100 events at random among 100 customers concern 100 × (1 − 0.99^100) = 63.397 of them."""
    flow = traffic(replace(LOAD, customers=100, collapse_share=None), DEPLOYMENT, MEASURED)
    assert flow.items == pytest.approx(63.39677, rel=1e-6)
    assert flow.collapse_share == pytest.approx(0.3660323, rel=1e-5)


def test_a_slow_stream_invokes_for_nearly_every_event() -> None:
    """One event in ten seconds: in a second none, one or two come, 1 − e^−0.1 = 0.0951626 invocations."""
    slow = replace(LOAD, events_per_day=8640)
    assert traffic(slow, DEPLOYMENT, MEASURED).invocations_per_second == pytest.approx(0.09516258, rel=1e-6)


def test_less_memory_is_less_cpu_and_waits_as_long() -> None:
    """Half a vCPU takes 8 ms for 4 ms of work; DynamoDB's 10 ms stay."""
    half = replace(DEPLOYMENT, memory_megabytes=884)
    # 4 ms × 1769/884 = 8.004525 ms
    assert traffic(LOAD, half, MEASURED).billed_millis == pytest.approx(18.504525, rel=1e-6)


def test_the_others_on_the_same_load() -> None:
    """Two small endpoints are just too few, two small containers are enough."""
    endpoint, gateway, called, reading = alternatives(LOAD, DEPLOYMENT, MEASURED, PRICES)
    table = 164.25 + 32.85 + 36.20982 + 24.13988
    # (4,000 + 1,000) µs × 100/s ÷ 0.6 = 0.8333 vCPU, and two ml.t2.medium give 2 × 0.4: so two ml.c5.large.
    # 2 × 730 × $0.102 = 148.92; 262.8 M × 900 bytes = 220.2764 GB × $0.016 = 3.524422
    assert endpoint.total == pytest.approx(table + 148.92 + 3.524422, rel=1e-6)
    assert gateway.total == pytest.approx(endpoint.total + 919.8)  # 262.8 M × $3.50
    # (1,200 + 250) µs × 100/s ÷ 0.6 = 0.242 vCPU: two tasks of 0.25 vCPU and 0.5 GB.
    # 1,460 h × 0.25 × $0.04048 = 14.7752; 1,460 × 0.5 × $0.004445 = 3.24485; 730 × $0.0225 = 16.425;
    # 100/s × 900 bytes × 3600 = 0.3240e9 ÷ 2^30 = 0.3017485 units × 730 × $0.008 = 1.762211
    assert called.total == pytest.approx(table + 14.7752 + 3.24485 + 16.425 + 1.762211, rel=1e-6)
    assert reading.total == pytest.approx(table + 14.7752 + 3.24485 + 10.95 + 3.6792, rel=1e-6)
    assert called.besides_table == pytest.approx(36.207261, rel=1e-6)


def test_servers_are_the_least_that_two_of_will_do() -> None:
    """200/s × 1,450 µs ÷ 0.6 = 0.483 vCPU: two of 0.25. A thousand times that: 483.3, so 484 of 1 vCPU."""
    twice = replace(LOAD, events_per_day=200 * 86_400)
    assert servers(twice, 1450, TASKS) == (TASKS[0], 2)
    assert servers(replace(twice, events_per_day=200_000 * 86_400), 1450, TASKS) == (TASKS[-1], 484)


def test_curves_cross_where_one_is_clearly_above_the_other() -> None:
    """To 5 %: at 2 the other costs twice as much, at 3 they are alike, at 4 it costs half."""

    def point(load: float, ours: float, theirs: float) -> Point:
        lines = [PRICES.line("x", "y", "kms.key_month", dollars) for dollars in (ours, theirs)]
        return Point(load, tuple(Bill(name, (line,), 1) for name, line in zip("ab", lines, strict=True)))

    points = [
        point(1, 100, 102),
        point(2, 100, 200),
        point(3, 100, 98),
        point(4, 100, 50),
        point(5, 100, 120),
    ]
    assert crossings(points) == [Crossing("b", 4, False), Crossing("b", 5, True)]
    assert crossings(points[:3]) == []


def test_tiers_are_a_staircase() -> None:
    """20 billion GB-seconds: the first 6 at the first price, the next 9 at the second, 5 at the third."""
    # 6e9 × 0.0000166667 = 100,000.20; 9e9 × 0.000015 = 135,000; 5e9 × 0.0000133334 = 66,667
    assert PRICES["lambda.gb_second.x86_64"].cost(20e9) == pytest.approx(301_667.2)
    assert PRICES["lambda.gb_second.x86_64"].cost(0) == 0
