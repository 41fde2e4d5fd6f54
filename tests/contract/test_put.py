"""What the scorer writes is, item for item, what readers of the table rely on."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from contract.prediction import Prediction, Reason, event_key, risk_shard
from contract.put import PutWriter, Scores, number_texts
from tests.contract.test_prediction import GOLDEN, HIGH
from tests.scorer.puts import item_of, predictions_of, put_of

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
KEYS = st.builds(event_key, st.integers(0, 253_402_300_799_999), TEXT, micros=st.integers(0, 999))


def test_the_item_is_pinned() -> None:
    """The request holds the golden item."""
    assert item_of(put_of(HIGH)) == json.loads((GOLDEN / "prediction_item.json").read_bytes())


def test_only_high_risk_items_are_in_the_sparse_index() -> None:
    """Without `risk_shard` DynamoDB keeps an item out of by_risk."""
    assert item_of(put_of(HIGH))["risk_shard"] == {"S": risk_shard(HIGH.customer_id)}
    assert "risk_shard" not in item_of(put_of(msgspec.structs.replace(HIGH, band="medium")))


PREDICTIONS = st.builds(
    Prediction,
    customer_id=TEXT,
    event_key=KEYS,
    probability=st.integers(0, 10**6).map(lambda n: n / 10**6),
    band=st.sampled_from(["low", "high"]),
    reasons=st.lists(
        st.builds(Reason, TEXT, st.integers(-(10**6), 10**6).map(lambda n: n / 10**4)), max_size=4
    ).map(tuple),
    unseen=st.lists(TEXT, max_size=2).map(tuple),
    model_version=TEXT,
    event_time=st.just(""),
    scored_at=st.just("2026-11-20T10:00:00.456Z"),
    expires_at=st.integers(0, 10**10),
)


@given(PREDICTIONS)
@example(msgspec.structs.replace(HIGH, model_version="100 %s", customer_id="5%d", unseen=("%%", '"')))
def test_whatever_is_written_reads_back(prediction: Prediction) -> None:
    """Quotes, percent signs, control characters and emoji in names and ids; any number of reasons."""
    expected = msgspec.structs.replace(prediction, event_time=prediction.event_key[:24])
    put = put_of(prediction)
    assert predictions_of([put]) == [expected]
    assert (put.customer_id, put.event_key) == (prediction.customer_id, prediction.event_key)


def test_each_row_gets_its_own_values() -> None:
    """Columns of many rows do not slip against each other."""
    count = 50
    scores = Scores(
        probabilities=[row / 100 for row in range(count)],
        bands=["high" if row % 3 == 0 else "low" for row in range(count)],
        features=[[row % 2 for row in range(count)], [1 - row % 2 for row in range(count)]],
        contributions=[[row / 10 for row in range(count)], [-row / 10 for row in range(count)]],
        unseen={7: ("a", "b"), 9: ("b",)},
    )
    puts = PutWriter("v1", ["a", "b"])(
        scores,
        customer_ids=[f"c{row}" for row in range(count)],
        event_keys=[event_key(row, "id") for row in range(count)],
        scored_at="now",
        expires_at=range(count),
    )
    for row, found in enumerate(predictions_of(puts)):
        assert (found.customer_id, found.event_key) == (f"c{row}", event_key(row, "id"))
        assert found.expires_at == row
        assert (found.probability, found.band) == (row / 100, scores.bands[row])
        names = ("a", "b") if row % 2 == 0 else ("b", "a")
        assert found.reasons == (Reason(names[0], row / 10), Reason(names[1], -row / 10))
        assert found.unseen == scores.unseen.get(row, ())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e-6, 1e16, -0.1])))
def test_numbers_are_written_as_themselves(values: list[float]) -> None:
    """One text for each, of the same value, within DynamoDB's 38 digits."""
    texts = number_texts(values)
    assert [float(text) for text in texts] == values
    assert all(len(Decimal(text).as_tuple().digits) <= 38 for text in texts)
