"""One run of Locust over the locustfile, in processes of its own: gevent changes how a process works."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loadtest.locust_results import STATS_FILE
from loadtest.shapes import Shape

LOCUSTFILE = Path(__file__).parent / "locustfile.py"
LOG = "locust.log"
GRACE_SECONDS = 90.0  # for starting, and for requests under way at the end
ENDED = 10.0  # seconds for Locust to write its files after SIGTERM
# A rate is divided over this many users, and a shape over more, because its steps are whole users.
USERS, USERS_OF_A_SHAPE = 3, 20
MOST_EVENTS_PER_USER, LEAST_EVENTS_PER_USER = 2000.0, 20.0


class LocustError(Exception):
    """Locust itself failed; the message names its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does. Rates are per second, over all processes; `run_seconds` is the length of the shape."""

    stage: str
    schema: str
    rate: float
    run_seconds: float
    shape: Shape = Shape.STEADY
    users: int | None = None
    warm_up_seconds: float = 0.0
    workers: int = 0  # 0: one process that is master and worker
    reads: float = 10.0
    tops: float = 0.1
    probes: float = 1.0
    customers: int = 5000
    data: str = "synthetic"
    seed: int = 0

    @property
    def publishers(self) -> int:
        """How many users share the rate."""
        usual = USERS if self.shape is Shape.STEADY else USERS_OF_A_SHAPE
        few = min(usual, math.ceil(self.rate / LEAST_EVENTS_PER_USER))
        return self.users or max(few, self.workers, math.ceil(self.rate / MOST_EVENTS_PER_USER))

    def arguments(self, folder: Path) -> list[str]:
        """The command line of Locust, with its report, statistics and ledgers under `folder`."""
        given = {
            "run-time": f"{self.run_seconds:g}s",
            "results": folder,
            "csv": folder / "locust",
            "html": folder / "report.html",
            "json-file": folder / STATS_FILE.removesuffix(".json"),  # Locust adds it
        }
        # Failed requests are figures to be judged, not an error of Locust's.
        flags = ["--headless", "--only-summary", "--csv-full-history", "--exit-code-on-error", "0"]
        return [*self.web_arguments(), *_options(given), *flags]

    def web_arguments(self) -> list[str]:
        """The command line of Locust with its web UI, where a person starts the run."""
        given: dict[str, object] = {
            "stage": self.stage,
            "schema": self.schema,
            "users": self.publishers,
            "events-per-user": self.rate / self.publishers,
            "warm-up": self.warm_up_seconds,
            "shape": self.shape.value,
            "reads": self.reads,
            "tops": self.tops,
            "probes": self.probes,
            "customers": self.customers,
            "data": self.data,
            "seed": self.seed,
        }
        if self.workers:
            given["processes"] = self.workers
        return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *_options(given)]


def _options(given: Mapping[str, object]) -> list[str]:
    return [text for name, value in given.items() for text in (f"--{name}", str(value))]


def run_locust(plan: Plan, folder: Path, *, on_progress: Callable[[float], object] = lambda _: None) -> None:
    """Run to the end; `on_progress` is told the seconds since the start. Raises LocustError.

    Ctrl-C ends Locust too, which still writes what it has.
    """
    log = folder / LOG
    with log.open("wb") as output, _process(plan.arguments(folder), output) as process:
        started = time.monotonic()
        while process.poll() is None:
            elapsed = time.monotonic() - started
            if elapsed > plan.warm_up_seconds + plan.run_seconds + GRACE_SECONDS:
                raise LocustError(f"Locust did not end {GRACE_SECONDS:g} s after the run; see {log}")
            on_progress(elapsed)
            time.sleep(0.1)
    if process.returncode != 0 or not (folder / STATS_FILE).exists():
        raise LocustError(f"Locust ended with code {process.returncode}: {_last_line(log)}; see {log}")
    if exceptions := _exceptions(folder):
        # Not a failed request but a user that died of a defect: its share of the load was never there.
        raise LocustError(f"users of the load test failed: {exceptions[0]}; see {log}")


@contextmanager
def _process(command: list[str], output: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is ours to pass on
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(ENDED)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _exceptions(folder: Path) -> list[str]:
    """What users died of, as Locust tells it."""
    with (folder / "locust_exceptions.csv").open(newline="") as file:
        return [row["Message"] for row in csv.DictReader(file)]


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
