"""Contestants in processes of their own, measured from inside by sandbox.py, or as a whole from here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any, NamedTuple

SANDBOX = Path(__file__).with_name("sandbox.py")
# No site-packages but those on the path we give, and no folder put before it.
INTERPRETER = (sys.executable, "-S", "-P")
PATIENCE_SECONDS = 60.0  # with one invocation


class ContestantError(Exception):
    """A contestant failed; the message ends with the last it said."""


class Taken(NamedTuple):
    """Seconds of one invocation: CPU of all threads, and wall clock."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A handler `module:function`, and what it runs with: its folder, what it imports from, its variables."""

    entry: str
    event: Path
    folder: Path
    path: Sequence[Path]
    variables: Mapping[str, str]

    def start(self, stdin: int, stderr: IO[bytes]) -> subprocess.Popen[str]:
        """The process, which invokes the handler once and then for every line on stdin."""
        return subprocess.Popen(
            [*INTERPRETER, str(SANDBOX), self.entry, str(self.event)],
            cwd=self.folder,
            env={**self.variables, "PYTHONPATH": os.pathsep.join(map(str, self.path))},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


class Sandbox:
    """A contestant that is up, and has been invoked once."""

    def __init__(self, process: subprocess.Popen[str], stderr: IO[bytes], entry: str) -> None:
        self._process = process
        self._stderr = stderr
        self._entry = entry
        self.first = self._read()

    def invoke(self) -> Taken:
        """One more invocation with the same event. Raises ContestantError."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Taken:
        assert self._process.stdout
        with ended_after_patience(self._process):
            line = self._process.stdout.readline()
        if not line:
            raise failure(self._entry, self._stderr)
        return Taken(*json.loads(line))


@contextmanager
def sandbox(contestant: Contestant) -> Iterator[Sandbox]:
    """The contestant up and warm, until the block ends."""
    with tempfile.TemporaryFile() as stderr, contestant.start(subprocess.PIPE, stderr) as process:
        try:
            yield Sandbox(process, stderr, contestant.entry)
        finally:
            process.kill()


def cold_start(contestant: Contestant) -> float:
    """CPU seconds, user and system, of a new process from its start to its first answer.

    Raises ContestantError.
    """
    with tempfile.TemporaryFile() as stderr, contestant.start(subprocess.DEVNULL, stderr) as process:
        with ended_after_patience(process):
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise failure(contestant.entry, stderr)
        return usage.ru_utime + usage.ru_stime


@contextmanager
def ended_after_patience(process: subprocess.Popen[str]) -> Iterator[None]:
    """Where the block waits for a contestant that hangs, it ends, and so does the wait."""
    timer = Timer(PATIENCE_SECONDS, os.kill, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def failure(entry: str, stderr: IO[bytes]) -> ContestantError:
    """What a contestant's last words were."""
    stderr.seek(0)
    words: Any = stderr.read().decode(errors="replace").strip().splitlines()
    return ContestantError(f"{entry} failed: {words[-1] if words else 'it said nothing'}")
