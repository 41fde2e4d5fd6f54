"""How much time is shown, and in periods of what length."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.dashboard.errors import DashboardError
from infra.dashboard.series import Window

SHORTCUTS = ("15m", "1h", "3h", "12h", "1d", "1w")
DEFAULT_SINCE = "1h"
UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST_DAYS = 63  # CloudWatch keeps periods of 5 minutes for so long
MOST_PERIODS = 300  # more points than a panel has pixels to tell apart
# CloudWatch's own choices; each divides the next, and all are multiples of 60.
PERIODS = (60, 300, 900, 3600, 21600, 86400)


@dataclass(frozen=True, slots=True)
class Shown:
    """The time that a dashboard shows: the last `seconds` before `now`, in epoch seconds.

    Periods follow the length of the time, unless the panels have `own_periods`.
    """

    seconds: int
    now: float
    own_periods: bool = False

    @property
    def window(self) -> Window:
        """In periods that follow its length."""
        return window(self.seconds, self.now, period_for(self.seconds))

    def window_of(self, own_period: int, *, as_one: bool) -> Window:
        """As a line with a period of its own shows it, or all of it as one period."""
        shortest = period_for(self.seconds)
        seen = window(self.seconds, self.now, max(own_period, shortest) if self.own_periods else shortest)
        return whole(seen) if as_one else seen


def read_since(text: str) -> int:
    """Seconds of a length such as 15m, 3h or 1w. Raises DashboardError with what was expected."""
    match = re.fullmatch(r"([1-9]\d{0,4})([mhdw])", text)
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    if not 60 <= seconds <= LONGEST_DAYS * 86400:
        raise DashboardError(
            f"the time {text!r} is none: expected a length such as {', '.join(SHORTCUTS)}, "
            f"up to {LONGEST_DAYS}d"
        )
    return seconds


def period_for(seconds: int) -> int:
    """The period in which so much time is shown."""
    return next((period for period in PERIODS if seconds / period <= MOST_PERIODS), PERIODS[-1])


def window(seconds: int, now: float, period: int) -> Window:
    """The last `seconds` before `now` in whole periods; the current one is included, though not yet over.

    Begins at a multiple of the period: CloudWatch counts periods from the begin that is asked for, and other
    endpoints from the epoch, so only then do they agree.
    """
    end = (int(now) // period + 1) * period
    return Window(end - (-(-seconds // period) + 1) * period, end, period)


def whole(seen: Window) -> Window:
    """The same time as one period, however periods are counted: from its begin, or from the epoch.

    It is a multiple of the window's own, because CloudWatch keeps short periods for a short time only.
    """
    period = seen.period * len(seen.times)
    while seen.start // period != (seen.end - 1) // period:
        period += seen.period
    return Window(seen.start, seen.end, period)
