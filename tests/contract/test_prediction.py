"""What readers of the table can rely on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contract.manifest import Bands
from contract.prediction import (
    RISK_SHARDS,
    Prediction,
    Reason,
    event_key,
    from_item,
    risk_shard,
    to_item,
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


def test_the_item_is_pinned() -> None:
    """The stored item is the golden one, and reads back as the same prediction."""
    golden = json.loads((GOLDEN / "prediction_item.json").read_bytes())
    assert to_item(HIGH) == golden
    assert from_item(golden) == HIGH


def test_only_high_risk_items_are_in_the_sparse_index() -> None:
    """Without `risk_shard` DynamoDB keeps an item out of by_risk."""
    assert "risk_shard" in to_item(HIGH)
    assert "risk_shard" not in to_item(msgspec.structs.replace(HIGH, band="medium"))


def test_customers_spread_over_the_index_partitions() -> None:
    """No partition of by_risk gets more than twice its share of 16,000 customers."""
    counts = Counter(risk_shard(f"customer-{number}") for number in range(16_000))
    assert len(counts) == RISK_SHARDS
    assert max(counts.values()) < 2 * 16_000 / RISK_SHARDS


@given(
    st.tuples(st.integers(0, 253_402_300_799_999), st.text(min_size=1, max_size=200)),
    st.tuples(st.integers(0, 253_402_300_799_999), st.text(min_size=1, max_size=200)),
)
def test_key_order_is_event_order(one: tuple[int, str], other: tuple[int, str]) -> None:
    """Sort keys order as (time, id) does, in the UTF-8 byte order DynamoDB compares by."""
    one_key, other_key = (event_key(*pair).encode("utf-8", "surrogatepass") for pair in (one, other))
    assert (one_key < other_key) == (one < other)


@given(st.text(min_size=1, max_size=200))
def test_a_sort_key_fits_dynamodb(event_id: str) -> None:
    """The longest allowed id stays within the 1,024 bytes of a sort key."""
    assert len(event_key(0, event_id).encode("utf-8", "surrogatepass")) <= 1024


@given(st.floats(0, 1), st.floats(-50, 50))
def test_stored_numbers_keep_their_decimals(probability: float, contribution: float) -> None:
    """What is read back differs from what was written by rounding only."""
    prediction = msgspec.structs.replace(
        HIGH, probability=probability, reasons=(Reason("tenure", contribution),)
    )
    stored = from_item(to_item(prediction))
    assert abs(stored.probability - probability) <= 5.1e-7
    assert abs(stored.reasons[0].contribution - contribution) <= 5.1e-5


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
