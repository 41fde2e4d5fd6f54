"""Honest figures: every candidate on the same folds, every row scored by a model that never saw it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_curve,
    roc_auc_score,
)
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.pipeline import Pipeline

from contract.manifest import Calibration, Candidate, Spread

FOLDS = 5
REPEATS = 3
CALIBRATION_BINS = 10
METRICS = ("roc_auc", "pr_auc", "f1", "brier")

Labels = NDArray[np.int8]
Probabilities = NDArray[np.float64]
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(slots=True)
class Evaluation:
    """One candidate's figures per fold, and its out-of-fold probabilities pooled over all repeats.

    `folds[metric]` has one figure per fold, in the order of the folds, so that candidates can be paired.
    `labels` and `probabilities` have REPEATS entries per row of the table.
    """

    name: str
    folds: dict[str, list[float]] = field(default_factory=lambda: {metric: [] for metric in METRICS})
    labels: list[Labels] = field(default_factory=list)
    probabilities: list[Probabilities] = field(default_factory=list)

    def spread(self, metric: str) -> Spread:
        """Mean and standard deviation over folds."""
        figures = self.folds[metric]
        return Spread(mean=float(np.mean(figures)), std=float(np.std(figures, ddof=1)))

    def pooled(self) -> tuple[Labels, Probabilities]:
        """Labels and out-of-fold probabilities of all folds together."""
        return np.concatenate(self.labels), np.concatenate(self.probabilities)

    def summary(self) -> Candidate:
        """The row of the candidate table."""
        return Candidate(name=self.name, **{metric: self.spread(metric) for metric in METRICS})


def make_folds(labels: Labels, seed: int) -> list[Fold]:
    """5 stratified folds, repeated 3 times; the same for the same labels and seed."""
    splitter = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    return list(splitter.split(np.zeros((len(labels), 1)), labels))


def evaluate(
    name: str,
    make: Callable[[], Pipeline],
    frame: pd.DataFrame,
    labels: Labels,
    folds: Sequence[Fold],
    on_fold: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Fit and judge one candidate on every fold. The F1 threshold is tuned on the fold's training part."""
    evaluation = Evaluation(name)
    for train, test in folds:
        fitted = make().fit(frame.iloc[train], labels[train])
        threshold = best_f1_threshold(labels[train], churn_probability(fitted, frame.iloc[train]))
        scored = churn_probability(fitted, frame.iloc[test])
        for metric, figure in _judge(labels[test], scored, threshold).items():
            evaluation.folds[metric].append(figure)
        evaluation.labels.append(labels[test])
        evaluation.probabilities.append(scored)
        on_fold()
    return evaluation


def churn_probability(fitted: Pipeline, frame: pd.DataFrame) -> Probabilities:
    """The positive class's probability, shape (n,)."""
    probabilities: Probabilities = fitted.predict_proba(frame)[:, 1]
    return probabilities


def _judge(labels: Labels, scored: Probabilities, threshold: float) -> dict[str, float]:
    return {
        "roc_auc": float(roc_auc_score(labels, scored)),
        "pr_auc": float(average_precision_score(labels, scored)),
        "f1": float(f1_score(labels, scored >= threshold, zero_division=0.0)),
        "brier": float(brier_score_loss(labels, scored)),
    }


def best_f1_threshold(labels: Labels, scored: Probabilities) -> float:
    """The lowest probability to act on so that F1 is highest."""
    precision, recall, thresholds = precision_recall_curve(labels, scored)
    # 2PR/(P+R), where 0/0 is a threshold that catches nobody.
    total = np.maximum(precision + recall, np.finfo(float).tiny)
    f1 = 2 * precision * recall / total
    return float(thresholds[np.argmax(f1[:-1])])


def calibration(labels: Labels, scored: Probabilities) -> Calibration:
    """Reliability in ten equal-width bins, empty ones left out; ECE weighted by their size."""
    bins = np.minimum((scored * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    count = np.bincount(bins, minlength=CALIBRATION_BINS)
    used = count > 0
    predicted = np.bincount(bins, weights=scored, minlength=CALIBRATION_BINS)[used] / count[used]
    observed = np.bincount(bins, weights=labels, minlength=CALIBRATION_BINS)[used] / count[used]
    ece = float((np.abs(predicted - observed) * count[used]).sum() / count.sum())
    return Calibration(
        ece=ece,
        mean_predicted=predicted.tolist(),
        share_observed=observed.tolist(),
        count=count[used].tolist(),
    )
