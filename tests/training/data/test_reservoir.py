"""A sample of a stream: fair, in order, and the same whatever comes at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.reservoir import Reservoir


def sample(count: int, size: int, seed: int, at_a_time: int) -> list[int]:
    reservoir: Reservoir[str] = Reservoir(size, seed)
    for start in range(0, count, at_a_time):
        numbers = np.arange(start, min(start + at_a_time, count))
        reservoir.offer(len(numbers), lambda chosen, numbers=numbers: {"n": numbers[chosen]})  # type: ignore[misc]
        assert reservoir.held <= 1.5 * size + at_a_time
    assert reservoir.seen == count
    found: list[int] = reservoir.columns()["n"].tolist()
    return found


@given(count=st.integers(1, 4000), size=st.integers(1, 900), seed=st.integers(0, 50), a=st.integers(1, 90))
@settings(max_examples=60, deadline=None)
def test_a_sample_is_in_order_and_does_not_depend_on_how_many_come_at_a_time(
    count: int, size: int, seed: int, a: int
) -> None:
    """Exactly `size` rows, or all of fewer; one seed, one sample."""
    found = sample(count, size, seed, a)
    assert len(found) == min(count, size)
    assert found == sorted(set(found))
    smallest = np.argsort(np.random.default_rng(seed).random(count))[:size]
    assert found == np.sort(smallest).tolist()


def test_every_row_has_the_same_chance() -> None:
    """First, middle and last rows are kept equally often: 300 seeds, 30 of 120 rows."""
    kept = np.zeros(120)
    for seed in range(300):
        kept[sample(120, 30, seed, 17)] += 1
    thirds = kept.reshape(3, 40).mean(axis=1)
    np.testing.assert_allclose(thirds, 75, atol=5)
    assert kept.min() > 40
    assert kept.max() < 110
