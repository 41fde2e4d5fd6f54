"""Being told to stop, by Ctrl-C or by a signal, leaves no worker, no temporary file and no traceback."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPED = 128  # plus the signal's number is the exit code, as shells do
WORKERS_THREAD = "ExecutorManagerThread"  # of joblib's loky, which hands tasks to worker processes


@contextmanager
def stops_cleanly() -> Iterator[None]:
    """Unwind on SIGTERM and SIGHUP, as on Ctrl-C: dying at once would orphan workers, and leave the rows
    of a table in a temporary folder. A signal that is ignored, as under nohup, stays ignored.
    """
    handled = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    hook = threading.excepthook
    for each in handled:
        signal.signal(each, _unwind)
    threading.excepthook = _report_thread
    try:
        yield
    finally:
        threading.excepthook = hook
        for each in handled:
            signal.signal(each, signal.SIG_DFL)


def _unwind(number: int, _frame: FrameType | None) -> None:
    sys.exit(STOPPED + number)


def _report_thread(failed: threading.ExceptHookArgs) -> None:
    """Report a thread's error, but for loky's own: it looks for tasks that have just been cancelled."""
    of_workers = failed.thread is not None and failed.thread.name == WORKERS_THREAD
    if not (of_workers and failed.exc_type is KeyError):
        threading.__excepthook__(failed)
