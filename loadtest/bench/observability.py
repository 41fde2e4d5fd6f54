"""What an invocation costs besides its events: a line of metrics, and one of log where any was rejected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loadtest.bench.figure import Figure, least
from loadtest.bench.ours import observe, quiet
from loadtest.bench.rounds import Advance, cpu_seconds, interleave
from loadtest.bench.subject import Record

BUDGET_MICROS = 60.0
TOGETHER = 20  # invocations timed at once: one is too short for the clock


def observability_figure(records: Sequence[Record], rounds: int, advance: Advance) -> Figure:
    """Against its budget, in the place of a peer."""
    with quiet():
        plain, logged = _timed(observe(records, rejected=0)), _timed(observe(records, rejected=1))
        taken = interleave({"plain": plain, "logged": logged}, rounds, advance)
    return least(
        "observability per invocation against its budget",
        taken["plain"],
        [BUDGET_MICROS] * rounds,
        unit="CPU µs",
        target=1.0,
        note=f"{min(taken['logged']):.0f} µs where an event was rejected, which is logged",
    )


def _timed(invoke: Callable[[], object]) -> Callable[[], float]:
    """Microseconds of one invocation."""
    return lambda: cpu_seconds(lambda: [invoke() for _ in range(TOGETHER)]) / TOGETHER * 1e6
