"""The figures mean what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.calibration import calibration, expected_calibration_error
from training.evaluation.evaluation import METRICS, Evaluation
from training.evaluation.metrics import judge, precision_at_top


def test_every_metric_of_the_table_is_measured() -> None:
    """Judging one fold gives exactly the columns of the table, by hand where that is quick."""
    labels = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0], dtype=np.int8)
    scored = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    found = judge(labels, scored, threshold=0.7)
    assert set(found) == set(METRICS)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["precision_top_10"] == 1.0
    assert found["roc_auc"] == pytest.approx(19 / 21)


def test_the_top_tenth_is_rounded_up_and_ties_count_by_their_share() -> None:
    """Eleven customers have two places; three tied at the second share it: (1 + 2/3) / 2."""
    scored = np.array([0.9, 0.8, 0.8, 0.8, *[0.1] * 7])
    labels = np.array([1, 1, 0, 1, *[0] * 7], dtype=np.int8)
    assert precision_at_top(labels, scored) == pytest.approx((1 + 2 / 3) / 2)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=50))
def test_the_order_of_rows_plays_no_part_in_the_top_tenth(rows: list[tuple[bool, int]]) -> None:
    """Ties are not decided by who comes first in the file."""
    labels = np.array([label for label, _ in rows], dtype=np.int8)
    scored = np.array([score for _, score in rows], dtype=np.float64)
    backwards = precision_at_top(labels[::-1], scored[::-1])
    assert precision_at_top(labels, scored) == pytest.approx(backwards)


def test_everybody_tied_is_the_base_rate() -> None:
    """A model that cannot tell customers apart finds as many as chance does."""
    labels = np.array([1, 0, 0, 0] * 25, dtype=np.int8)
    assert precision_at_top(labels, np.full(100, 0.25)) == pytest.approx(0.25)


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


def test_calibration_is_pooled_over_folds_and_spread_over_repeats() -> None:
    """Two repeats that err in opposite directions: pooled they cancel, and the spread says so."""
    high, low = np.array([1, 1, 0, 0], dtype=np.int8), np.array([0, 0, 0, 0], dtype=np.int8)
    evaluation = Evaluation("echo", "Echo", repeats=2)
    evaluation.labels = [high, low]
    evaluation.probabilities = [np.full(4, 0.25), np.full(4, 0.25)]
    assert evaluation.ece.mean == pytest.approx(0.0)
    assert evaluation.ece.std == pytest.approx(np.std([0.25, 0.25], ddof=1))
    assert expected_calibration_error(high, np.full(4, 0.25)) == pytest.approx(0.25)
