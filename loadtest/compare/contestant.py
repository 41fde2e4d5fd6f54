"""What every contestant can do, whichever way events reach it."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

from loadtest.compare.errors import ComparisonError
from loadtest.compare.ground import PROJECT, Ground
from loadtest.compare.watch import kill, tree_of

# A library's threads that wait by spinning would count as CPU: one each is in the contestants' favour.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
Wait = Callable[[], bool]


class Contestant(AbstractContextManager["Contestant"], ABC):
    """One way to score events and store the result. In its block it is set up, but not running."""

    name: str  # for --only, and on tables
    title: str
    file: Path  # what a user of it writes
    answers: bool  # whether sending an event returns its score
    needs: tuple[str, ...] = ()  # modules that the peers' interpreter must have

    table: str

    @abstractmethod
    def start(self) -> None:
        """Begin to run, where anything has to; does not wait until it is ready."""

    @abstractmethod
    def stop(self) -> None:
        """End all its processes at once, with no time to finish anything; gone when this returns."""

    @abstractmethod
    def processes(self) -> list[psutil.Process]:
        """All that run for it and for nothing else, neither AWS nor the client."""

    @abstractmethod
    def send(self, payload: bytes) -> bool:
        """Send one event once; False where it was not taken."""

    @abstractmethod
    def send_all(self, payloads: Sequence[bytes]) -> int:
        """Send as fast as it takes them, each once; how many it took."""

    @abstractmethod
    def send_at(self, payloads: Sequence[bytes], rate: float) -> int:
        """Send at a steady rate in events a second, each once; how many it took."""


class Service:
    """A peer's own process tree: a command in its folder, in the environment of the peers."""

    def __init__(self, ground: Ground, folder: Path, command: Sequence[str]) -> None:
        self._command = [str(ground.python), *command]
        self._folder = folder
        self._environment = {**ground.environment, **ONE_THREAD, "PYTHONPATH": str(PROJECT)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; what it says goes to a log in its folder."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """SIGKILL for the whole tree."""
        kill(self.processes())
        if self._process is not None:
            self._process.wait()
        self._process = None

    def processes(self) -> list[psutil.Process]:
        """The process and its workers."""
        return [] if self._process is None else tree_of(self._process.pid)

    def require_running(self, name: str) -> None:
        """Raise ComparisonError with its last words where it ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise ComparisonError(f"{name} ended: {last_line(self._folder / 'log')}")


def last_line(log: Path) -> str:
    """What a process said last."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing"


def missing_modules(python: Path, names: Sequence[str]) -> list[str]:
    """Which of these top-level modules that interpreter cannot import."""
    if python.resolve() == Path(sys.executable).resolve() and str(python) == sys.executable:
        return [name for name in names if importlib.util.find_spec(name) is None]
    code = "import importlib.util, sys; print(*[n for n in sys.argv[1:] if not importlib.util.find_spec(n)])"
    done = subprocess.run([str(python), "-c", code, *names], capture_output=True, text=True, check=True)
    return done.stdout.split()


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(done: Wait, *, timeout_seconds: float, every_seconds: float = 0.002) -> bool:
    """Whether `done` said so in time."""
    deadline = time.perf_counter() + timeout_seconds
    while not done():
        if time.perf_counter() > deadline:
            return False
        time.sleep(every_seconds)
    return True


def cores() -> int:
    """Processors that this machine has."""
    return os.cpu_count() or 1
