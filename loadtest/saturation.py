"""What is at its limit: told from evidence, and first of all whether it is the generator itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.advice import BatchTiming
from loadtest.locust_results import PUBLISH, Generator
from loadtest.measured import Measured

BUSY_CORES = 0.85  # of one core: a Python process, or an emulator with one event loop, has no more
LATE_MS = 50.0  # how late the generator's loop may run before its latencies hold its own waiting
ACHIEVED = 0.97  # of the asked rate
BEHIND_MS = 1000.0
WAITS_FOR_TABLE = 0.7  # of the function's time
EMULATOR, FUNCTION, EVENT_SOURCE, MACHINE = "emulator", "function", "event source", "machine"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is at its limit, and how that is known."""

    what: str
    evidence: str


def generator_is_saturated(generator: Generator) -> str:
    """Why the generator measures itself, or an empty text."""
    if not generator.processes:
        return "no process of the generator reported"
    if generator.busiest_cores > BUSY_CORES:
        return f"its busiest process takes {generator.busiest_cores:.0%} of a core"
    if generator.loop_late_p99_ms > LATE_MS:
        return f"its event loop runs {generator.loop_late_p99_ms:.0f} ms late (p99)"
    return ""


def findings(
    measured: Measured,
    cores: Mapping[str, float],
    machine_cores: int,
    timing: BatchTiming | None = None,
    *,
    behind_ms: float = BEHIND_MS,
) -> list[Finding]:
    """Everything at its limit, the generator first. `cores` are of the local stage's processes, if any.

    Where the function is behind by more than `behind_ms`, its metrics tell whether it waits for the table.
    """
    found = []
    if why := generator_is_saturated(measured.generator):
        found.append(Finding("generator", f"{why}: add --workers, or a machine"))
    if failures := measured.of(PUBLISH).failures:
        found.append(Finding("stream", f"{failures:,} puts failed or were refused in part"))
    for name in (EMULATOR, EVENT_SOURCE, FUNCTION):
        if cores.get(name, 0.0) > BUSY_CORES:
            found.append(Finding(name, f"takes {cores[name]:.0%} of a core, and has one"))
    if timing and (measured.iterator_age_ms or 0.0) > behind_ms:
        found.append(_consumer(timing, measured.iterator_age_ms or 0.0, is_local=bool(cores)))
    if cores.get(MACHINE, 0.0) > machine_cores * 0.95:
        found.append(Finding("machine", f"all {machine_cores} cores are busy, by whomever"))
    if measured.achieved_share < ACHIEVED and not found:
        found.append(Finding("generator", f"only {measured.achieved_share:.1%} of the asked rate was sent"))
    return found


def _consumer(timing: BatchTiming, age_ms: float, *, is_local: bool) -> Finding:
    """What keeps the function from keeping up: its own work, or the table it writes to."""
    told = (
        f"iterator age {age_ms:,.0f} ms; a batch has {timing.records:,.0f} records, "
        f"{timing.score_ms:,.0f} ms of scoring and {timing.write_ms:,.0f} ms of writing"
    )
    table = "the emulator's table" if is_local else "table"
    return Finding(table if timing.write_share > WAITS_FOR_TABLE else FUNCTION, told)
