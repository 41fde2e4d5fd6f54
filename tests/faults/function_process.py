"""Function instances: each a process of its own that runs the unzipped Lambda code, as AWS would."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.client_settings import client_environment
from tests.faults import sandbox
from tests.faults.edge import Edge

ANSWERED, DIED, TIMED_OUT = "answered", "died", "timed out"
READ_BYTES = 1 << 16
INIT_SECONDS = 30.0  # for the imports, which Lambda does not count either


@dataclass
class Run:
    """One run of the function over one event: the lines it printed, and how it ended."""

    lines: list[str] = field(default_factory=list)
    ended: str = DIED
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def returned(self) -> dict[str, Any] | None:
        """The handler's response; None where it raised, died or ran out of time."""
        return self.answer.get("returned") if self.ended == ANSWERED else None


class FunctionProcess:
    """One instance: a sandbox process, and the edge through which alone it reaches AWS."""

    def __init__(self, task_root: Path, variables: Mapping[str, str], edge: Edge) -> None:
        self.edge = edge
        self._buffer = b""
        self._is_ready = False
        environment = {
            **variables,
            **client_environment(edge.url),
            "AWS_ENDPOINT_URL_DYNAMODB": edge.url,
            "AWS_ENDPOINT_URL_S3": edge.url,
            "AWS_SESSION_TOKEN": "token",
            "AWS_LAMBDA_FUNCTION_NAME": "scorer",
            "LAMBDA_TASK_ROOT": str(task_root),
            "TZ": "UTC",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-u", sandbox.__file__, str(task_root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        edge.signal = self._process.send_signal

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing in the process can do anything about it."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process and its edge."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        self.edge.close()

    def run(
        self,
        request_id: str,
        event: bytes,
        *,
        timeout_seconds: float,
        frozen_seconds: float = 0.0,
        kill_at: Callable[[str], bool] = lambda _: False,
    ) -> Run:
        """Run the function once; at the end of its time the process is killed, as on AWS."""
        header = {
            "id": request_id,
            "bytes": len(event),
            "timeout_seconds": timeout_seconds,
            "frozen_seconds": frozen_seconds,
        }
        run = Run()
        if not self._is_ready:
            self._is_ready = self._line(time.monotonic() + INIT_SECONDS) == sandbox.READY
        deadline = time.monotonic() + timeout_seconds
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(header).encode() + b"\n" + event)
            self._process.stdin.flush()
        except BrokenPipeError:
            return run
        self._read(run, deadline, kill_at)
        return run

    def _read(self, run: Run, deadline: float, kill_at: Callable[[str], bool]) -> None:
        while (line := self._line(deadline)) is not None:
            if line.startswith(sandbox.ANSWER):
                run.ended, run.answer = ANSWERED, json.loads(line[len(sandbox.ANSWER) :])
                return
            run.lines.append(line)
            if kill_at(line):
                break
        run.ended = DIED if time.monotonic() < deadline else TIMED_OUT
        self.kill()

    def _line(self, deadline: float) -> str | None:
        """The next line; None where the process has ended or the time is over."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    return None
                read = os.read(descriptor, READ_BYTES)
                if not read:
                    return None
                self._buffer += read
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()


class Fleet:
    """Instances by need: an idle one is used again, where there is none another is started."""

    def __init__(self, start: Callable[[], FunctionProcess]) -> None:
        self._start = start
        self._idle: list[FunctionProcess] = []
        self._lock = threading.Lock()
        self.cold_starts = 0

    def take(self) -> FunctionProcess:
        """An instance for one invocation at a time."""
        with self._lock:
            while self._idle:
                instance = self._idle.pop()
                if instance.is_alive:
                    return instance
                instance.close()
            self.cold_starts += 1
        return self._start()

    def give_back(self, instance: FunctionProcess) -> None:
        """An instance that lives may serve again; one that was killed is cleared away."""
        if not instance.is_alive:
            instance.close()
            return
        with self._lock:
            self._idle.append(instance)

    def close(self) -> None:
        """End all idle instances."""
        with self._lock:
            for instance in self._idle:
                instance.close()
            self._idle.clear()
