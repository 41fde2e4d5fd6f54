"""How busy a process of the generator is: its CPU, and how late its event loop runs.

A generator that has no time left measures itself: its users act late, and each latency holds its own waiting.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import gevent
import psutil

from loadtest.percentiles import percentile

TICK_SECONDS = 0.02
REPORT = ".generator.json"


class GeneratorWatch:
    """Watches this process from `start` to `stop`; its memory does not grow with the time between."""

    def __init__(self) -> None:
        self._late_ms: Counter[int] = Counter()
        self._greenlet: gevent.Greenlet | None = None
        self._cpu_seconds = self._began = self._since = 0.0

    def start(self) -> None:
        """Watch from now on; again, where it was watching already."""
        if self._greenlet:
            self._greenlet.kill()
        self._since = time.time()
        self._late_ms.clear()
        self._cpu_seconds, self._began = _cpu_seconds(), time.monotonic()
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> dict[str, float]:
        """Cores in use on average, and how late the loop was, in milliseconds (percentiles, rounded down)."""
        if self._greenlet:
            self._greenlet.kill()
        seconds = time.monotonic() - self._began
        return {
            "measuring_since": self._since,
            "seconds": round(seconds, 2),
            "cores": round((_cpu_seconds() - self._cpu_seconds) / max(seconds, 0.001), 3),
            "loop_late_p50_ms": percentile(self._late_ms, 0.50) or 0,
            "loop_late_p99_ms": percentile(self._late_ms, 0.99) or 0,
            "loop_late_max_ms": max(self._late_ms, default=0),
            "memory_megabytes": round(psutil.Process().memory_info().rss / 1e6, 1),
        }

    def write(self, folder: Path, name: str) -> None:
        """Stop, and leave what was seen in a file for the one who judges."""
        (folder / f"{name}{REPORT}").write_text(json.dumps(self.stop()))

    def _run(self) -> None:
        while True:
            due = time.perf_counter() + TICK_SECONDS
            gevent.sleep(TICK_SECONDS)
            self._late_ms[int(1000 * max(0.0, time.perf_counter() - due))] += 1


def _cpu_seconds() -> float:
    used = psutil.Process().cpu_times()
    return float(used.user + used.system)
