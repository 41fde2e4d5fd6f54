"""Delivery as it really is: twice, to two instances at once, late, in other batches, across a resharding."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest

from tests.faults import network_faults as net
from tests.faults.conftest import MakeRig
from tests.faults.edge import WRITE
from tests.faults.judge import changes
from tests.faults.plan import (
    ANSWER_LOST,
    CHAMPION_CHECK_SECONDS,
    KILLED_AT_ONCE,
    NOT_INVOKED,
    TOGETHER,
    TWICE,
    ZOMBIE,
    Delivery,
)
from tests.faults.rig import Rig
from tests.faults.script import Script
from tests.faults.traffic import Event, Mix, Publication, Traffic
from tests.infra.fake_kinesis import FakeKinesis

pytestmark = pytest.mark.emulator

MANY_INVALID = Mix(invalid=0.3)


@pytest.mark.parametrize("how", [NOT_INVOKED, TWICE, TOGETHER, ANSWER_LOST, ZOMBIE])
def test_a_batch_delivered_more_than_once_is_stored_once(warm_rig: Rig, how: str) -> None:
    """Scores and rejected bytes are each there once, and every run's metrics say what it did."""
    warm_rig.publish_events(80, MANY_INVALID)
    warm_rig.drain(Script(deliveries={n: Delivery(how=how) for n in (1, 3, 4)}), batch_size=20)
    assert warm_rig.journal.faults[how] == 3
    warm_rig.assert_clean()


def test_a_zombie_that_rejected_less_never_replaces_what_was_kept(make_rig: MakeRig) -> None:
    """Its writes fail, so it keeps only the rejected records before them, long after the other kept all."""
    script = Script(deliveries={1: Delivery(how=ZOMBIE, release_after=2, timeout_seconds=4.0)})
    script.on(WRITE, net.throttled, times=100, twin=1)
    rig = make_rig(script)
    traffic = Traffic("zombie", now_ms=int(time.time() * 1000))
    kinds: list[Callable[[], Event]] = [
        traffic.invalid,
        traffic.invalid,
        traffic.valid,
        traffic.valid,
        traffic.invalid,
    ]
    made = [kinds[n % len(kinds)]() for n in range(60)]
    rig.publish(Publication(event.data, "key", (event,)) for event in made)
    rig.drain()
    [zombie] = [entry for entry in rig.journal.entries if entry.twin]
    assert 0 < len(zombie.settled) < len(zombie.event_ids)
    rig.assert_clean()


def test_a_zombie_of_an_older_champion_leaves_right_scores(make_rig: MakeRig) -> None:
    """The champion changes while it is held; whichever version wrote last, the score is that version's."""
    script = Script(deliveries={1: Delivery(how=ZOMBIE, release_after=2)})
    script.deliver(2, Delivery(registry="promote", frozen_seconds=CHAMPION_CHECK_SECONDS))
    rig = make_rig(script)
    rig.publish_events(60)
    rig.drain()
    rig.assert_clean()


def test_a_replay_of_everything_changes_nothing(make_rig: MakeRig) -> None:
    """The whole stream again, in the same batches: the same items, but for when they were scored."""
    rig = make_rig()
    rig.publish_events(200)
    rig.drain()
    before = rig.evidence()
    rig.drain(from_start=True)
    after = rig.evidence()
    assert changes(before.items, after.items) == []
    assert before.rejected == after.rejected
    assert before.rejected_lines == after.rejected_lines
    rig.assert_clean()


def test_an_event_source_that_is_replaced_loses_nothing(warm_rig: Rig) -> None:
    """The next one goes on where the first kept that it was, and repeats what was under way."""
    before = len(warm_rig.published)
    warm_rig.publish_events(100)
    warm_rig.drain(restart_at=before + 40, batch_size=10)
    warm_rig.assert_clean()


def test_shards_and_lanes_at_once_keep_each_customer_s_newest(make_rig: MakeRig) -> None:
    """Two shards of two lanes, and customers whose events come under other keys: order is the events' own."""
    rig = make_rig(shards=2, parallelization=2)
    rig.publish_events(300, Mix(elsewhere=0.5, late=0.3))
    rig.drain()
    assert rig.fleet.cold_starts > 1
    rig.assert_clean()


def test_resharding_loses_nothing_and_keeps_each_customer_s_newest(make_rig: MakeRig) -> None:
    """A shard is split while it is read under faults, one child merged again, newest events in the parent.

    Through the fake stream: the emulator forgets the records of a stream that is resharded.
    """
    script = Script().on(WRITE, net.throttled, net.reset_after, net.killed_before, times=3)
    rig = make_rig(script)
    kinesis = rig.reads_from = FakeKinesis()
    first, left, right, merged = (f"shardId-{number:012}" for number in range(4))
    for shard, parents in ((first, ()), (left, (first,)), (right, (first,)), (merged, (left, right))):
        kinesis.add_shard(shard, *parents)
    traffic = Traffic("resharding", now_ms=int(time.time() * 1000), mix=Mix(late=0.5))
    turns = itertools.cycle([first, left, right, merged])
    for shard, publication in zip(turns, traffic.publications(160), strict=False):
        sequence = kinesis.put(shard, publication.partition_key, publication.data, at=time.time())
        rig.expect(shard, sequence, publication)
    for parent in (first, left, right):
        kinesis.shards[parent].closed = True
    rig.drain()
    rig.assert_clean()
    assert len(kinesis.positions) == 4


def test_a_destination_that_is_down_is_asked_until_it_keeps_the_batch(make_rig: MakeRig) -> None:
    """What is given up is finished only once it is kept."""
    script = Script(always=Delivery(how=KILLED_AT_ONCE))
    rig = make_rig(script, retry_attempts=0, bisect=False)
    rig.refuse_discards = 3
    rig.publish_events(10)
    rig.drain()
    assert rig.assert_clean().ends == {"on failure": 10}
    assert rig.refuse_discards == 0
