"""The figures of one fold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

TOP_SHARE = 0.1


def judge(labels: NDArray[np.int8], scored: NDArray[np.float64], threshold: float) -> dict[str, float]:
    """Every metric of `training.evaluation.evaluation.METRICS`; a customer is flagged from `threshold` on."""
    flagged = scored >= threshold
    return {
        "roc_auc": float(roc_auc_score(labels, scored)),
        "pr_auc": float(average_precision_score(labels, scored)),
        "brier": float(brier_score_loss(labels, scored)),
        "f1": float(f1_score(labels, flagged, zero_division=0.0)),
        "precision": float(precision_score(labels, flagged, zero_division=0.0)),
        "recall": float(recall_score(labels, flagged, zero_division=0.0)),
        "precision_top_10": precision_at_top(labels, scored),
    }


def precision_at_top(
    labels: NDArray[np.int8], scored: NDArray[np.float64], share: float = TOP_SHARE
) -> float:
    """The share of churners among the `share` of customers with the highest scores, rounded up.

    Customers tied at the border count by their share of the places left, so row order plays no part.
    """
    places = math.ceil(len(scored) * share)
    border = np.partition(scored, len(scored) - places)[len(scored) - places]
    above, tied = scored > border, scored == border
    found = labels[above].sum() + labels[tied].mean() * (places - above.sum())
    return float(found / places)
