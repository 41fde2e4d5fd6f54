"""Which candidate wins: the simplest of those that cannot be told from the best."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.splits import Splits
from training.evaluation.comparison import Compared
from training.evaluation.evaluation import Evaluation
from training.evaluation.paired import SEPARABLE_T, Paired, paired_test


def judged_to_fitted(splits: Splits) -> float:
    """The mean ratio of judged to fitted rows, which the corrected t-test needs (1/4 for five folds)."""
    return sum(len(test) / len(train) for train, test in splits.outer) / len(splits.outer)


def against(ours: Evaluation, theirs: Evaluation, splits: Splits, metric: str = "roc_auc") -> Paired:
    """Two candidates on the same folds; a positive difference is in favour of `ours`."""
    return paired_test(ours.folds[metric], theirs.folds[metric], judged_to_fitted(splits))


def choose_simplest(eligible: Sequence[Compared], splits: Splits) -> Compared:
    """The simplest candidate that is not separably worse than the one of highest mean ROC AUC.

    Of equally simple ones the better mean wins. The more complex model has to earn its place.
    """
    best = max(eligible, key=lambda each: each.evaluation.spread("roc_auc").mean)
    level = [each for each in eligible if against(best.evaluation, each.evaluation, splits).t <= SEPARABLE_T]
    return min(level, key=lambda each: (each.kind.complexity, -each.evaluation.spread("roc_auc").mean))
