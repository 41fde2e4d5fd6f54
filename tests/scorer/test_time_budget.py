"""How an invocation's time is shared out between writing, keeping rejected records, and answering."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import SettingsError
from scorer.time_budget import ANSWER_SECONDS, MIN_SECONDS, REQUEST_SECONDS, RESERVE_SECONDS, TimeBudget


def begun(remaining: float, now: float = 1000.0) -> TimeBudget:
    budget = TimeBudget(monotonic=lambda: now)
    budget.begin(remaining)
    return budget


def test_of_a_minute_all_but_the_reserve_is_for_writing() -> None:
    """The reserve lets the last write and both attempts to store rejected records time out in full."""
    budget = begun(60)
    assert budget.writing_until == 1000 + 60 - RESERVE_SECONDS
    assert budget.writes_end == budget.writing_until + REQUEST_SECONDS
    assert budget.ends - budget.writes_end == 2 * REQUEST_SECONDS
    assert 1000 + 60 - budget.ends == ANSWER_SECONDS


@given(st.floats(MIN_SECONDS, 900), st.floats(0, 1e6))
def test_any_invocation_writes_for_half_its_time_and_answers_in_time(remaining: float, now: float) -> None:
    """However short: the points come in order, and each part has its share."""
    budget = begun(remaining, now)
    end = now + remaining
    assert now < budget.writing_until < budget.writes_end < budget.ends < end
    assert budget.writing_until - now >= remaining / 2 - 1e-6
    assert end - budget.ends >= min(ANSWER_SECONDS, remaining / 10) - 1e-6


@pytest.mark.parametrize("remaining", [0.99, 0.0, -1.0, math.nan])
def test_too_little_time_is_refused(remaining: float) -> None:
    """In one line that says what to raise, and to what."""
    with pytest.raises(SettingsError, match=r"timeoutSeconds: .* raise it to 1 s at least, and to 30 s"):
        begun(remaining)


def test_outside_an_invocation_there_is_no_end() -> None:
    """Whoever has no budget waits as long as the timeouts say."""
    budget = TimeBudget()
    assert budget.writing_until == budget.writes_end == budget.ends == math.inf
