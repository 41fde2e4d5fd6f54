"""Writing puts: success is read from the answer, and what was not written is returned."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from contract.prediction import Prediction, Put, Reason, event_key
from scorer.backoff import MAX_ATTEMPTS, MAX_BACKOFF_SECONDS, Patience
from scorer.errors import CredentialsError, RefusedWriteError, ScorerError, TemporaryWriteError
from scorer.table import NO_TIME, UNPROCESSED, WRITES_IN_FLIGHT, PredictionTable
from tests.scorer.batches import FAR_DEADLINE, NOW_MS
from tests.scorer.fake_dynamo import MAX_ITEMS, FakeDynamo
from tests.scorer.fakes import client_error
from tests.scorer.puts import put_of


def put(number: int, *, probability: float = 0.5, event_id: str = "e", customer: str = "") -> Put:
    prediction = Prediction(
        customer_id=customer or f"c{number}",
        event_key=event_key(NOW_MS, event_id),
        probability=probability,
        band="medium",
        reasons=(Reason("tenure", 0.1),),
        unseen=(),
        model_version="v1",
        event_time="2026-11-20T10:00:00.000Z",
        scored_at="2026-11-20T10:00:00.000Z",
        expires_at=0,
    )
    return put_of(prediction)


class Clock:
    """A monotonic clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def table_over(dynamo: FakeDynamo, clock: Clock, jitter: float = 1.0) -> PredictionTable:
    patience = Patience(monotonic=lambda: clock.now, sleep=clock.sleep, jitter=lambda: jitter)
    return PredictionTable(dynamo, patience=patience)


@pytest.mark.parametrize("count", [0, 1, 25, 26, 333])
def test_any_number_is_written_in_requests_of_at_most_25(count: int) -> None:
    """Requests are as few as the limit allows."""
    dynamo = FakeDynamo("t")
    puts = [put(n) for n in range(count)]
    assert table_over(dynamo, Clock()).put(puts, deadline=FAR_DEADLINE) == []
    assert len(dynamo.items) == count
    assert len(dynamo.request_sizes) == -(-count // MAX_ITEMS)


def test_of_two_puts_with_one_key_the_last_is_written() -> None:
    """DynamoDB refuses a request that repeats a key, so none ever does."""
    dynamo = FakeDynamo("t")
    twice = [put(1, probability=0.1), put(2), put(1, probability=0.9)]
    assert table_over(dynamo, Clock()).put(twice, deadline=FAR_DEADLINE) == []
    assert dynamo.items["c1", twice[0].event_key]["probability"] == {"N": "0.9"}


def test_only_unprocessed_items_are_sent_again() -> None:
    """25, then the 10 left, then the 5 of those."""
    dynamo = FakeDynamo("t", lambda number: [10, 5, 0][number])
    assert table_over(dynamo, Clock()).put([put(n) for n in range(25)], deadline=FAR_DEADLINE) == []
    assert dynamo.request_sizes == [25, 10, 5]
    assert len(dynamo.items) == 25


@pytest.mark.parametrize(
    "error",
    [client_error("ThrottlingException"), client_error("SomethingNew", 503), TemporaryWriteError("lost")],
)
def test_what_may_heal_is_tried_again(error: Exception) -> None:
    """The whole request goes again."""
    dynamo = FakeDynamo("t", lambda number: error if number < 2 else 0)
    assert table_over(dynamo, Clock()).put([put(1)], deadline=FAR_DEADLINE) == []
    assert dynamo.request_sizes == [1, 1, 1]


def test_an_outage_is_waited_out_while_there_is_time() -> None:
    """Retries of the mapping are counted: many short invocations would use up what one long one does not."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ServiceUnavailable", 503) if clock.now < 140 else 0)
    assert table_over(dynamo, clock).put([put(1)], deadline=145.0) == []
    assert 140 <= clock.now < 145


def test_the_remainder_is_returned_after_bounded_attempts() -> None:
    """One customer's partition stays throttled: exactly its put comes back, the others are in the table."""
    dynamo = FakeDynamo("t")
    dynamo.throttled_customers.add("c0")
    puts = [put(n) for n in range(30)]
    assert table_over(dynamo, Clock()).put(puts, deadline=FAR_DEADLINE) == [puts[0]]
    assert Counter(dynamo.request_sizes) == {25: 1, 1: MAX_ATTEMPTS - 1, 5: 1}
    assert len(dynamo.items) == 29


def test_backoff_doubles_up_to_a_bound_and_is_jittered() -> None:
    """Full jitter: each pause is a random share of a doubling, bounded window."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ThrottlingException"))
    table_over(dynamo, clock).put([put(1)], deadline=FAR_DEADLINE)
    assert clock.pauses[:8] == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.6, *[MAX_BACKOFF_SECONDS] * 2])
    halved = Clock()
    table_over(dynamo, halved, jitter=0.5).put([put(1)], deadline=FAR_DEADLINE)
    assert halved.pauses == pytest.approx([pause / 2 for pause in clock.pauses])


def test_nothing_is_sent_past_the_deadline() -> None:
    """The invocation's time is never overrun: what is left is returned in time."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ThrottlingException"))
    left = table_over(dynamo, clock).put([put(1)], deadline=clock.now + 0.5)
    assert left == [put(1)]
    assert clock.now < 100.5
    assert len(dynamo.request_sizes) == 4  # at 0, .05, .15 and .35 seconds
    assert table_over(dynamo, clock).put([put(1)], deadline=clock.now) == [put(1)]
    assert len(dynamo.request_sizes) == 4


def test_why_something_is_left_is_said() -> None:
    """For the log: what DynamoDB answered last, or that there was no time; nothing once all is written."""
    clock = Clock()
    dynamo = FakeDynamo("t", lambda _: client_error("ThrottlingException"))
    table = table_over(dynamo, clock)
    table.put([put(1)], deadline=clock.now + 0.5)
    assert "ThrottlingException" in table.trouble
    table.put([put(1)], deadline=clock.now)
    assert table.trouble == NO_TIME
    dynamo.answer = lambda _: 1
    table.put([put(1), put(2)], deadline=FAR_DEADLINE)
    assert table.trouble == UNPROCESSED
    dynamo.answer = lambda _: 0
    table.put([put(n) for n in range(60)], deadline=FAR_DEADLINE)
    assert table.trouble == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (client_error("ValidationException"), RefusedWriteError),
        (client_error("ResourceNotFoundException"), RefusedWriteError),
        (CredentialsError("none"), CredentialsError),
    ],
)
@pytest.mark.parametrize("count", [1, 60])
def test_what_never_heals_is_raised_once_all_requests_have_ended(
    error: Exception, kind: type[Exception], count: int
) -> None:
    """No retry, and no write left in flight when the handler returns."""
    dynamo = FakeDynamo("t", lambda number: error if number == 0 else 0)
    with pytest.raises(kind):
        table_over(dynamo, Clock()).put([put(n) for n in range(count)], deadline=FAR_DEADLINE)
    assert len(dynamo.request_sizes) == -(-count // MAX_ITEMS)


def test_no_write_is_in_flight_when_an_error_is_raised() -> None:
    """Lambda freezes the sandbox when the handler returns, and would freeze such a write half way."""
    ended: list[int] = []

    def write(puts: Sequence[Put]) -> list[Put]:
        if puts[0].customer_id == "c0":
            raise RefusedWriteError("AccessDeniedException")
        time.sleep(0.05)
        ended.append(len(puts))
        return []

    with pytest.raises(RefusedWriteError):
        PredictionTable(write).put([put(n) for n in range(MAX_ITEMS * 4)], deadline=FAR_DEADLINE)
    assert ended == [MAX_ITEMS] * 3


def test_no_write_is_in_flight_when_there_is_no_thread_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox out of memory or threads: what was begun ends before the error is raised."""
    ended: list[int] = []
    submit, asked = ThreadPoolExecutor.submit, itertools.count()

    def write(puts: Sequence[Put]) -> list[Put]:
        time.sleep(0.05)
        ended.append(len(puts))
        return []

    def scarce(pool: ThreadPoolExecutor, *work: Any) -> Future[Any]:
        if next(asked) == 2:
            raise RuntimeError("can't start new thread")
        return submit(pool, *work)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", scarce)
    with pytest.raises(RuntimeError, match="new thread"):
        PredictionTable(write).put([put(n) for n in range(MAX_ITEMS * 4)], deadline=FAR_DEADLINE)
    assert ended == [MAX_ITEMS] * 2


def test_requests_are_in_flight_at_once_but_no_more_than_there_are_connections() -> None:
    """All wait for each other, which would never end if they went one after the other."""
    together = threading.Barrier(WRITES_IN_FLIGHT)

    def write(_: Sequence[Put]) -> list[Put]:
        together.wait(timeout=10)
        return []

    puts = [put(n) for n in range(MAX_ITEMS * WRITES_IN_FLIGHT * 2)]
    assert PredictionTable(write).put(puts, deadline=FAR_DEADLINE) == []


def test_the_fake_refuses_what_dynamodb_refuses() -> None:
    """Too many, repeated or empty keys, long ones, big items, odd numbers, another table: all refused."""
    write = FakeDynamo("t")
    spoilt = put(1)._replace(request=put(1).request.replace('"N":"0.5"', '"N":"NaN"'))
    precise = put(1)._replace(request=put(1).request.replace('"N":"0.5"', f'"N":"0.{"3" * 39}"'))
    bad: list[Callable[[], object]] = [
        lambda: write([put(n) for n in range(26)]),
        lambda: write([put(1), put(1)]),
        lambda: write([spoilt]),
        lambda: write([precise]),
        lambda: write([put(1, event_id="e" * 1024)]),
        lambda: write([put(1, customer="c" * 2049)]),
        lambda: write([put(1)._replace(request=put(1).request.replace("tenure", "t" * 400_000))]),
        lambda: write([]),
    ]
    for call in bad:
        with pytest.raises(ScorerError, match="ValidationException"):
            call()
    assert write([put(1, customer="c" * 2048)]) == []
