"""How often a shard is asked for records: soon enough for a person, seldom enough for an emulator.

Each GetRecords leaves an iterator in MiniStack for five minutes, and it looks through all of them at every
call to Kinesis: forty calls a second, all day long, take a third of a core and slow every put. AWS's own
pollers ask once a second.
"""

from __future__ import annotations

ACTIVE_POLL_SECONDS = 0.025  # while records come
IDLE_POLL_SECONDS = 0.1  # when none has come for a while
ACTIVE_SECONDS = 2.0
# Reading takes at most a quarter of the time, however slow it is: the same emulator has the rest to do.
PAUSE_PER_READ = 3.0
MAX_PAUSE_SECONDS = 0.25


class Polling:
    """The pause before the next read of one shard."""

    def __init__(self, now: float) -> None:
        self._active_until = now + ACTIVE_SECONDS

    def pause_seconds(self, *, now: float, took_seconds: float, records: int, limit: int) -> float:
        """After a read of `records` that took `took_seconds`: none where it was full, for there is more."""
        if records:
            self._active_until = now + ACTIVE_SECONDS
        if records == limit:
            return 0.0
        usual = ACTIVE_POLL_SECONDS if now < self._active_until else IDLE_POLL_SECONDS
        return max(usual, min(MAX_PAUSE_SECONDS, PAUSE_PER_READ * took_seconds))
