"""When a user acts next: by a clock, so that a slow answer does not make the next question late."""

from __future__ import annotations

LATENESS_SECONDS = 2.0  # what is further behind is given up: the load must not become a burst after a pause


class Rhythm:
    """Every `interval_seconds`, the first time after a part of it that is the user's own (0 to 1).

    Users that are late act without waiting until they have caught up; that is an open system's load, which
    does not slow down because the system does. What cannot be caught up is missing in the achieved rate.
    """

    def __init__(self, interval_seconds: float, *, phase: float, now: float) -> None:
        self._interval_seconds = interval_seconds
        self._due = now + phase * interval_seconds

    def wait(self, now: float) -> float:
        """Seconds until the next action is due; asks once per action."""
        due = max(self._due, now - LATENESS_SECONDS)
        self._due = due + self._interval_seconds
        return max(0.0, due - now)
