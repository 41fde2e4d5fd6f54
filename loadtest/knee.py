"""The highest rate that a stage sustains: steps upward until one breaks, then halfway back, twice."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtest.conduct import Conducted
from loadtest.locust_results import PUBLISH
from loadtest.measured import Measured

FACTOR = 1.5  # from one step to the next
REFINEMENTS = 2
MAX_STEPS = 16
LOWEST_RATE = 10.0  # events per second; below, a stage is broken and not slow
KEPT_UP = 0.95  # of the asked events must reach the stream


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rate must keep to count as sustained, in milliseconds."""

    p95_ms: float
    iterator_age_ms: float


@dataclass(frozen=True, slots=True)
class Step:
    """One rate, tried. `broken_by` says what gave way; empty where the rate was sustained."""

    rate: float
    done: Conducted
    broken_by: str


@dataclass(frozen=True, slots=True)
class Knee:
    """Every step in the order tried; `best` is the highest sustained one, `worse` the lowest broken one."""

    steps: Sequence[Step]

    @property
    def best(self) -> Step | None:
        kept = [step for step in self.steps if not step.broken_by]
        return max(kept, key=lambda step: step.rate, default=None)

    @property
    def worse(self) -> Step | None:
        broken = [step for step in self.steps if step.broken_by]
        return min(broken, key=lambda step: step.rate, default=None)


def broken_by(measured: Measured, bounds: Bounds) -> str:
    """What gave way, in a few words with the figure; empty where all held."""
    probes = measured.by_gate()["max_p95_ms"]
    age = measured.iterator_age_ms
    unaccounted = measured.account.missing + measured.account.rejected
    if failures := measured.of(PUBLISH).failures:
        return f"{failures:,} puts failed"
    if unaccounted:
        return f"{unaccounted:,} events missing or rejected"
    if measured.achieved_share < KEPT_UP:
        return f"only {measured.published_per_second:,.0f} events/s could be put"
    if probes is None:
        return "probes failed or none came back"
    if probes > bounds.p95_ms:
        return f"p95 {probes:,.0f} ms"
    if age is not None and age > bounds.iterator_age_ms:
        return f"iterator age {age:,.0f} ms"
    return ""


def climb(measure: Callable[[float], Step], *, start: float) -> Knee:
    """Try rates until the knee is known within about a tenth, or MAX_STEPS are made.

    Where the first rate breaks, the way goes down first.
    """
    steps = [measure(start)]
    factor = 1 / FACTOR if steps[0].broken_by else FACTOR
    first_is_broken = bool(steps[0].broken_by)
    while len(steps) < MAX_STEPS and bool(steps[-1].broken_by) == first_is_broken:
        rate = steps[-1].rate * factor
        if rate < LOWEST_RATE:
            return Knee(steps)
        steps.append(measure(rate))
    for _ in range(REFINEMENTS):
        knee = Knee(steps)
        if knee.best is None or knee.worse is None or len(steps) >= MAX_STEPS:
            break
        steps.append(measure(math.sqrt(knee.best.rate * knee.worse.rate)))
    return Knee(steps)
