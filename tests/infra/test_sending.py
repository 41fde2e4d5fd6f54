"""The sender: ages, waits and destinations, with a fake clock and a fake function."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from infra.local.mapping import MappingSettings
from infra.local.outcome import Batch, FunctionFailed, NotInvoked, Outcome, Returned
from infra.local.records import Record
from infra.local.sending import MAX_BACKOFF_SECONDS, Sender

Settings = Callable[..., MappingSettings]
Records = Callable[..., tuple[Record, ...]]


@dataclass
class World:
    """A function that answers from a script (then succeeds), and everything that was seen of it."""

    script: list[Outcome] = field(default_factory=list)
    destination_failures: int = 0
    now: float = 1_700_000_010.0
    events: list[bytes] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    discarded: list[tuple[list[int], str]] = field(default_factory=list)
    seen: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # metric to values
    stop_after_waits: int = 1000

    def sender(self, settings: MappingSettings) -> Sender:
        return Sender(
            settings=settings,
            shard_id="shardId-000000000000",
            invoke=self.invoke,
            discard=self.discard,
            observe=lambda metric, value, _at=None: self.seen[metric].append(value),
            finish=self.finish,
            pause=self.pause,
            clock=lambda: self.now,
        )

    def invoke(self, event: bytes) -> Outcome:
        self.events.append(event)
        return self.script.pop(0) if self.script else Returned(b"")

    def discard(self, batch: Batch, *, condition: str, **_: Any) -> None:
        if self.destination_failures:
            self.destination_failures -= 1
            raise ConnectionError("S3 is away")
        self.discarded.append(([record.order for record in batch.records], condition))

    def finish(self, records: Iterable[Record]) -> None:
        self.finished += [record.order for record in records]

    def pause(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return len(self.waits) > self.stop_after_waits


def test_success_needs_one_invocation_and_no_wait(settings: Settings, records: Records) -> None:
    """The event holds all records, and all are finished."""
    world = World()
    world.sender(settings()).send(records(3))
    assert world.events == [b'{"Records": [{"n": 1}, {"n": 2}, {"n": 3}]}']
    assert world.finished == [1, 2, 3]
    assert world.waits == [0.0]


def test_the_age_observed_is_that_of_the_last_record(settings: Settings, records: Records) -> None:
    """IteratorAge is in milliseconds, taken when the batch is sent."""
    world = World(now=1_700_000_010.0)
    world.sender(settings()).send(records(3))
    assert world.seen["IteratorAge"] == [8_000.0]


def test_throttles_never_exhaust_the_retries(settings: Settings, records: Records) -> None:
    """Fifty throttles with no retry allowed, and the batch still arrives; the waits grow to a bound."""
    world = World(script=[NotInvoked("TooManyRequestsException")] * 50)
    world.sender(settings(retry_attempts=0)).send(records(2))
    assert world.finished == [1, 2]
    assert world.discarded == []
    assert world.waits == sorted(world.waits)
    assert world.waits[-1] == MAX_BACKOFF_SECONDS


def test_throttles_end_at_the_maximum_age(settings: Settings, records: Records) -> None:
    """What cannot be sent before it is too old goes to the destination, never having been invoked."""
    world = World(script=[NotInvoked("TooManyRequestsException")] * 1000)
    world.sender(settings(record_age_seconds=60)).send(records(2))
    assert {condition for _, condition in world.discarded} == {"RecordAgeExceeded"}
    assert [number for numbers, _ in world.discarded for number in numbers] == [1, 2]
    assert world.finished == [1, 2]


def test_exhausted_retries_reach_the_destination_and_the_shard_goes_on(
    settings: Settings, records: Records
) -> None:
    """One retry is two invocations; then the batch is given up and counts as finished."""
    world = World(script=[FunctionFailed("Unhandled")] * 2)
    world.sender(settings(retry_attempts=1)).send(records(2))
    assert len(world.events) == 2
    assert world.discarded == [([1, 2], "RetryAttemptsExhausted")]
    assert world.finished == [1, 2]


def test_halves_are_sent_at_once_and_repeats_wait(settings: Settings, records: Records) -> None:
    """A split asks something new; only sending the same records again backs off."""
    world = World(script=[FunctionFailed("Unhandled")] * 3)
    world.sender(settings(bisect=True, retry_attempts=1)).send(records(2))
    assert world.waits == [0.0, 0.0, 0.05, 0.0, 0.0]
    assert world.discarded == [([1], "RetryAttemptsExhausted")]
    assert world.finished == [1, 2]


def test_a_failing_destination_loses_nothing(settings: Settings, records: Records) -> None:
    """A batch is finished only once the destination has it."""
    world = World(script=[FunctionFailed("Unhandled")], destination_failures=3)
    world.sender(settings(retry_attempts=0)).send(records(1))
    assert world.discarded == [([1], "RetryAttemptsExhausted")]
    assert world.finished == [1]


def test_stopping_leaves_the_batch_unfinished(settings: Settings, records: Records) -> None:
    """A stop between retries finishes nothing, so nothing is behind the checkpoint that was not done."""
    world = World(script=[FunctionFailed("Unhandled")] * 100, stop_after_waits=3)
    world.sender(settings()).send(records(2))
    assert world.finished == []
    assert world.discarded == []


def test_events_are_counted_as_a_mapping_with_metrics_counts_them(
    settings: Settings, records: Records
) -> None:
    """Each retry counts again; what a partial response settled did not fail; what is kept was delivered."""
    second = records(3)[1].sequence_number
    partial = Returned(json.dumps({"batchItemFailures": [{"itemIdentifier": second}]}).encode())
    world = World(script=[partial, FunctionFailed("Unhandled")], destination_failures=2)
    world.sender(settings(retry_attempts=1, on_failure_arn="arn:aws:s3:::kept")).send(records(3))
    assert world.seen["InvokedEventCount"] == [3, 2]
    assert world.seen["FailedInvokeEventCount"] == [2, 2]
    assert world.seen["DestinationDeliveryFailures"] == [1, 1]
    assert world.seen["OnFailureDestinationDeliveredEventCount"] == [2]
    assert "DroppedEventCount" not in world.seen


def test_without_a_destination_what_is_given_up_is_dropped(settings: Settings, records: Records) -> None:
    """It is lost, and the metric that an alarm watches says so."""
    world = World(script=[FunctionFailed("Unhandled")])
    world.sender(settings(retry_attempts=0)).send(records(2))
    assert world.seen["DroppedEventCount"] == [2]
    assert "OnFailureDestinationDeliveredEventCount" not in world.seen
