"""DynamoDB at its worst, between the deployed function and a real table: nothing lost, nothing wrong."""

from __future__ import annotations

import pytest

from tests.faults import network_faults as net
from tests.faults.conftest import MakeRig
from tests.faults.edge import WRITE, Exchange, Fault
from tests.faults.plan import Delivery
from tests.faults.rig import Rig
from tests.faults.script import Script

pytestmark = pytest.mark.emulator

OUTAGE = 12  # more failures than one invocation retries
IN_A_HURRY = Delivery(timeout_seconds=3.0)  # so that it gives up sooner


def test_without_faults_every_batch_is_invoked_once(make_rig: MakeRig) -> None:
    """120 events of all kinds in batches of 20: no batch comes twice, from one cold start on."""
    rig = make_rig()
    rig.publish_events(120)
    rig.drain()
    rig.assert_clean()
    assert len(rig.journal.entries) == -(-len(rig.published) // 20)
    assert rig.fleet.cold_starts == 1


@pytest.mark.parametrize("fault", net.WRITE_FAULTS, ids=lambda fault: fault.__name__)
def test_a_write_fault_that_passes_is_healed_within_the_invocation(warm_rig: Rig, fault: Fault) -> None:
    """The first writes meet it; the function itself retries, so that the batch does not come again."""
    runs = len(warm_rig.journal.entries)
    warm_rig.publish_events(80)
    warm_rig.drain(Script().on(WRITE, fault, times=2))
    assert warm_rig.journal.faults[fault.__name__] == 2
    warm_rig.assert_clean()
    assert len(warm_rig.journal.entries) == runs + 1


def test_answers_that_never_come_are_given_up_and_asked_again(warm_rig: Rig) -> None:
    """Of three writes at once one is done and its answer late, one never done, one done after its retry."""
    runs = len(warm_rig.journal.entries)
    warm_rig.publish_events(100)
    warm_rig.drain(Script().on(WRITE, *net.LATE_FAULTS))
    assert all(warm_rig.journal.faults[fault.__name__] == 1 for fault in net.LATE_FAULTS)
    warm_rig.assert_clean()
    assert len(warm_rig.journal.entries) == runs + 1


def test_an_outage_longer_than_an_invocation_is_reported_and_comes_again(make_rig: MakeRig) -> None:
    """The function reports what it could not write, and the batch is settled once DynamoDB is back."""
    rig = make_rig(Script(always=IN_A_HURRY).on(WRITE, net.throttled, times=OUTAGE))
    rig.publish_events(20)
    rig.drain()
    rig.assert_clean()
    assert rig.journal.entries[0].settled != rig.journal.entries[0].event_ids
    assert all(entry.run.returned is not None for entry in rig.journal.entries)


@pytest.mark.parametrize("fault", net.REFUSALS, ids=lambda fault: fault.__name__)
def test_a_refusal_that_no_retry_heals_costs_no_event(warm_rig: Rig, fault: Fault) -> None:
    """The function raises, loudly, and the batch comes again: once the table is there, all is written."""
    runs = len(warm_rig.journal.entries)
    warm_rig.publish_events(60)
    warm_rig.drain(Script().on(WRITE, fault, times=3))
    assert warm_rig.journal.faults[fault.__name__] == 3
    warm_rig.assert_clean()
    assert warm_rig.journal.entries[runs].run.answer["error"]


def test_only_what_was_not_written_comes_again(make_rig: MakeRig) -> None:
    """One of several writes fails for as long as the invocation lasts: what lies before it is finished."""
    script = Script(always=IN_A_HURRY)
    rig = make_rig(script, batch_size=200)
    first_customer = b'"%s"' % rig.publish_events(200)[0].publication.events[0].customer.encode()

    def one_of_them_stubborn(exchange: Exchange) -> None:
        stubborn = not rig.journal.entries and first_customer not in exchange.message.body
        (net.throttled if stubborn else net.passed)(exchange)

    script.on(WRITE, one_of_them_stubborn, times=100)
    rig.drain()
    rig.assert_clean()
    first, second = rig.journal.entries[:2]
    assert second.event_ids == first.event_ids[len(first.settled) :]
