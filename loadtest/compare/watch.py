"""CPU and memory of groups of processes, also of those that come and go while they are watched."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple, Self

import psutil

SAMPLE_SECONDS = 0.1
MEMORY_EVERY = 3  # samples: reading it costs more than reading the CPU
MEGABYTE = 1_000_000

Find = Callable[[], Iterable[psutil.Process]]


class Used(NamedTuple):
    """CPU seconds, user and system, of all threads; and the largest memory seen at once, in bytes."""

    cpu_seconds: float
    peak_bytes: int


class Watch:
    """Follows what `find` finds, from entering to leaving the block.

    A process that ended counts with what it had used when last seen, up to 0.1 s before its end; one that
    started inside the block counts from its start. Children count only where `find` names them.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._before: dict[psutil.Process, float] = {}
        self._last: dict[psutil.Process, float] = {}
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._before = {process: cpu for process in self._find() if (cpu := cpu_of(process)) is not None}
        self._last = dict(self._before)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._sample(with_memory=True)

    @property
    def used(self) -> Used:
        """Since the block was entered; final once it was left."""
        cpu = sum(last - self._before.get(process, 0.0) for process, last in dict(self._last).items())
        return Used(cpu, self._peak)

    def _follow(self) -> None:
        number = 0
        while not self._stop.wait(SAMPLE_SECONDS):
            self._sample(with_memory=number % MEMORY_EVERY == 0)
            number += 1

    def _sample(self, *, with_memory: bool) -> None:
        found = list(self._find())
        for process in found:
            cpu = cpu_of(process)
            if cpu is not None:
                self._last[process] = cpu
        if with_memory:
            self._peak = max(self._peak, sum(map(memory_of, found)))


def cpu_of(process: psutil.Process) -> float | None:
    """CPU seconds that the process itself has used; None for one that is gone."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def memory_of(process: psutil.Process) -> int:
    """Memory of a process in bytes, its share of what it shares with others; 0 for one that is gone.

    Where the system does not tell shares (only Linux does), all that is resident.
    """
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def tree_of(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it; empty where it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def children_named(pid: int, part: str) -> list[psutil.Process]:
    """The processes below `pid` whose command line contains `part`."""
    return [process for process in tree_of(pid)[1:] if part in _command(process)]


def age_seconds(process: psutil.Process) -> float:
    """How long ago a process was started, to about 20 ms.

    Told against a process started now: the system's own start times may all be off by up to a second.
    """
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as now:
        return float(psutil.Process(now.pid).create_time() - process.create_time())


def kill(processes: Iterable[psutil.Process], timeout_seconds: float = 10.0) -> None:
    """End them at once, as the kernel does when memory runs out, and wait until they are gone."""
    found = list(processes)
    for process in found:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(found, timeout=timeout_seconds)


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """A process that does nothing until the block ends."""
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        process.resume()
