"""What was measured of one contestant."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row. CPU is in seconds per million events, memory in MB (10^6 bytes), the other times in ms.

    `cpu` is of the contestant's own processes, `emulator_cpu` of the embedded AWS meanwhile (its event source
    too, for ours), `client_cpu` of what sent the events. `answer_p50` is None where sending gives no score.
    `crash_missing` of `crash_sent` events sent around a kill never got a score without the client's help.
    """

    name: str
    title: str
    events: int
    seconds: float
    events_per_second: float
    cpu: float
    emulator_cpu: float
    client_cpu: float
    probes: int
    readable_p50: float
    readable_p99: float
    answer_p50: float | None
    peak_memory: float
    cold_start: float
    lines: int
    crash_sent: int
    crash_missing: int


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the others do not exceed, between the two nearest where none is there."""
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
