"""What readers of the table can rely on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from contract.event import Event
from contract.manifest import Bands
from contract.prediction import (
    RISK_SHARDS,
    Prediction,
    Reason,
    event_key,
    event_keys,
    from_item,
    risk_shard,
)
from tests.contract.rows import NOW_MS

GOLDEN = Path(__file__).parent / "golden"

HIGH = Prediction(
    customer_id="7590-VHVEG",
    event_key=event_key(NOW_MS + 123, "0197f0c0"),
    probability=0.812345,
    band="high",
    reasons=(Reason("Contract", 0.7312), Reason("tenure", 0.6001), Reason("TechSupport", -0.25)),
    unseen=("PaymentMethod",),
    model_version="20261120T100000Z-1a2b3c4d",
    event_time="2026-11-20T10:00:00.123Z",
    scored_at="2026-11-20T10:00:00.456Z",
    expires_at=1_797_760_800,
)


def test_a_stored_item_reads_back() -> None:
    """The golden item is the prediction that it was written for."""
    assert from_item(json.loads((GOLDEN / "prediction_item.json").read_bytes())) == HIGH


def test_customers_spread_over_the_index_partitions() -> None:
    """No partition of by_risk gets more than twice its share of 16,000 customers."""
    counts = Counter(risk_shard(f"customer-{number}") for number in range(16_000))
    assert len(counts) == RISK_SHARDS
    assert max(counts.values()) < 2 * 16_000 / RISK_SHARDS


IDENTITIES = st.tuples(
    st.just(0) | st.integers(0, 253_402_300_799_999),
    st.just(0) | st.integers(0, 999),
    st.text(min_size=1, max_size=200),
)


@given(IDENTITIES, IDENTITIES)
def test_key_order_is_event_order(one: tuple[int, int, str], other: tuple[int, int, str]) -> None:
    """Sort keys order as (time, microseconds, id) does, in the UTF-8 byte order DynamoDB compares by."""
    one_key, other_key = (
        event_key(time_ms, event_id, micros=micros).encode("utf-8", "surrogatepass")
        for time_ms, micros, event_id in (one, other)
    )
    assert (one_key < other_key) == (one < other)


@given(st.text(min_size=1, max_size=200))
def test_a_sort_key_fits_dynamodb(event_id: str) -> None:
    """The longest allowed id stays within the 1,024 bytes of a sort key."""
    assert len(event_key(0, event_id, micros=1).encode("utf-8", "surrogatepass")) <= 1024


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC) | ZONES)


@given(st.lists(st.tuples(TIMES | TIMES.map(lambda t: t.replace(microsecond=0)), st.text(max_size=5))))
def test_keys_of_many_events_are_those_of_each(events: list[tuple[datetime, str]]) -> None:
    """With and without a fraction of a second, and in any time zone."""
    found = [
        Event(specversion="1.0", event_id=i, source="/", type="t", customer_id="c", time=time, data=None)
        for time, i in events
    ]
    assert event_keys(found) == [
        event_key(each.time_ms, each.event_id, micros=each.time.microsecond % 1000) for each in found
    ]


def test_bands_include_their_lower_bound() -> None:
    """A probability equal to a bound is in the band that starts there."""
    bands = Bands(medium=0.3, high=0.6)
    assert [bands.name_of(p) for p in (0.0, 0.29999, 0.3, 0.59, 0.6, 1.0)] == [
        "low",
        "low",
        "medium",
        "medium",
        "high",
        "high",
    ]
