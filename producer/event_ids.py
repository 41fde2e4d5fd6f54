"""Event ids that sort in the order they were made, also within one millisecond."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_VERSION_AND_VARIANT = (0x7 << 76) | (0b10 << 62)
_LOW_BITS = 62
_RANDOM_BITS = 73  # of 74: the free top bit leaves room to count upwards


class EventIds:
    """UUIDv7 with a monotonic random part (RFC 9562 section 6.2, method 2).

    Two events of one customer may carry the same millisecond; then the id decides which is newer, so ids
    from one source must not be in random order. Thread-safe. `random_bits` is given for
    repeatable streams.
    """

    def __init__(self, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._milliseconds = -1
        self._random = 0

    def new(self, time_ms: int | None = None) -> str:
        """The next id; `time_ms` stands in for the clock (milliseconds since 1970 UTC)."""
        now_ms = time.time_ns() // 1_000_000 if time_ms is None else time_ms
        with self._lock:
            if now_ms > self._milliseconds:
                self._milliseconds, self._random = now_ms, self._random_bits(_RANDOM_BITS)
            else:
                self._random += 1
            milliseconds, random = self._milliseconds, self._random
        high, low = random >> _LOW_BITS, random & ((1 << _LOW_BITS) - 1)
        return str(UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | (high << 64) | low))
