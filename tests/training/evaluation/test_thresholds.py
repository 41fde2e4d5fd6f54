"""The operating threshold: best F1, lowest cost, or enough churners found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from training.errors import ThresholdError
from training.evaluation.thresholds import PLATEAU, ThresholdRule, confusion_curve

Scored = tuple[NDArray[np.int8], NDArray[np.float64]]


@st.composite
def scored_rows(draw: st.DrawFn) -> Scored:
    """Any labels and scores with at least one churner; ties are frequent."""
    rows = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=60))
    labels = np.array([True, *(label for label, _ in rows)], dtype=np.int8)
    return labels, np.array([draw(st.integers(0, 20)), *(score for _, score in rows)]) / 20


def calibrated(rows: int = 4000, seed: int = 0) -> Scored:
    """Customers whose scores are their true probabilities."""
    random = np.random.default_rng(seed)
    scored = random.beta(1, 2.5, size=rows)
    return (random.random(rows) < scored).astype(np.int8), scored


@given(scored_rows())
def test_the_curve_counts_what_a_threshold_flags(rows: Scored) -> None:
    """At every distinct score: the rows at or above it, and the churners among them."""
    labels, scored = rows
    curve = confusion_curve(labels, scored)
    assert curve.thresholds.tolist() == sorted(set(scored.tolist()))
    for threshold, flagged, found, f1 in zip(
        curve.thresholds, curve.flagged, curve.found, curve.f1, strict=True
    ):
        above = scored >= threshold
        assert (flagged, found) == (above.sum(), labels[above].sum())
        assert f1 == pytest.approx(f1_score(labels, above, zero_division=0.0))


@given(scored_rows())
def test_f1_at_the_threshold_is_within_two_percent_of_the_best(rows: Scored) -> None:
    """The middle of the plateau gives up no more than the plateau allows."""
    labels, scored = rows
    flagged = scored >= ThresholdRule().choose(labels, scored)
    chosen = f1_score(labels, flagged, zero_division=0.0)
    assert chosen >= confusion_curve(labels, scored).f1.max() * (1 - PLATEAU) - 1e-12


def test_calibrated_scores_give_half_the_best_f1() -> None:
    """Where scores are true probabilities, theory says to act from half the best F1 on (Lipton 2014)."""
    labels, scored = calibrated()
    threshold = ThresholdRule().choose(labels, scored)
    assert threshold == pytest.approx(confusion_curve(labels, scored).f1.max() / 2, abs=0.03)


def test_calibrated_scores_are_acted_on_where_the_expected_loss_exceeds_a_contact() -> None:
    """Missing costs ten times a contact: act from a probability of 1/10 on."""
    rule = ThresholdRule("cost", cost_missed=100, cost_contact=10)
    assert rule.choose(*calibrated(20_000)) == pytest.approx(0.1, abs=0.03)
    assert rule.words == "lowest cost, 100 per missed churner and 10 per contact"


def test_cost_per_customer_is_the_sum_over_missed_and_contacted() -> None:
    """Four customers, by hand: contacting the top two misses one churner: (2·1 + 1·5) / 4."""
    labels, scored = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.8, 0.2, 0.1])
    rule = ThresholdRule("cost", cost_missed=5, cost_contact=1)
    costs = rule.cost(confusion_curve(labels, scored))
    assert costs.tolist() == [4 / 4, 3 / 4, 7 / 4, 6 / 4]  # from .1, .2, .8, .9 on


@given(scored_rows(), st.floats(0.01, 1))
def test_enough_churners_are_found_and_no_more_customers_bothered_than_needed(
    rows: Scored, min_recall: float
) -> None:
    """Recall is reached, and would not be from the next higher score on."""
    labels, scored = rows
    threshold = ThresholdRule("recall", min_recall=min_recall).choose(labels, scored)
    assert labels[scored >= threshold].sum() / labels.sum() >= min_recall
    assert labels[scored > threshold].sum() / labels.sum() < min_recall


def test_a_recall_that_is_met_exactly_is_enough() -> None:
    """7 of 50 are 14 %, though .14 times 50 is more than 7 to a computer."""
    labels, scored = np.ones(50, dtype=np.int8), np.arange(50) / 50
    assert ThresholdRule("recall", min_recall=0.14).choose(labels, scored) == scored[43]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "cost", "cost_missed": 5.0}, "give both"),
        ({"kind": "cost", "cost_missed": 5.0, "cost_contact": 5.0}, "0 < contact < missed"),
        ({"kind": "cost", "cost_missed": 5.0, "cost_contact": 0.0}, "0 < contact < missed"),
        ({"kind": "cost", "cost_missed": float("inf"), "cost_contact": 5.0}, "0 < contact < missed"),
        ({"kind": "recall"}, "share in"),
        ({"kind": "recall", "min_recall": 1.5}, "share in"),
        ({"kind": "recall", "min_recall": float("nan")}, "share in"),
    ],
)
def test_a_rule_that_makes_no_sense_is_one_clear_line(rule: dict[str, object], told: str) -> None:
    """The message says what was given and what is expected."""
    with pytest.raises(ThresholdError, match=told) as raised:
        ThresholdRule(**rule)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
