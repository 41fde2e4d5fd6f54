"""End-to-end probes: publish one event, wait until its score is readable, say how long that took."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Latency:
    """Put → readable, in milliseconds, over `count` probes."""

    count: int
    p50: float
    p95: float


class ProbeTimeoutError(Exception):
    """A probe's score did not become readable in time."""


def put_to_readable(
    put: Callable[[], None], is_readable: Callable[[], bool], *, timeout_seconds: float = 30.0
) -> float:
    """Seconds from just before `put` until `is_readable` first says so. Raises ProbeTimeoutError."""
    started = time.perf_counter()
    put()
    while not is_readable():
        if time.perf_counter() - started > timeout_seconds:
            raise ProbeTimeoutError(f"a published event was not readable after {timeout_seconds:g} s")
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - started


def summarise(seconds: Sequence[float]) -> Latency:
    """Percentiles of at least two probes."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Latency(len(seconds), p50=1000 * cuts[49], p95=1000 * cuts[94])
