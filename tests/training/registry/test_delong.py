"""The interval of a ROC AUC difference is that of the definition, and covers as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.registry.delong import AucDifference, delong

ROWS = st.integers(4, 40).flatmap(
    lambda n: st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)), min_size=n, max_size=n)
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_it_is_the_difference_of_two_roc_aucs_with_ties(rows: list[tuple[bool, int, int]]) -> None:
    """scikit-learn's own figures, and the variance as the paper defines it, pair by pair."""
    labels = np.array([1, 0, 1, 0, *(int(row[0]) for row in rows)], dtype=np.int8)
    first, second = (np.array([1, 0, 1, 0, *(row[i] for row in rows)], dtype=np.float64) for i in (1, 2))
    found = delong(labels, first, second)
    assert found.difference == pytest.approx(roc_auc_score(labels, first) - roc_auc_score(labels, second))
    half = (found.high - found.low) / 2
    assert half == pytest.approx(1.959964 * np.sqrt(_variance(labels, first, second)), abs=1e-6)


def _variance(labels: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    wins = [_wins(scored[labels == 1], scored[labels == 0]) for scored in (first, second)]
    gap = wins[0] - wins[1]
    churners, stayers = gap.mean(axis=1), gap.mean(axis=0)
    return float(churners.var(ddof=1) / len(churners) + stayers.var(ddof=1) / len(stayers))


def _wins(churned: np.ndarray, stayed: np.ndarray) -> np.ndarray:
    return (churned[:, None] > stayed) + 0.5 * (churned[:, None] == stayed)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Two models equal by construction: about 95 of 100 intervals hold 0."""
    covered = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        labels = (np.arange(200) < 60).astype(np.int8)
        first, second = (labels + random.normal(size=200) for _ in range(2))
        found = delong(labels, first, second)
        covered += found.low <= 0 <= found.high
        assert (found.p_value < 0.05) == (not found.low <= 0 <= found.high)
    assert 0.92 <= covered / 300 <= 0.98


def test_equal_scores_differ_by_nothing() -> None:
    """And there is no uncertainty about it."""
    labels = np.array([0, 1, 0, 1], dtype=np.int8)
    scored = np.array([0.1, 0.9, 0.4, 0.3])
    assert delong(labels, scored, scored) == AucDifference(0.0, 0.0, 0.0, 1.0)
