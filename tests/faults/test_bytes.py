"""Bytes of every kind: what can be scored is, and what never can is kept and blocks nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from scorer.aggregation import MAGIC
from tests.faults.journal import Entry
from tests.faults.rig import Rig
from tests.faults.spoilers import MAX_EVENT_BYTES, SPOILERS
from tests.faults.traffic import Event, Mix, Publication, Traffic
from tests.faults.truth import Evidence, newest_of

pytestmark = pytest.mark.emulator


class Delivered(NamedTuple):
    """What came of some publications: the function's runs, how many events were rejected, what AWS holds."""

    runs: list[Entry]
    rejected: int
    evidence: Evidence


Deliver = Callable[..., Delivered]


@pytest.fixture
def traffic(request: pytest.FixtureRequest) -> Traffic:
    return Traffic(request.node.name, now_ms=int(time.time() * 1000))


def alone(event: Event) -> Publication:
    return Publication(event.data, event.customer or "key", (event,))


@pytest.fixture
def deliver(warm_rig: Rig) -> Deliver:
    """Publishes, drains, and asserts that all published so far is where it belongs."""

    def delivered(*publications: Publication, **mapping: Any) -> Delivered:
        before = warm_rig.assert_clean()
        runs = len(warm_rig.journal.entries)
        warm_rig.publish(publications)
        warm_rig.drain(**mapping)
        after = warm_rig.assert_clean()
        rejected = after.ends["rejected"] - before.ends["rejected"]
        return Delivered(warm_rig.journal.entries[runs:], rejected, warm_rig.evidence())

    return delivered


def test_every_kind_of_poison_is_kept_and_its_neighbours_are_scored(
    deliver: Deliver, traffic: Traffic
) -> None:
    """One of each kind between good events, in one batch: one invocation, and exact bytes in the bucket."""
    made = [event for kind in SPOILERS for event in (traffic.valid(), traffic.invalid(kind))]
    done = deliver(*map(alone, made))
    assert (len(done.runs), done.rejected) == (1, len(SPOILERS))


def test_batches_without_one_valid_event_do_not_block_the_shard(deliver: Deliver, traffic: Traffic) -> None:
    """100 % invalid, five batches of it: each is invoked once, and what follows is scored."""
    made = [*(traffic.invalid() for _ in range(100)), traffic.valid()]
    done = deliver(*map(alone, made), batch_size=20)
    assert len(done.runs) == 6
    assert all(entry.run.returned == {"batchItemFailures": []} for entry in done.runs)


def test_size_decides_at_the_byte(deliver: Deliver, traffic: Traffic) -> None:
    """The largest event allowed is scored, one byte more is rejected, and so is a record of nearly 1 MiB."""
    largest = traffic.valid(pad_to=MAX_EVENT_BYTES)
    assert len(largest.data) == MAX_EVENT_BYTES
    over = Event(largest.data + b" ", "too long")
    done = deliver(*map(alone, [largest, over, traffic.huge(), traffic.valid()]))
    assert done.rejected == 2
    assert (largest.customer, largest.key) in done.evidence.items


def test_the_source_s_clock_may_be_ahead_by_minutes_not_hours(deliver: Deliver, traffic: Traffic) -> None:
    """Four minutes ahead is scored and is the latest; a day ahead is rejected and hides nobody's score."""
    ahead = traffic.valid(customer="ahead", late_ms=-4 * 60_000)
    future = traffic.invalid("from the future")
    done = deliver(*map(alone, [ahead, future, traffic.valid(customer="ahead", late_ms=0)]))
    assert newest_of(done.evidence.items)["ahead"] == ahead.key


def test_late_and_duplicate_events_never_hide_a_newer_one(deliver: Deliver, traffic: Traffic) -> None:
    """A customer's events in every order, each twice, in batches of their own: the newest is the latest."""
    made = [traffic.valid(customer="late", late_ms=1000 * n) for n in range(12)] * 2
    random.Random(1).shuffle(made)
    done = deliver(*map(alone, made), batch_size=3)
    assert newest_of(done.evidence.items)["late"] == max(event.key for event in made)


def test_the_parts_of_an_aggregated_record_are_records(deliver: Deliver, traffic: Traffic) -> None:
    """Good and bad parts, a batch of several such records: each part has its own end and its own bytes."""
    parts = [traffic.valid() if n % 3 else traffic.invalid() for n in range(30)]
    packed = [traffic.aggregated(parts[:10]), alone(traffic.valid()), traffic.aggregated(parts[10:])]
    done = deliver(*packed)
    assert (len(done.runs), done.rejected) == (1, 10)


def test_a_torn_aggregated_record_is_kept_whole(deliver: Deliver, traffic: Traffic) -> None:
    """Its checksum does not match, so it is an ordinary record, and one that is no event."""
    packed = traffic.aggregated([traffic.valid(), traffic.valid()]).data
    torn = [Event(data, "torn") for data in (packed[:-1], packed[:40] + b"x" + packed[41:], MAGIC)]
    assert deliver(*map(alone, torn)).rejected == 3


def test_identical_bad_records_are_each_kept(deliver: Deliver, traffic: Traffic) -> None:
    """Two records with the same bytes are two records, aggregated or not."""
    bad = traffic.invalid("null")
    done = deliver(alone(bad), alone(bad), traffic.aggregated([bad, bad, traffic.valid()]))
    assert done.rejected == 4


def test_traffic_that_is_mostly_odd_is_still_accounted_for(deliver: Deliver) -> None:
    """300 events, most of them late, twice, aggregated, misrouted or broken."""
    mix = Mix(late=0.5, duplicate=0.3, invalid=0.3, aggregated=0.2, elsewhere=0.5)
    odd = Traffic("odd", now_ms=int(time.time() * 1000), mix=mix)
    assert deliver(*odd.publications(300), batch_size=50).rejected > 50
