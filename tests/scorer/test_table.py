"""Writing predictions: success is read from the answer, and what was not written is returned."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from contract.prediction import Item, Prediction, Reason, event_key, to_item
from scorer.dynamo import BatchWriter
from scorer.table import MAX_ATTEMPTS, MAX_BACKOFF_SECONDS, PredictionTable
from tests.scorer.batches import FAR_DEADLINE, NOW_MS
from tests.scorer.fakes import MAX_ITEMS, FakeDynamo, client_error


def prediction(number: int, *, probability: float = 0.5, event_id: str = "e") -> Prediction:
    return Prediction(
        customer_id=f"c{number}",
        event_key=event_key(NOW_MS, event_id),
        probability=probability,
        band="medium",
        reasons=(Reason("tenure", 0.1),),
        unseen=(),
        model_version="v1",
        event_time="",
        scored_at="",
        expires_at=0,
    )


class Clock:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def table_over(dynamo: FakeDynamo, clock: Clock, jitter: float = 1.0) -> PredictionTable:
    return PredictionTable(
        BatchWriter(dynamo, dynamo.table),
        monotonic=lambda: clock.now,
        sleep=clock.sleep,
        jitter=lambda: jitter,
    )


@pytest.mark.parametrize("count", [0, 1, 25, 26, 333])
def test_any_number_is_written_in_requests_of_at_most_25(count: int) -> None:
    """Requests are as few as the limit allows."""
    dynamo = FakeDynamo("t")
    predictions = [prediction(n) for n in range(count)]
    assert table_over(dynamo, Clock()).put(predictions, deadline=FAR_DEADLINE) == []
    assert len(dynamo.items) == count
    assert len(dynamo.request_sizes) == -(-count // MAX_ITEMS)


def test_of_two_predictions_with_one_key_the_last_is_written() -> None:
    """DynamoDB refuses a request that repeats a key, so none ever does."""
    dynamo = FakeDynamo("t")
    twice = [prediction(1, probability=0.1), prediction(2), prediction(1, probability=0.9)]
    assert table_over(dynamo, Clock()).put(twice, deadline=FAR_DEADLINE) == []
    assert dynamo.items["c1", twice[0].event_key]["probability"] == {"N": "0.900000"}


def test_only_unprocessed_items_are_sent_again() -> None:
    """25, then the 10 left, then the 5 of those."""
    dynamo = FakeDynamo("t", lambda number: [10, 5, 0][number])
    assert table_over(dynamo, Clock()).put([prediction(n) for n in range(25)], deadline=FAR_DEADLINE) == []
    assert dynamo.request_sizes == [25, 10, 5]
    assert len(dynamo.items) == 25


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("ProvisionedThroughputExceededException"),
        client_error("InternalServerError", 500),
        client_error("RequestTimeout"),
        client_error("TooMany", 429),
        client_error("SomethingNew", 503),
        EndpointConnectionError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
    ],
)
def test_what_may_heal_is_tried_again(error: Exception) -> None:
    """Throttling, 5xx and lost connections: the whole request goes again."""
    dynamo = FakeDynamo("t", lambda number: error if number < 2 else 0)
    assert table_over(dynamo, Clock()).put([prediction(1)], deadline=FAR_DEADLINE) == []
    assert dynamo.request_sizes == [1, 1, 1]


def test_the_remainder_is_returned_after_bounded_attempts() -> None:
    """One request stays throttled, the other succeeds: exactly the first one's predictions come back."""
    dynamo = FakeDynamo("t")
    dynamo.throttled_customers.add("c0")
    predictions = [prediction(n) for n in range(30)]
    left = table_over(dynamo, Clock()).put(predictions, deadline=FAR_DEADLINE)
    assert left == predictions[:25]
    assert Counter(dynamo.request_sizes) == {25: MAX_ATTEMPTS, 5: 1}


def test_backoff_doubles_up_to_a_bound_and_is_jittered() -> None:
    """Full jitter: each pause is a random share of a doubling, bounded window."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ThrottlingException"))
    table_over(dynamo, clock).put([prediction(1)], deadline=FAR_DEADLINE)
    assert clock.pauses == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, MAX_BACKOFF_SECONDS])
    halved = Clock()
    table_over(dynamo, halved, jitter=0.5).put([prediction(1)], deadline=FAR_DEADLINE)
    assert halved.pauses == pytest.approx([pause / 2 for pause in clock.pauses])


def test_nothing_is_sent_past_the_deadline() -> None:
    """The invocation's time is never overrun: what is left is returned in time."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ThrottlingException"))
    left = table_over(dynamo, clock).put([prediction(1)], deadline=clock.now + 0.5)
    assert left == [prediction(1)]
    assert clock.now < 100.5
    assert len(dynamo.request_sizes) == 4  # at 0, .05, .15 and .35 seconds
    assert table_over(dynamo, clock).put([prediction(1)], deadline=clock.now) == [prediction(1)]
    assert len(dynamo.request_sizes) == 4


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("ValidationException"), ClientError),
        (client_error("ResourceNotFoundException"), ClientError),
        (NoCredentialsError(), NoCredentialsError),
    ],
)
@pytest.mark.parametrize("count", [1, 60])
def test_what_never_heals_is_raised_once_all_requests_have_ended(
    error: Exception, kind: type[Exception], count: int
) -> None:
    """No retry, and no write left in flight when the handler returns."""
    dynamo = FakeDynamo("t", lambda number: error if number == 0 else 0)
    with pytest.raises(kind):
        table_over(dynamo, Clock()).put([prediction(n) for n in range(count)], deadline=FAR_DEADLINE)
    assert len(dynamo.request_sizes) == -(-count // MAX_ITEMS)


def test_no_write_is_in_flight_when_an_error_is_raised() -> None:
    """Lambda freezes the sandbox when the handler returns, and would freeze such a write half way."""
    ended: list[int] = []

    def write(items: Sequence[Item]) -> list[Item]:
        if items[0]["customer_id"]["S"] == "c0":
            raise client_error("AccessDeniedException")
        time.sleep(0.05)
        ended.append(len(items))
        return []

    predictions = [prediction(n) for n in range(MAX_ITEMS * 4)]
    with pytest.raises(ClientError):
        PredictionTable(write).put(predictions, deadline=FAR_DEADLINE)
    assert ended == [MAX_ITEMS] * 3


def test_the_fake_refuses_what_dynamodb_refuses() -> None:
    """26 items, a repeated key, a NaN or another table are refused, so the tests above mean something."""
    write = BatchWriter(FakeDynamo("t"), "t")
    bad: list[Callable[[], object]] = [
        lambda: write([to_item(prediction(n)) for n in range(26)]),
        lambda: write([to_item(prediction(1)), to_item(prediction(1))]),
        lambda: write([to_item(prediction(1, probability=float("nan")))]),
        lambda: write([]),
        lambda: BatchWriter(FakeDynamo("t"), "u")([to_item(prediction(1))]),
    ]
    for call in bad:
        with pytest.raises(ClientError):
            call()


@pytest.mark.parametrize(
    "answer", [{}, {"UnprocessedItems": None}, {"ResponseMetadata": {"HTTPStatusCode": 200}}]
)
def test_an_answer_cut_short_counts_as_nothing_written(answer: dict[str, Any]) -> None:
    """botocore reads a truncated body as an answer without members; that is no proof of a write."""

    class CutShort(FakeDynamo):
        def batch_write_item(self, **request: Any) -> dict[str, Any]:
            complete = super().batch_write_item(**request)
            return answer if len(self.request_sizes) == 1 else complete

    dynamo = CutShort("t")
    assert table_over(dynamo, Clock()).put([prediction(1)], deadline=FAR_DEADLINE) == []
    assert dynamo.request_sizes == [1, 1]
