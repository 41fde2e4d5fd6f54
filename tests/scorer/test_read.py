"""The read side agrees with the write side, item for item."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import format_time
from contract.prediction import HIGH_BAND, Prediction, Reason, event_key, from_item, risk_shard
from scorer.errors import StorageError
from scorer.read import PredictionItem, ScoreReader, prediction_table
from tests.scorer.puts import item_of, put_of

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
TIMES = st.integers(0, 4_000_000_000_000)
PREDICTIONS = st.builds(
    Prediction,
    customer_id=TEXT,
    event_key=st.builds(event_key, TIMES, TEXT),
    probability=st.integers(0, 1_000_000).map(lambda n: n / 1_000_000),
    band=st.sampled_from(["low", "medium", HIGH_BAND]),
    reasons=st.lists(
        st.builds(Reason, TEXT, st.integers(-99_999, 99_999).map(lambda n: n / 10_000)), max_size=3
    ).map(tuple),
    unseen=st.lists(TEXT, max_size=3).map(tuple),
    model_version=TEXT,
    event_time=TIMES.map(format_time),
    scored_at=TIMES.map(format_time),
    expires_at=st.integers(0, 4_000_000_000),
)


def at_its_keys_time(prediction: Prediction) -> Prediction:
    return msgspec.structs.replace(prediction, event_time=prediction.event_key.partition("#")[0])


@given(PREDICTIONS)
def test_what_the_scorer_writes_the_reader_reads(prediction: Prediction) -> None:
    """What the writer wrote is, through pynamodb, the same prediction, with the time of its key."""
    prediction = at_its_keys_time(prediction)
    item = PredictionItem()
    item.from_dynamodb_dict({name: dict(value) for name, value in item_of(put_of(prediction)).items()})
    assert item.to_prediction() == prediction
    expected = risk_shard(prediction.customer_id) if prediction.band == HIGH_BAND else None
    assert item.risk_shard == expected


@given(PREDICTIONS)
def test_what_pynamodb_writes_the_contract_reads(prediction: Prediction) -> None:
    """And the other way: the same attributes, of the same types."""
    prediction = at_its_keys_time(prediction)
    written = PredictionItem.from_prediction(prediction).to_dynamodb_dict()
    assert from_item(written) == prediction
    assert {name: set(value) for name, value in written.items()} == {
        name: set(value) for name, value in item_of(put_of(prediction)).items()
    }


def test_a_table_that_is_not_there_is_one_line() -> None:
    """No stage up: the error names the cause and what to check, without a traceback of the client."""
    items = prediction_table(
        "nowhere",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    items.Meta.max_retry_attempts = 0
    reader = ScoreReader(items)
    with pytest.raises(StorageError, match=r"cannot be read .*is the stage up\?"):
        reader.latest("7590")
    with pytest.raises(StorageError, match="cannot be read"):
        reader.top(1)
