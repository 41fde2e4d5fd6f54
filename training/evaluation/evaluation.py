"""One candidate's figures, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Spread
from training.evaluation.calibration import expected_calibration_error
from training.models.kind import Params

METRICS = ("roc_auc", "pr_auc", "brier", "f1", "precision", "recall", "precision_top_10")

Labels: TypeAlias = NDArray[np.int8]
Probabilities: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]


@dataclass(slots=True)
class Evaluation:
    """A candidate's figures per outer fold, and what it said of rows it never saw.

    All lists are in the order of the outer folds, so that candidates can be paired: `tests[i]` are the row
    numbers judged in fold i, `labels[i]` and `probabilities[i]` belong to them, `thresholds[i]` and
    `params[i]` were chosen on the fold's training rows alone. `repeats` runs of folds cover the table once
    each. `fit_seconds` is the mean wall clock of one fit.
    """

    name: str
    title: str
    repeats: int
    folds: dict[str, list[float]] = field(default_factory=lambda: {metric: [] for metric in METRICS})
    tests: list[Rows] = field(default_factory=list)
    labels: list[Labels] = field(default_factory=list)
    probabilities: list[Probabilities] = field(default_factory=list)
    thresholds: list[float] = field(default_factory=list)
    params: list[Params] = field(default_factory=list)
    fit_seconds: float = 0.0

    def spread(self, metric: str) -> Spread:
        """Mean and standard deviation over folds."""
        figures = self.folds[metric]
        return Spread(mean=float(np.mean(figures)), std=float(np.std(figures, ddof=1)))

    def pooled(self) -> tuple[Labels, Probabilities]:
        """Labels and out-of-fold probabilities of all folds together."""
        return np.concatenate(self.labels), np.concatenate(self.probabilities)

    @property
    def ece(self) -> Spread:
        """Expected calibration error, pooled over all folds; `std` is over the repeats (0 where only one)."""
        size = len(self.labels) // self.repeats
        each = [
            expected_calibration_error(
                np.concatenate(self.labels[start : start + size]),
                np.concatenate(self.probabilities[start : start + size]),
            )
            for start in range(0, len(self.labels), size)
        ]
        pooled = expected_calibration_error(*self.pooled())
        return Spread(mean=pooled, std=float(np.std(each, ddof=1)) if len(each) > 1 else 0.0)
