"""Lanes, batch cuts and the checkpoint."""

import random
import threading
import time
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from infra.local.batching import MAX_PAYLOAD_BYTES, Checkpoint, fitting, lane_of
from infra.local.lane import LaneQueue
from infra.local.mapping import MappingSettings
from infra.local.records import Record, event_of

Settings = Callable[..., MappingSettings]
Records = Callable[..., tuple[Record, ...]]


@given(key=st.text(), lanes=st.integers(1, 10))
def test_a_key_always_has_the_same_lane(key: str, lanes: int) -> None:
    """Order per customer survives the parallelization factor."""
    assert lane_of(key, lanes) == lane_of(key, lanes) < lanes


def test_keys_spread_over_all_lanes() -> None:
    """No lane stays empty when there are many customers."""
    assert {lane_of(f"customer-{n}", 10) for n in range(200)} == set(range(10))


@given(sizes=st.lists(st.integers(1, 400), max_size=30), batch_size=st.integers(1, 10))
def test_a_batch_keeps_both_limits_and_wastes_neither(sizes: list[int], batch_size: int) -> None:
    """A cut is within count and payload, and one record more would break one of them."""
    records = [Record(str(n), "k", 0.0, b"x" * size) for n, size in enumerate(sizes)]
    count = fitting(records, batch_size, max_bytes=1000)
    assert count <= batch_size
    assert count == 0 or len(event_of(records[:count])) <= 1000
    if count < min(len(records), batch_size):
        assert len(event_of(records[: count + 1])) > 1000


def test_the_payload_is_counted_to_the_byte() -> None:
    """Two records fit exactly, and no longer when one byte is missing."""
    records = [Record(str(n), "k", 0.0, b"x" * 100) for n in range(2)]
    whole = len(event_of(records))
    assert fitting(records, 10, max_bytes=whole) == 2
    assert fitting(records, 10, max_bytes=whole - 1) == 1


def test_the_payload_limit_is_that_of_a_synchronous_invocation() -> None:
    """Six records of 1 MiB are over 6 MB with their envelope, so five are sent."""
    records = [Record(str(n), "k", 0.0, b"x" * 2**20) for n in range(6)]
    assert fitting(records, 100) == 5
    assert MAX_PAYLOAD_BYTES == 6_291_456


@given(count=st.integers(1, 50), seed=st.integers())
def test_the_checkpoint_waits_for_all_earlier_records(count: int, seed: int) -> None:
    """Finished out of order, the checkpoint is always just before the first unfinished record."""
    records = [Record(str(n), "k", 0.0, b"{}") for n in range(1, count + 1)]
    checkpoint = Checkpoint()
    checkpoint.read(records)
    shuffled = random.Random(seed).sample(records, count)
    finished: set[int] = set()
    for record in shuffled:
        checkpoint.finish([record])
        finished.add(record.order)
        first_open = next(n for n in range(1, count + 2) if n not in finished)
        assert checkpoint.sequence_number == (str(first_open - 1) if first_open > 1 else None)
        assert checkpoint.open_records == count - first_open + 1


def test_a_full_batch_does_not_wait_for_the_window(settings: Settings, records: Records) -> None:
    """The batching window is an upper bound, not a delay."""
    queue = LaneQueue(settings(batch_size=3, window_seconds=30))
    queue.put(records(4))
    begun = time.monotonic()
    assert len(queue.take(threading.Event())) == 3
    assert time.monotonic() - begun < 1


def test_the_window_gathers_what_arrives_within_it(settings: Settings, records: Records) -> None:
    """Records that arrive after the first, within the window, share its batch."""
    queue = LaneQueue(settings(batch_size=10, window_seconds=0.3))
    first, second = records(2)
    queue.put([first])
    threading.Timer(0.05, queue.put, [[second]]).start()
    assert queue.take(threading.Event()) == (first, second)


def test_a_closed_lane_is_drained_at_once(settings: Settings, records: Records) -> None:
    """At the end of a shard the window is not waited for, and then there is nothing more."""
    queue = LaneQueue(settings(window_seconds=30))
    queue.put(records(2))
    queue.close()
    assert len(queue.take(threading.Event())) == 2
    assert queue.take(threading.Event()) == ()
