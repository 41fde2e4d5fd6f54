"""A steady rate: a token bucket, kept as the moment the next event is due."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

# A late event may be made up for this long; longer gaps are forgotten, so no burst follows a pause.
CATCH_UP_SECONDS = 0.05
# Shorter waits cost more than they smooth.
SHORTEST_SLEEP_SECONDS = 0.001


class Pace:
    """Hold callers back to `rate` events per second, smoothly and over all threads together."""

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"rate: found {rate}, expected a number of events per second above 0")
        self._interval_seconds = 1.0 / rate
        self._clock = clock
        self._sleep = sleep
        self._due = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next event may go."""
        with self._lock:
            now = self._clock()
            due = max(self._due, now - CATCH_UP_SECONDS)
            self._due = due + self._interval_seconds
        if due - now > SHORTEST_SLEEP_SECONDS:
            self._sleep(due - now)
