"""Figures that can be trusted: same folds, no peeking, definitions that match scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier

from training.evaluation.evaluate import FOLDS, REPEATS, best_f1_threshold, calibration, evaluate, make_folds


def _noise(rows: int) -> tuple[pd.DataFrame, Any]:
    random = np.random.default_rng(0)
    return pd.DataFrame({"x": random.normal(size=rows)}), (random.random(rows) < 0.3).astype(np.int8)


def test_every_row_is_tested_once_per_repeat_and_never_trained_on_then() -> None:
    """5 folds, 3 times over, the same for the same seed, with the classes in proportion."""
    labels = (np.arange(200) % 4 == 0).astype(np.int8)
    folds = make_folds(labels, seed=3)
    assert len(folds) == FOLDS * REPEATS
    for train, test in folds:
        assert not set(train) & set(test)
        assert labels[test].mean() == pytest.approx(0.25)
    tested = np.bincount(np.concatenate([test for _, test in folds]))
    assert set(tested) == {REPEATS}
    for (_, test), (_, same) in zip(folds, make_folds(labels, seed=3), strict=True):
        np.testing.assert_array_equal(test, same)


def test_a_model_that_memorises_gains_nothing_on_noise() -> None:
    """Nearest neighbour knows its training rows by heart, and scores no better than chance."""
    frame, labels = _noise(300)
    memoriser = evaluate("knn", lambda: KNeighborsClassifier(1), frame, labels, make_folds(labels, 0))
    assert memoriser.spread("roc_auc").mean == pytest.approx(0.5, abs=0.07)


def test_a_constant_model_scores_as_it_must() -> None:
    """ROC AUC .5, PR AUC the share of positives, Brier p(1-p), and perfect calibration."""
    frame, labels = _noise(400)
    dummy = evaluate("prior", DummyClassifier, frame, labels, make_folds(labels, 0))
    share = labels.mean()
    assert dummy.spread("roc_auc").mean == 0.5
    assert dummy.spread("pr_auc").mean == pytest.approx(share, abs=0.01)
    assert dummy.spread("brier").mean == pytest.approx(share * (1 - share), abs=0.001)
    assert calibration(*dummy.pooled()).ece == pytest.approx(0, abs=0.01)
    assert len(dummy.pooled()[0]) == REPEATS * len(labels)


class Echo:
    """A model whose probability is its input."""

    def fit(self, frame: pd.DataFrame, labels: Any) -> Echo:
        return self

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        return np.column_stack([1 - frame["x"], frame["x"]])


def test_the_threshold_is_tuned_without_a_look_at_the_test_rows() -> None:
    """Training rows part at .6 and test rows at .3: with the training threshold no test row is caught."""
    frame = pd.DataFrame({"x": [0.5, 0.5, 0.6, 0.6, 0.2, 0.3]})
    labels = np.array([0, 0, 1, 1, 0, 1], dtype=np.int8)
    fold = (np.arange(4), np.arange(4, 6))
    found = evaluate("echo", Echo, frame, labels, [fold])
    assert found.folds["f1"] == [0.0]
    assert found.folds["roc_auc"] == [1.0]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=60))
def test_no_other_threshold_has_a_better_f1(rows: list[tuple[bool, int]]) -> None:
    """The tuned threshold is best among all probabilities that occur."""
    labels = np.array([True, *(label for label, _ in rows)], dtype=np.int8)
    scored = np.array([10, *(score for _, score in rows)]) / 20
    best = f1_score(labels, scored >= best_f1_threshold(labels, scored), zero_division=0.0)
    assert best >= max(f1_score(labels, scored >= t, zero_division=0.0) for t in scored) - 1e-12


def test_calibration_error_is_the_gap_weighted_by_bin_size() -> None:
    """Two bins, 75 rows off by .1 and 25 rows off by .3: .15."""
    scored = np.array([0.15] * 75 + [0.75] * 25)
    labels = np.zeros(100, dtype=np.int8)
    labels[[*range(4), *range(75, 86)]] = 1
    found = calibration(labels, scored)
    gaps = [abs(0.15 - 4 / 75), abs(0.75 - 11 / 25)]
    assert found.ece == pytest.approx((75 * gaps[0] + 25 * gaps[1]) / 100)
    assert found.count == [75, 25]
    assert found.share_observed == pytest.approx([4 / 75, 11 / 25])
