"""The function dies where it hurts: before, during and after its writes, and when its time is over."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults import network_faults as net
from tests.faults.conftest import MakeRig
from tests.faults.edge import PUT, WRITE, Exchange, Fault
from tests.faults.function_process import ANSWERED
from tests.faults.plan import HUNG, HURRIED, KILLED_AT_METRICS, KILLED_AT_ONCE, Batch, Delivery
from tests.faults.rig import Rig
from tests.faults.script import Script
from tests.faults.traffic import Mix

pytestmark = pytest.mark.emulator

MANY_INVALID = Mix(invalid=0.3)


@pytest.mark.parametrize("fault", net.KILLS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("write", [1, 3])
def test_a_kill_at_a_write_loses_nothing(make_rig: MakeRig, fault: Fault, write: int) -> None:
    """At the first or the third write of a batch, before or after it is done: all is written in the end."""
    rig = make_rig(Script().on(WRITE, fault, skip=write - 1), batch_size=200)
    rig.publish_events(200)
    rig.drain()
    assert rig.journal.faults[fault.__name__] == 1
    assert rig.fleet.cold_starts == 2
    rig.assert_clean()


@pytest.mark.parametrize("fault", net.KILLS, ids=lambda fault: fault.__name__)
def test_a_kill_while_rejected_records_are_kept_loses_no_byte(make_rig: MakeRig, fault: Fault) -> None:
    """The scores are written and the bytes perhaps not: the batch comes again and both are."""
    rig = make_rig(Script().on(PUT, fault, times=2))
    rig.publish_events(40, MANY_INVALID)
    rig.drain()
    assert rig.journal.faults[fault.__name__] == 2
    rig.assert_clean()


@pytest.mark.parametrize("how", [KILLED_AT_ONCE, KILLED_AT_METRICS, HUNG])
def test_a_death_outside_the_writes_loses_nothing(warm_rig: Rig, how: str) -> None:
    """Before it has read its event, after all is done and before it says so, and at the end of its time."""
    starts = warm_rig.fleet.cold_starts
    warm_rig.publish_events(60, MANY_INVALID)
    warm_rig.drain(Script().deliver(2, Delivery(how=how, timeout_seconds=2.0)), batch_size=20)
    warm_rig.assert_clean()
    assert warm_rig.fleet.cold_starts > starts


def test_in_a_hurry_the_function_reports_instead_of_dying(warm_rig: Rig) -> None:
    """AWS answers nothing for the three seconds it has: it returns in time and says that all is left."""
    warm_rig.drain()
    runs = len(warm_rig.journal.entries)
    warm_rig.publish_events(20)
    warm_rig.drain(Script().deliver(1, Delivery(how=HURRIED, timeout_seconds=3.0)))
    warm_rig.assert_clean()
    hurried = warm_rig.journal.entries[runs]
    assert hurried.run.ended == ANSWERED
    assert len(hurried.settled) < len(hurried.event_ids)


class Killer(Script):
    """Kills every instance that is given a certain record."""

    def delivery(self, batch: Batch) -> Delivery:
        return Delivery(how=KILLED_AT_ONCE) if 17 in batch.places else Delivery()


def test_a_record_that_kills_every_instance_ends_alone_on_failure(make_rig: MakeRig) -> None:
    """Halving finds it; it is kept in the destination with its bytes, and its neighbours are scored."""
    rig = make_rig(Killer(), retry_attempts=2)
    rig.publish_events(60)
    rig.drain()
    rig.assert_clean()
    evidence = rig.evidence()
    assert list(evidence.discarded) == [rig.published[17].event_id]


def test_a_write_that_outlives_its_function_changes_nothing(make_rig: MakeRig) -> None:
    """The function is killed while its write is under way; the write lands after the batch was done again."""
    script = Script()
    rig = make_rig(script)
    rig.publish_events(40)

    def kill_then_write_late(exchange: Exchange) -> None:
        exchange.signal(signal.SIGKILL)
        time.sleep(1.0)
        exchange.forward()
        exchange.reset()

    script.on(WRITE, kill_then_write_late)
    rig.drain()
    before = rig.evidence().items
    time.sleep(1.0)
    rig.assert_clean()
    assert before.keys() == rig.evidence().items.keys()
