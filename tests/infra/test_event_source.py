"""The event source over a fake Kinesis: positions, order, lanes, resharding and refused reads."""

import base64
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from infra.local.event_source import EventSource, ignore
from infra.local.mapping import MappingSettings, settings_from
from infra.local.outcome import Batch, FunctionFailed, NotInvoked, Outcome, Returned
from infra.local.sending import Observe
from tests.infra.fake_kinesis import FakeKinesis

Settings = Callable[..., MappingSettings]
SHARD = "shardId-000000000000"


class Function:
    """Remembers each event record it was given; `answer` may fail or report some."""

    def __init__(self, answer: Callable[[list[dict[str, Any]]], Outcome] | None = None) -> None:
        self.seen: list[dict[str, Any]] = []
        self.events: list[int] = []
        self._answer = answer
        self._lock = threading.Lock()

    def __call__(self, event: bytes) -> Outcome:
        records = json.loads(event)["Records"]
        outcome = self._answer(records) if self._answer else Returned(b"")
        with self._lock:
            self.events.append(len(records))
            self.seen += records if isinstance(outcome, Returned) else []
        return outcome

    def sequence_numbers(self) -> list[int]:
        return [int(record["kinesis"]["sequenceNumber"]) for record in self.seen]


@contextmanager
def running(
    kinesis: FakeKinesis,
    settings: MappingSettings,
    function: Function,
    resume_after: dict[str, str] | None = None,
    observe: Observe = ignore,
) -> Iterator[EventSource]:
    discarded: list[Batch] = []
    source = EventSource(
        settings=settings,
        kinesis=kinesis,  # type: ignore[arg-type]
        invoke=function,
        discard=lambda batch, **_: discarded.append(batch),
        observe=observe,
        resume_after=resume_after,
        shard_refresh_seconds=0.01,
    )
    with source:
        yield source


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def one_shard(count: int, **put: Any) -> FakeKinesis:
    kinesis = FakeKinesis()
    kinesis.add_shard(SHARD)
    for number in range(count):
        kinesis.put(SHARD, f"customer-{number % 7}", **put)
    return kinesis


def test_the_function_sees_the_documented_event_record(settings: Settings) -> None:
    """The record has the fields of the developer guide's sample event, and the original bytes."""
    kinesis, function = one_shard(1, data=b"\x00payload"), Function()
    with running(kinesis, settings(), function):
        eventually(lambda: len(function.seen) == 1)
    (record,) = function.seen
    assert base64.b64decode(record["kinesis"].pop("data")) == b"\x00payload"
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "customer-0",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 1_700_000_000.0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:1",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/scorer",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/events",
    }


def test_what_is_read_is_counted_when_it_is_and_when_it_was_put(settings: Settings) -> None:
    """PolledEventCount of each poll, 0 where it finds nothing; IncomingRecords by the second of arrival."""
    seen: list[tuple[str, float, float | None]] = []
    kinesis, function = one_shard(3), Function()
    kinesis.put(SHARD, "late", at=1_700_000_007.5)
    with running(kinesis, settings(), function, observe=lambda *what: seen.append((*what, None)[:3])):  # type: ignore[misc, arg-type]
        eventually(lambda: ("PolledEventCount", 0, None) in seen)
    polled = [value for metric, value, _ in seen if metric == "PolledEventCount"]
    assert (sum(polled), polled[-1]) == (4, 0)
    put = [(value, at) for metric, value, at in seen if metric == "IncomingRecords"]
    assert put == [(3, 1_700_000_000), (1, 1_700_000_007)]


def test_trim_horizon_reads_everything_in_order_and_in_batches(settings: Settings) -> None:
    """No batch is over the batch size, and the checkpoint ends at the last record."""
    kinesis, function = one_shard(250), Function()
    with running(kinesis, settings(batch_size=100), function) as source:
        eventually(lambda: source.checkpoints == {SHARD: "250"})
    assert function.sequence_numbers() == list(range(1, 251))
    assert max(function.events) <= 100


def test_latest_skips_what_was_there_before(settings: Settings) -> None:
    """Only records published after the start arrive."""
    kinesis, function = one_shard(5), Function()
    with running(kinesis, settings(starting_position="LATEST"), function):
        eventually(lambda: kinesis.positions.get(SHARD) == ["LATEST"])
        kinesis.put(SHARD, "late")
        eventually(lambda: function.sequence_numbers() == [6])


def test_at_timestamp_starts_at_the_time_given(settings: Settings) -> None:
    """Records that arrived before StartingPositionTimestamp are skipped."""
    kinesis, function = one_shard(3, at=1_000.0), Function()
    kinesis.put(SHARD, "later", at=2_000.0)
    chosen = settings(starting_position="AT_TIMESTAMP", starting_timestamp=datetime.fromtimestamp(1_500, UTC))
    with running(kinesis, chosen, function):
        eventually(lambda: function.sequence_numbers() == [4])


def test_a_later_run_goes_on_after_the_checkpoints_of_an_earlier_one(settings: Settings) -> None:
    """What was finished is not sent again, and the checkpoint starts where it was."""
    kinesis, function = one_shard(5), Function()
    with running(kinesis, settings(), function, {SHARD: "5"}) as source:
        eventually(lambda: source.checkpoints == {SHARD: "5"})
        kinesis.put(SHARD, "customer")
        eventually(lambda: source.checkpoints == {SHARD: "6"})
    assert function.sequence_numbers() == [6]


def test_lanes_work_at_once_and_keep_the_order_of_each_key(settings: Settings) -> None:
    """With a parallelization factor of 4, invocations overlap and no customer's records change order."""
    together, most = [0], [0]
    lock = threading.Lock()

    def slow(_: list[dict[str, Any]]) -> Outcome:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        time.sleep(0.01)
        with lock:
            together[0] -= 1
        return Returned(b"")

    kinesis, function = one_shard(400), Function(slow)
    with running(kinesis, settings(parallelization=4, batch_size=10), function) as source:
        eventually(lambda: source.checkpoints == {SHARD: "400"})
    per_key: dict[str, list[int]] = defaultdict(list)
    for record in function.seen:
        per_key[record["kinesis"]["partitionKey"]].append(int(record["kinesis"]["sequenceNumber"]))
    assert all(numbers == sorted(numbers) for numbers in per_key.values())
    assert sum(map(len, per_key.values())) == 400
    assert 2 <= most[0] <= 4


def test_a_failing_lane_holds_back_the_checkpoint_and_not_the_others(settings: Settings) -> None:
    """One customer's failures block neither the other lanes nor let the checkpoint pass them."""

    def poison(records: list[dict[str, Any]]) -> Outcome:
        bad = any(record["kinesis"]["partitionKey"] == "customer-0" for record in records)
        return FunctionFailed("Unhandled") if bad else Returned(b"")

    kinesis, function = one_shard(70), Function(poison)
    with running(kinesis, settings(parallelization=10), function) as source:
        eventually(lambda: len(function.seen) > 0)
        time.sleep(0.2)
        assert source.checkpoints == {SHARD: None}


def test_children_wait_until_their_parents_are_drained(settings: Settings) -> None:
    """After a merge, no record of the child is sent before the last one of either parent."""
    gate = threading.Event()

    def gated(records: list[dict[str, Any]]) -> Outcome:
        held = records[0]["eventID"].startswith("shardId-b") and not gate.is_set()
        return NotInvoked("TooManyRequestsException") if held else Returned(b"")

    kinesis, function = FakeKinesis(), Function(gated)
    for name, parents in (("shardId-a", ()), ("shardId-b", ()), ("shardId-c", ("shardId-a", "shardId-b"))):
        kinesis.add_shard(name, *parents)
        kinesis.put(name, "customer")
    kinesis.shards["shardId-a"].closed = kinesis.shards["shardId-b"].closed = True
    with running(kinesis, settings(), function):
        eventually(lambda: 1 in function.sequence_numbers())
        time.sleep(0.1)
        assert function.sequence_numbers() == [1]
        gate.set()
        eventually(lambda: function.sequence_numbers() == [1, 2, 3])


def test_a_child_is_read_from_its_start_even_at_latest(settings: Settings) -> None:
    """A shard that resharding adds later loses nothing to LATEST."""
    kinesis, function = one_shard(0), Function()
    with running(kinesis, settings(starting_position="LATEST"), function):
        eventually(lambda: SHARD in kinesis.positions)
        kinesis.add_shard("shardId-000000000001", SHARD)
        kinesis.put("shardId-000000000001", "customer")
        kinesis.shards[SHARD].closed = True
        eventually(lambda: function.sequence_numbers() == [1])


def test_refused_reads_and_expired_iterators_lose_nothing(settings: Settings) -> None:
    """A throttled read is repeated, an expired iterator is replaced after the last record read."""
    kinesis, function = one_shard(10), Function()
    kinesis.faults = ["ProvisionedThroughputExceededException", "ExpiredIteratorException", "InternalFailure"]
    with running(kinesis, settings(batch_size=4), function) as source:
        eventually(lambda: source.checkpoints == {SHARD: "10"})
        kinesis.faults = ["ExpiredIteratorException"]
        eventually(lambda: kinesis.positions[SHARD][-1] == "AFTER_SEQUENCE_NUMBER")
        kinesis.put(SHARD, "customer")
        eventually(lambda: source.checkpoints == {SHARD: "11"})
    assert function.sequence_numbers() == list(range(1, 12))


def test_settings_come_from_the_mapping_with_the_defaults_of_aws() -> None:
    """What GetEventSourceMapping leaves out has the default of CreateEventSourceMapping."""
    arns = {
        "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/events",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:scorer",
    }
    plain = settings_from({"UUID": "u", **arns})
    assert (plain.batch_size, plain.parallelization, plain.window_seconds) == (100, 1, 0.0)
    assert (plain.retry_attempts, plain.record_age_seconds, plain.bisect) == (-1, -1, False)
    assert (plain.reports_item_failures, plain.on_failure_arn) == (False, None)
    assert (plain.stream, plain.function, plain.region) == ("events", "scorer", "us-east-1")
    assert settings_from({"UUID": "u", "MaximumRetryAttempts": 0, **arns}).retry_attempts == 0
