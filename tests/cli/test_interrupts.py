"""Whoever stops a command gets the prompt back: nothing is left behind, and no traceback is shown."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.interrupts import WORKERS_THREAD, stops_cleanly

# SIGHUP is ignored where the tests themselves run under nohup.
HOLDS_A_FOLDER = """
import signal, sys, tempfile, time
from cli.interrupts import stops_cleanly
signal.signal(signal.SIGHUP, signal.SIG_DFL)
with stops_cleanly(), tempfile.TemporaryDirectory(dir=sys.argv[1]):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_what_a_command_has_open(stop: signal.Signals, tmp_path: Path) -> None:
    """The folder with a table's rows goes, and the exit code is the shell's for that signal."""
    running = subprocess.Popen([sys.executable, "-c", HOLDS_A_FOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        assert len(list(tmp_path.iterdir())) == 1
        running.send_signal(stop)
        assert running.wait(20) == 128 + stop
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As SIGHUP is under nohup; and what was set before is set again afterwards."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stops_cleanly():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("thread", "error", "is_shown"),
    [(WORKERS_THREAD, KeyError(7), False), (WORKERS_THREAD, OSError("full"), True), ("x", KeyError(7), True)],
)
def test_only_the_worker_pools_own_noise_is_kept_quiet(
    thread: str, error: Exception, is_shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """loky misses the tasks that Ctrl-C cancelled; any other failure of a thread is shown as ever."""

    def fail() -> None:
        raise error

    with stops_cleanly():
        failing = threading.Thread(target=fail, name=thread)
        failing.start()
        failing.join()
    assert ("Traceback" in capsys.readouterr().err) is is_shown
