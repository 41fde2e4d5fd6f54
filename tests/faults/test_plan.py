"""The plan and the traffic depend on their seed alone."""

from __future__ import annotations

from tests.faults import network_faults as net
from tests.faults.edge import GET, PUT, WRITE, Request
from tests.faults.plan import DELIVERIES, PLAIN, Batch, SeededPlan
from tests.faults.spoilers import SPOILERS
from tests.faults.traffic import Mix, Traffic

NOW_MS = 1_795_168_800_000
BATCHES = [Batch((place,), place, attempt) for place in range(2, 20_000, 100) for attempt in (1, 2)]


def requests() -> list[Request]:
    return [Request(op, f"{n:04x}", n, 1) for op in (WRITE, GET, PUT) for n in range(1, 6)]


def test_the_same_seed_draws_the_same_faults() -> None:
    """For every delivery and every request; another seed draws others."""

    def drawn(seed: str) -> list[object]:
        plan = SeededPlan(seed)
        faults = [plan.fault(batch, request) for batch in BATCHES for request in requests()]
        return [*map(plan.delivery, BATCHES), *faults]

    assert drawn("1/1") == drawn("1/1")
    assert drawn("1/1") != drawn("1/2")


def test_every_kind_of_fault_is_drawn_in_a_round_or_two() -> None:
    """None of them is only in the list."""
    plan = SeededPlan("all")
    batches = [batch._replace(attempt=attempt) for batch in BATCHES for attempt in range(1, 12)]
    faults = {plan.fault(batch, request) for batch in batches for request in requests()}
    assert faults >= {*net.WRITE_FAULTS, *net.LATE_FAULTS, *net.KILLS, *net.REFUSALS, *net.OBJECT_FAULTS} - {
        net.flipped
    }
    assert {plan.delivery(batch).how for batch in batches} == {PLAIN, *DELIVERIES}


def test_the_same_seed_makes_the_same_traffic() -> None:
    """Byte for byte at the same time of day, and each kind of poison is among it."""
    made = [list(Traffic("t", now_ms=NOW_MS, mix=Mix(invalid=0.3)).publications(600)) for _ in range(2)]
    assert made[0] == made[1]
    kinds = {event.kind for publication in made[0] for event in publication.events}
    assert kinds >= {"valid", *SPOILERS}
    assert sum(len(publication.events) for publication in made[0]) == 600
