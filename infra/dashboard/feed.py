"""What the page is told each time it asks: the data, or one line about why there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.dashboard.drawn import Shape
from infra.dashboard.snapshot import Deployed


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no data now, in one line that says what to do."""

    line: str


class Feed:
    """Reads a deployed dashboard for any number of pages, one reading at a time.

    A reading is good for `fresh_seconds`, so that several open pages cost as much as one. After an error the
    stage is looked up again, so a page recovers by itself when credentials are renewed or the stage is back.
    `explain` gives the line for an error that a person can act on, and None for any other, which is raised.
    """

    def __init__(
        self,
        connect: Callable[[], Deployed],
        explain: Callable[[Exception], str | None],
        *,
        fresh_seconds: float,
    ) -> None:
        self._connect = connect
        self._explain = explain
        self._fresh_seconds = fresh_seconds
        self._deployed: Deployed | None = None
        self._read: dict[int, tuple[float, Shape]] = {}
        self._lock = threading.Lock()

    def read(self, seconds: int) -> Shape | Refusal:
        """The dashboard of the last `seconds`, or why it cannot be read."""
        with self._lock:
            at, shape = self._read.get(seconds, (0.0, {}))
            if shape and time.monotonic() - at < self._fresh_seconds:
                return shape
            try:
                self._deployed = self._deployed or self._connect()
                shape = self._deployed.snapshot(seconds)
            except Exception as error:
                self._deployed = None
                self._read.clear()
                if (line := self._explain(error)) is None:
                    raise
                return Refusal(line)
            self._read[seconds] = (time.monotonic(), shape)
            return shape
