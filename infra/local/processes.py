"""Background processes: started away from the terminal, recognised by their command line, stopped by pid."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_TIMEOUT_SECONDS = 10.0

# A child stays a zombie until its Popen is waited for, so the ones started here are kept.
_started: dict[int, subprocess.Popen[bytes]] = {}


def start(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, cwd: Path | None = None
) -> int:
    """Start `command` in a session of its own, with all output in `log`, and return its pid.

    It outlives this process and gets no Ctrl-C meant for it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started[process.pid] = process
    return process.pid


def is_running(pid: int, marker: str) -> bool:
    """Whether `pid` runs and its command line contains `marker` (pids are reused, so a number alone lies)."""
    process = _started.get(pid)
    if process is not None and process.poll() is not None:
        return False
    command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return marker in listed.stdout


def stop(pid: int, marker: str) -> bool:
    """Stop `pid` by SIGTERM, by SIGKILL when it does not leave; False when it was not running."""
    if not is_running(pid, marker):
        return False
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if not is_running(pid, marker):
                _reap(pid)
                return True
            time.sleep(0.02)
    _reap(pid)
    return True


def _reap(pid: int) -> None:
    process = _started.pop(pid, None)
    if process is not None:
        process.wait(STOP_TIMEOUT_SECONDS)
