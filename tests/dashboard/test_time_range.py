"""How much time is shown, and in which periods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.dashboard.errors import DashboardError
from infra.dashboard.time_range import (
    LONGEST_DAYS,
    MOST_PERIODS,
    SHORTCUTS,
    period_for,
    read_since,
    whole,
    window,
)


def test_lengths_of_time_are_read_or_refused() -> None:
    """With what was expected."""
    assert [read_since(text) for text in SHORTCUTS] == [900, 3600, 10800, 43200, 86400, 604800]
    for wrong in ("", "1", "h", "0h", "-1h", "1.5h", "1y", "64d", "99999w", "1h "):
        with pytest.raises(DashboardError, match="expected a length such as 15m, 1h, 3h"):
            read_since(wrong)


@given(st.integers(60, LONGEST_DAYS * 86400), st.floats(1e9, 3e9))
def test_a_window_covers_the_time_in_whole_periods(seconds: int, now: float) -> None:
    """Up to now, from a multiple of the period on, in no more periods than can be seen, or in one."""
    period = period_for(seconds)
    seen = window(seconds, now, period)
    assert seen.start <= now - seconds
    assert now < seen.end <= now + period
    assert seen.start % period == 0
    assert len(seen.times) <= MOST_PERIODS + 1
    one = whole(seen)
    assert (one.start, one.end) == (seen.start, seen.end)
    assert one.period >= seen.end - seen.start
    assert one.period % period == 0
    assert one.start // one.period == (one.end - 1) // one.period
