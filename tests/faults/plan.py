"""Which fault strikes where, drawn from a seed; script.py has those of a scenario.

A drawn decision depends on the seed, on the records of a delivery and how often they came before, and on the
content of a request; not on the time, nor on which thread was first. What remains to chance: where a lane
cuts its batches when several work at once (so a record that stands for its batch decides, which seldom
changes with the bounds), which instance a batch meets, warm or cold, and whether an answer that is just in
time comes before a client's timeout.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tests.faults.edge import WRITE, Fault, Request
from tests.faults.models import BROKEN
from tests.faults.network_faults import (
    KILLS,
    LATE_FAULTS,
    OBJECT_FAULTS,
    REFUSALS,
    WRITE_FAULTS,
    flipped,
    throttled,
    unavailable,
)

PLAIN, NOT_INVOKED, TWICE, TOGETHER, ZOMBIE = "plain", "not invoked", "twice", "together", "zombie"
ANSWER_LOST, KILLED_AT_METRICS = "answer lost", "killed after its writes"
KILLED_AT_ONCE, HUNG, HURRIED = "killed at once", "hung", "hurried"
DELIVERIES = (
    NOT_INVOKED,
    TWICE,
    TOGETHER,
    ZOMBIE,
    ANSWER_LOST,
    KILLED_AT_METRICS,
    KILLED_AT_ONCE,
    HUNG,
    HURRIED,
)
FUNCTION_TIMEOUT_SECONDS = 60.0
SHORT_TIMEOUT_SECONDS = 2.0
LASTING_TIMEOUT_SECONDS = 4.0
CHAMPION_CHECK_SECONDS = 61.0  # frozen for that long, an instance looks for another champion


class Batch(NamedTuple):
    """Which delivery: the places of its records among all published, and one of them that stands for it.

    That one, of the least checksum, is the same where the bounds of a batch differ a little.
    """

    places: tuple[int, ...]
    anchor: int
    attempt: int  # the how-many-eth time that the anchor is delivered
    twin: int = 0  # 1 for the second of two instances that have the same batch

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells one delivery from another."""
        return self.anchor, self.attempt, self.twin


def anchor_of(places: Iterable[int]) -> int:
    """The place that stands for a batch."""
    return min(places, key=lambda place: zlib.crc32(b"%d" % place))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the invoker does with one batch. `registry` happens before it, or during its first write."""

    how: str = PLAIN
    frozen_seconds: float = 0.0
    timeout_seconds: float = FUNCTION_TIMEOUT_SECONDS
    release_after: int = 2  # deliveries for which a zombie is held
    registry: str = ""
    during: bool = False


class Plan(Protocol):
    """Decides for every delivery and for every request."""

    def delivery(self, batch: Batch) -> Delivery: ...
    def fault(self, batch: Batch, request: Request) -> Fault | None: ...


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities, per request and per delivery."""

    write: float = 0.12
    late: float = 0.001
    kill: float = 0.008
    refused: float = 0.004
    object: float = 0.15
    object_late: float = 0.004
    storage_down: float = 0.01  # every S3 request of a delivery fails
    stubborn: float = 0.004  # half of a delivery's writes fail for as long as it lasts
    delivery: float = 0.06
    killer_every: int = 50_000  # one record of so many kills whatever instance it is given to
    frozen: float = 0.05
    registry: float = 0.02


class SeededPlan:
    """Random faults, replayable from the seed."""

    def __init__(self, seed: str, rates: Rates | None = None) -> None:
        self._seed = seed
        self._rates = rates or Rates()

    def delivery(self, batch: Batch) -> Delivery:
        if any(place % self._rates.killer_every == 1 for place in batch.places):
            return Delivery(how=KILLED_AT_ONCE)
        draw = self._draw("delivery", *batch.identity)
        how = PLAIN
        if draw.random() < self._rates.delivery:
            how = draw.choice(DELIVERIES)
        frozen = CHAMPION_CHECK_SECONDS if draw.random() < self._rates.frozen else 0.0
        registry = ""
        if draw.random() < self._rates.registry:
            registry = draw.choice(["promote", "promote", "spoil", *BROKEN])
        return Delivery(
            how=how,
            timeout_seconds=self._timeout_seconds(batch, how),
            frozen_seconds=frozen,
            release_after=draw.randint(1, 6),
            registry=registry,
            during=draw.random() < 0.5,
        )

    def fault(self, batch: Batch, request: Request) -> Fault | None:
        rates = self._rates
        draw = self._draw("fault", *batch.identity, request.operation, request.subject, request.repeat)
        seldom = [(rates.kill, KILLS), (rates.refused, REFUSALS)]
        if request.operation == WRITE:
            if self._is_stubborn(batch, request):
                return throttled
            return _drawn(draw, [(rates.late, LATE_FAULTS), *seldom, (rates.write, WRITE_FAULTS)])
        if self._draw("storage", *batch.identity).random() < rates.storage_down:
            return unavailable
        found = _drawn(draw, [(rates.object_late, LATE_FAULTS), *seldom, (rates.object, OBJECT_FAULTS)])
        # Only the graph has a checksum of its own; for the rest it is TLS that keeps bytes what they are.
        return None if found is flipped and request.subject != "model.onnx" else found

    def _timeout_seconds(self, batch: Batch, how: str) -> float:
        if how in (HUNG, HURRIED):
            return SHORT_TIMEOUT_SECONDS
        # The function waits out what does not heal, which need not take a minute here.
        lasting = self._is_down(batch) or self._has_stubborn_writes(batch)
        return LASTING_TIMEOUT_SECONDS if lasting else FUNCTION_TIMEOUT_SECONDS

    def _is_down(self, batch: Batch) -> bool:
        return self._draw("storage", *batch.identity).random() < self._rates.storage_down

    def _has_stubborn_writes(self, batch: Batch) -> bool:
        return self._draw("stubborn", *batch.identity).random() < self._rates.stubborn

    def _is_stubborn(self, batch: Batch, request: Request) -> bool:
        return self._has_stubborn_writes(batch) and self._draw("stubborn", request.subject).random() < 0.5

    def _draw(self, *parts: object) -> random.Random:
        return random.Random(f"{self._seed} {parts}")


def _drawn(draw: random.Random, choices: list[tuple[float, tuple[Fault, ...]]]) -> Fault | None:
    value = draw.random()
    for rate, faults in choices:
        if value < rate:
            return draw.choice(faults)
        value -= rate
    return None
