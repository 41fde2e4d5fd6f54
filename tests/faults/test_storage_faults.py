"""S3 and the model registry at their worst: at cold start, at refresh, and for what cannot be scored."""

from __future__ import annotations

import pytest

from tests.faults import network_faults as net
from tests.faults.conftest import MakeRig
from tests.faults.edge import GET, PUT, WRITE, Fault
from tests.faults.models import BROKEN
from tests.faults.plan import CHAMPION_CHECK_SECONDS, KILLED_AT_ONCE, Delivery
from tests.faults.rig import Rig
from tests.faults.script import Script
from tests.faults.traffic import Mix

pytestmark = pytest.mark.emulator

MANY_INVALID = Mix(invalid=0.3)
FROZEN = Delivery(frozen_seconds=CHAMPION_CHECK_SECONDS)
OBJECTS = ("champion.json", "manifest.json", "model.onnx")


@pytest.mark.parametrize("fault", net.OBJECT_FAULTS, ids=lambda fault: fault.__name__)
def test_a_storage_fault_at_cold_start_heals(warm_rig: Rig, fault: Fault) -> None:
    """Pointer, manifest and graph each meet it; events wait until there is a model, and none is lost."""
    script = Script()
    # Only the graph has a checksum of its own; for the rest it is TLS that keeps bytes what they are.
    for name in OBJECTS[2:] if fault is net.flipped else OBJECTS:
        script.on(GET, fault, subject=name, times=2)
    warm_rig.fleet.close()
    warm_rig.publish_events(40)
    warm_rig.drain(script)
    assert warm_rig.journal.faults[fault.__name__] >= 1
    warm_rig.assert_clean()


@pytest.mark.parametrize("fault", [*net.OBJECT_FAULTS, *net.REFUSALS], ids=lambda fault: fault.__name__)
def test_a_fault_while_rejected_records_are_kept_loses_no_byte(warm_rig: Rig, fault: Fault) -> None:
    """Uploads fail more often than the function tries: the batch comes again until its bytes are kept."""
    before = warm_rig.assert_clean().ends["rejected"]
    warm_rig.publish_events(30, MANY_INVALID)
    warm_rig.drain(Script().on(PUT, fault, times=5))
    assert warm_rig.assert_clean().ends["rejected"] > before


def test_storage_that_is_down_at_a_refresh_is_no_reason_to_stop(make_rig: MakeRig) -> None:
    """The model in memory goes on serving, and nothing comes again."""
    script = Script().deliver(2, FROZEN).deliver(3, FROZEN)
    rig = make_rig(script)
    rig.publish_events(60)
    script.on(GET, net.unavailable, subject="champion.json", times=20, skip=1)  # all but the cold start's
    rig.drain()
    assert rig.journal.faults["unavailable"] > 0
    rig.assert_clean()
    assert len(rig.journal.entries) == 3


@pytest.mark.parametrize("kind", BROKEN)
def test_a_champion_that_cannot_serve_leaves_its_predecessor(warm_rig: Rig, kind: str) -> None:
    """Both in a running instance that looks for a successor and in one that starts with it."""
    script = Script().deliver(2, Delivery(registry=kind, frozen_seconds=CHAMPION_CHECK_SECONDS))
    script.deliver(3, Delivery(how=KILLED_AT_ONCE))
    runs, starts = len(warm_rig.journal.entries), warm_rig.fleet.cold_starts
    warm_rig.publish_events(60)
    warm_rig.drain(script, batch_size=20)
    warm_rig.assert_clean()
    assert warm_rig.fleet.cold_starts == starts + 1
    assert [entry.run.returned is None for entry in warm_rig.journal.entries[runs:]].count(True) == 1


def test_without_any_usable_model_nothing_is_consumed(make_rig: MakeRig) -> None:
    """Every invocation fails until there is a champion; then all that was published is scored."""
    rig = make_rig(Script().deliver(6, Delivery(registry="promote")))
    rig.registry.spoil_pointer(b'{"version": 1')
    rig.publish_events(20)
    rig.drain()
    rig.assert_clean()
    assert [entry.run.returned for entry in rig.journal.entries[:5]] == [None] * 5


def test_a_champion_that_changes_during_a_batch_is_used_from_the_next_on(make_rig: MakeRig) -> None:
    """A batch is scored by one version, whatever the pointer says by the time of its writes."""
    script = Script(always=Delivery(registry="promote", during=True, frozen_seconds=CHAMPION_CHECK_SECONDS))
    rig = make_rig(script)
    rig.publish_events(100)
    rig.drain()
    rig.assert_clean()
    assert len({item["model_version"]["S"] for item in rig.evidence().items.values()}) > 2


def test_a_pointer_that_changes_between_its_read_and_the_graph_s_is_harmless(make_rig: MakeRig) -> None:
    """The manifest and the graph that are read belong together, for a version never changes."""
    script = Script()
    rig = make_rig(script)
    rig.publish_events(40)
    script.on(GET, net.first(rig.registry.promote), subject="manifest.json")
    script.on(GET, net.first(rig.registry.promote), subject="model.onnx")
    rig.drain()
    rig.assert_clean()


def test_tables_and_buckets_may_fail_at_once(make_rig: MakeRig) -> None:
    """Writes and uploads of the same batch fail together, and later heal."""
    script = Script().on(WRITE, net.server_error, net.reset_after, times=3).on(PUT, net.unavailable, times=3)
    rig = make_rig(script)
    rig.publish_events(60, MANY_INVALID)
    rig.drain()
    rig.assert_clean()
