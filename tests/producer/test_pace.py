"""`--rate`: smooth, and honest after a pause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.pace import CATCH_UP_SECONDS, SHORTEST_SLEEP_SECONDS, Pace


class FakeTime:
    """A clock that moves only by sleeping, and then a little too far."""

    def __init__(self, overshoot_seconds: float = 0.0) -> None:
        self.now = 100.0
        self._overshoot_seconds = overshoot_seconds

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds + self._overshoot_seconds


@given(rate=st.floats(1.0, 50_000.0), overshoot_seconds=st.floats(0.0, 0.002))
def test_the_rate_is_kept_even_where_sleep_overshoots(rate: float, overshoot_seconds: float) -> None:
    """A second's worth of events takes a second, give or take what may be caught up."""
    time = FakeTime(overshoot_seconds)
    pace = Pace(rate, clock=time.clock, sleep=time.sleep)
    events = int(rate) + 1
    for _ in range(events):
        pace.wait()
    expected = (events - 1) / rate
    assert expected - SHORTEST_SLEEP_SECONDS <= time.now - 100.0 <= expected + 0.01


def test_no_burst_follows_a_pause() -> None:
    """After a minute of nothing, only a moment's worth of events goes at once."""
    time = FakeTime()
    pace = Pace(100.0, clock=time.clock, sleep=time.sleep)
    pace.wait()
    time.now += 60.0
    before = time.now
    for _ in range(100):
        pace.wait()
    assert time.now - before >= 1.0 - CATCH_UP_SECONDS - 0.02


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    """A rate must be a number above zero."""
    with pytest.raises(ValueError, match="expected a number of events per second above 0"):
        Pace(rate)
