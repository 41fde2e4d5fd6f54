"""Measuring in turns: on a shared machine only what ran in the same minute can be compared."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")
Advance = Callable[[], object]
RUNS_IN_A_ROW = 3


def interleave(measures: Mapping[str, Callable[[], T]], rounds: int, advance: Advance) -> dict[str, list[T]]:
    """What each contestant measured in each round, run in turns; one more round, the first, does not count.

    `advance` is called after each round.
    """
    found: dict[str, list[T]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, measure in measures.items():
            value = measure()
            if number:
                found[name].append(value)
        advance()
    return found


def cpu_seconds(run: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads, for the quickest of three runs in a row.

    The first of them still finds the processor's caches full of what the contestant before it did.
    """
    gc.collect()  # nor does it inherit garbage
    return min(_once(run) for _ in range(RUNS_IN_A_ROW))


def _once(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started
