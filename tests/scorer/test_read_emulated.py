"""Reading scores from a real table on the embedded AWS, written as the scorer writes them."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import msgspec
import pytest

from contract.event import format_time
from contract.prediction import Prediction, Reason, event_key
from infra.local.client_settings import client_arguments
from infra.local.stage import LocalStage
from scorer.dynamo import BatchWriter
from scorer.errors import StorageError
from scorer.read import RISK_PAGE, PredictionItem, ScoreReader, prediction_table
from scorer.table import PredictionTable
from tests.scorer.batches import FAR_DEADLINE, NOW_MS
from tests.scorer.puts import put_of
from tests.scorer.services import emulated

pytestmark = pytest.mark.emulator

NOW = NOW_MS // 1000
Write = Callable[..., None]


@pytest.fixture
def items(local_aws: LocalStage) -> type[PredictionItem]:
    """An empty table of its own for each test, created from the pynamodb model."""
    items = prediction_table(f"t-{uuid.uuid4().hex}", **client_arguments(local_aws.endpoint_url))
    items.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
    return items


@pytest.fixture
def reader(items: type[PredictionItem]) -> ScoreReader:
    return ScoreReader(items, clock=lambda: NOW)


@pytest.fixture
def write(items: type[PredictionItem], local_aws: LocalStage) -> Write:
    """Writes predictions by the scorer's own path."""
    table = PredictionTable(BatchWriter(emulated(local_aws, "dynamodb"), items.Meta.table_name))

    def put(*predictions: Prediction) -> None:
        assert table.put([put_of(each) for each in predictions], deadline=FAR_DEADLINE) == []

    return put


def scored(customer: str, probability: float, *, minute: int = 0, expires_in: int = 60) -> Prediction:
    time_ms = NOW_MS + minute * 60_000
    return Prediction(
        customer_id=customer,
        event_key=event_key(time_ms, f"e-{minute}"),
        probability=probability,
        band="high" if probability >= 0.6 else "low",
        reasons=(Reason("tenure", -0.25), Reason("contract", 1.5)),
        unseen=("contract",),
        model_version="v1",
        event_time=format_time(time_ms),
        scored_at=format_time(NOW_MS),
        expires_at=NOW + expires_in,
    )


def test_the_latest_is_that_of_the_newest_event_whatever_was_written_last(
    reader: ScoreReader, write: Write
) -> None:
    """A late event never hides a newer one, and all attributes come back as written."""
    newest = scored("a", 0.7, minute=5)
    write(newest)
    write(scored("a", 0.2, minute=3))
    assert reader.latest("a") == newest
    assert reader.latest("nobody") is None


def test_history_is_newest_first_and_as_long_as_asked(reader: ScoreReader, write: Write) -> None:
    """Limits below, at and above what is there."""
    predictions = [scored("a", 0.1, minute=minute) for minute in range(120)]
    write(*predictions)
    assert reader.history("a", 3) == predictions[:-4:-1]
    assert reader.history("a", 1000) == predictions[::-1]
    assert reader.history("a", 0) == []


def test_expired_items_are_not_shown_although_they_are_still_there(reader: ScoreReader, write: Write) -> None:
    """DynamoDB deletes late, up to days after an item's time."""
    valid = scored("b", 0.8, minute=1)
    write(scored("a", 0.9, expires_in=0), scored("b", 0.9, expires_in=0), valid)
    assert reader.latest("a") is None
    assert reader.history("a", 5) == []
    assert reader.history("b", 5) == [valid]
    assert reader.top(5) == [valid]


def test_top_lists_each_customer_once_by_the_latest_score_only(reader: ScoreReader, write: Write) -> None:
    """An older high score does not count, neither above a newer high one nor above a newer low one."""
    calmer = scored("calmer", 0.65, minute=1)
    write(scored("calmer", 0.99), calmer)
    write(scored("cured", 0.98), scored("cured", 0.1, minute=1))
    steady = scored("steady", 0.8)
    write(steady, scored("low", 0.2))
    assert reader.top(10) == [steady, calmer]
    assert reader.top(1) == [steady]
    assert reader.top(0) == []


def test_top_is_right_over_all_shards_and_pages(reader: ScoreReader, write: Write) -> None:
    """More customers than a page of every shard holds, read in order of probability."""
    predictions = [scored(f"c{n}", round(0.6 + n / 10_000, 6)) for n in range(RISK_PAGE * 20)]
    write(*predictions)
    assert reader.top(60) == predictions[: -60 - 1 : -1]


def test_pynamodb_and_the_scorer_write_the_same_item(
    items: type[PredictionItem], reader: ScoreReader, write: Write
) -> None:
    """Saved by the model, it is read the same; written again by the scorer, it is the same item."""
    prediction = scored("a", 0.7)
    items.from_prediction(prediction).save()
    assert reader.top(1) == [prediction]
    changed = msgspec.structs.replace(prediction, model_version="v2")
    write(changed)
    assert reader.history("a", 5) == [changed]


def test_a_missing_table_is_one_line(local_aws: LocalStage) -> None:
    """The code DynamoDB gave is in it."""
    reader = ScoreReader(prediction_table("nowhere", **client_arguments(local_aws.endpoint_url)))
    with pytest.raises(StorageError, match="ResourceNotFoundException"):
        reader.latest("a")
