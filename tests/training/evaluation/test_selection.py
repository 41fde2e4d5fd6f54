"""Which candidate is chosen: the simplest of those that cannot be told apart from the best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.evaluation.comparison import Compared
from training.evaluation.evaluate import Choice, Study
from training.evaluation.selection import choose_simplest, judged_to_fitted
from training.models.candidates import select
from training.result import TrainedModel


@pytest.fixture(scope="module")
def simple(several: TrainedModel) -> Compared:
    """What the others are compared with."""
    return Compared(select(["logistic_bins"])[0], several.evaluation, Choice({}, 0.5, np.empty(0)))


def like(base: Compared, name: str, *, complexity: int, shift: float) -> Compared:
    """The same figures, moved by `shift` on average and by a hundredth from fold to fold."""
    noise = np.random.default_rng(0).normal(size=15)
    noise -= noise.mean()
    folds = dict(base.evaluation.folds)
    folds["roc_auc"] = (np.array(folds["roc_auc"]) + shift + 0.01 * noise).tolist()
    return replace(
        base,
        kind=replace(base.kind, name=name, complexity=complexity),
        evaluation=replace(base.evaluation, folds=folds),
    )


def test_of_models_that_cannot_be_told_apart_the_simplest_wins(
    simple: Compared, several: TrainedModel
) -> None:
    """A hair's breadth is no reason for a forest; a real difference is."""
    fancy = like(simple, "vote", complexity=99, shift=0.0001)
    assert choose_simplest([simple, fancy], several.splits) is simple
    better = like(simple, "vote", complexity=99, shift=0.05)
    assert choose_simplest([simple, better], several.splits) is better


def test_of_equally_simple_models_the_better_one_wins(simple: Compared, several: TrainedModel) -> None:
    """Whichever was named first."""
    better = like(simple, "sgd", complexity=simple.kind.complexity, shift=0.0001)
    assert choose_simplest([simple, better], several.splits) is better
    assert choose_simplest([better, simple], several.splits) is better


def test_a_simple_model_that_is_separably_worse_than_the_best_is_out(
    simple: Compared, several: TrainedModel
) -> None:
    """Also where a third one, as simple, is in between and cannot be told apart from the best."""
    worst = like(simple, "naive_bayes", complexity=1, shift=-0.1)
    best = like(simple, "vote", complexity=99, shift=0.0001)
    assert choose_simplest([worst, simple, best], several.splits) is simple


def test_the_ratio_of_judged_to_fitted_rows_is_that_of_five_folds(study: Study) -> None:
    """What the corrected test needs: a quarter."""
    assert judged_to_fitted(study.splits) == pytest.approx(0.25, abs=0.001)
