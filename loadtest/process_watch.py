"""How many cores each process of a local stage takes while it is under load."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

import psutil

FUNCTION, MACHINE = "function", "machine"


class ProcessWatch:
    """Of each named process alone; the children of `parent_of_function` are the function's sandboxes.

    Nothing is watched where there are no names, as of a stage on AWS.
    """

    def __init__(self, pids: Mapping[str, int], *, parent_of_function: str = "") -> None:
        self._pids = pids
        self._parent = parent_of_function
        self._before: dict[str, float] = {}
        self._began = 0.0

    def start(self) -> None:
        """Count from now on."""
        self._before, self._began = self._used(), time.monotonic()

    def cores(self) -> dict[str, float]:
        """Cores in use on average since `start`: of each process, and of the whole machine by everyone."""
        seconds = max(time.monotonic() - self._began, 0.001)
        used = self._used()
        return {name: round((used[name] - self._before.get(name, 0.0)) / seconds, 3) for name in used}

    def _used(self) -> dict[str, float]:
        if not self._pids:
            return {}
        found = {}
        for name, pid in self._pids.items():
            with suppress(psutil.Error):
                found[name] = _cpu_seconds(psutil.Process(pid))
        if self._parent in self._pids:
            with suppress(psutil.Error):
                children = psutil.Process(self._pids[self._parent]).children(recursive=True)
                found[FUNCTION] = sum(map(_cpu_seconds, children))
        busy = psutil.cpu_times()
        found[MACHINE] = sum(busy) - busy.idle - getattr(busy, "iowait", 0.0)
        return found


def _cpu_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
