"""Parts of the customers where the model is worse are found, and only those."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.schema import parse_schema
from tests.training.tables import DOCUMENT, SHOP, shop_table
from training.evaluation.evaluation import Evaluation
from training.evaluation.slices import (
    MISSING,
    Grouping,
    auc_standard_error,
    default_columns,
    group_by,
    make_slices,
)

ROWS = 4000


def judged(labels: NDArray[np.int8], scored: NDArray[np.float64]) -> Evaluation:
    """An evaluation of one repeat in two folds."""
    evaluation = Evaluation("echo", "Echo", repeats=1)
    for rows in np.array_split(np.arange(len(labels)), 2):
        evaluation.tests.append(rows)
        evaluation.labels.append(labels[rows])
        evaluation.probabilities.append(scored[rows])
    return evaluation


def customers(seed: int = 0) -> tuple[NDArray[np.int8], NDArray[np.float64], Grouping]:
    """Labels drawn from their own scores, in two halves of no difference."""
    random = np.random.default_rng(seed)
    scored = random.beta(1, 2.5, size=ROWS)
    labels = (random.random(ROWS) < scored).astype(np.int8)
    halves = np.array(["north", "south"], dtype=object)[random.integers(0, 2, size=ROWS)]
    return labels, scored, Grouping("region", halves, ("north", "south"))


def test_no_warning_where_nothing_is_wrong() -> None:
    """Twenty tables without a difference between the halves give no warning."""
    for seed in range(20):
        labels, scored, grouping = customers(seed)
        assert [s.warning for s in make_slices(judged(labels, scored), [grouping])] == ["", ""]


def test_a_part_where_the_order_is_lost_is_warned_of() -> None:
    """In the south scores are shuffled: its AUC is that of chance, and the line says so."""
    labels, scored, grouping = customers()
    south = grouping.slices == "south"
    scored[south] = np.random.default_rng(1).permutation(scored[south])
    north, warned = make_slices(judged(labels, scored), [grouping])
    assert north.warning == ""
    assert warned.roc_auc == pytest.approx(0.5, abs=0.05)
    assert "region south: ROC AUC 0." in warned.warning


def test_a_part_that_leaves_more_often_than_predicted_is_warned_of() -> None:
    """In the south a tenth more leave than the scores say."""
    labels, scored, grouping = customers()
    south = grouping.slices == "south"
    labels[south & (np.random.default_rng(1).random(ROWS) < 0.12)] = 1
    _, warned = make_slices(judged(labels, scored), [grouping])
    assert "more of these" in warned.warning
    assert warned.share_observed > warned.mean_predicted


def test_a_row_counts_once_however_many_repeats_judged_it() -> None:
    """Two repeats of the same rows: counts are those of the table, scores their mean."""
    labels, scored, grouping = customers()
    evaluation = judged(labels, scored - 0.01)
    again = judged(labels, scored + 0.01)
    evaluation.repeats = 2
    evaluation.tests += again.tests
    evaluation.labels += again.labels
    evaluation.probabilities += again.probabilities
    slices = make_slices(evaluation, [grouping])
    assert sum(s.rows for s in slices) == ROWS
    assert sum(s.positives for s in slices) == labels.sum()
    north = grouping.slices == "north"
    assert slices[0].mean_predicted == pytest.approx(scored[north].mean())


def test_a_handful_of_customers_is_no_slice() -> None:
    """Fewer than 30 rows say nothing, and are left out."""
    labels, scored, _ = customers()
    names = np.array(["rare"] * 29 + ["usual"] * (ROWS - 29), dtype=object)
    found = make_slices(judged(labels, scored), [Grouping("kind", names, ("rare", "usual"))])
    assert [s.value for s in found] == ["usual"]


def test_numbers_are_cut_into_bands_of_about_equal_size() -> None:
    """Four bands, every row in one of them, missing ones apart."""
    table = shop_table(400)
    (months,) = group_by(table, SHOP, ["months"])
    counts = [int((months.slices == band).sum()) for band in months.order]
    assert sum(counts) == 400
    assert counts[-1] == 0  # months is never missing
    assert all(70 <= count <= 130 for count in counts[:-1])
    (spend,) = group_by(table, SHOP, ["spend"])
    assert int((spend.slices == MISSING).sum()) == int(np.isnan(table.inputs["spend"]).sum())


def test_the_schema_says_what_is_looked_at() -> None:
    """`x-slices` where there is one, else the first number and the first short lists."""
    assert default_columns(SHOP) == ("months", "plan", "senior", "app")
    assert default_columns(parse_schema({**DOCUMENT, "x-slices": ["plan"]})) == ("plan",)


def test_the_error_of_an_auc_is_that_of_hanley_and_mcneil() -> None:
    """The example of their paper: AUC .893 of 51 abnormal and 58 normal images has an error of .032."""
    assert auc_standard_error(0.893, 51, 58) == pytest.approx(0.032, abs=0.001)
