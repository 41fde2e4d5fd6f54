"""Linear models as what they share: log-odds that are a weighted sum of the encoded columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.naive_bayes import BernoulliNB

Table64 = NDArray[np.float64]


def is_linear(model: Any) -> bool:
    """Whether `linear_weights` can be had: one weight per column, or naive Bayes on indicators."""
    return isinstance(model, BernoulliNB) or np.shape(getattr(model, "coef_", ()))[:1] == (1,)


def linear_weights(model: Any) -> tuple[Table64, float]:
    """(columns,) weights and the intercept of a fitted two-class model; with them log-odds are x @ w + b.

    For naive Bayes over indicators, log P(x | class) = sum of x log p + (1 - x) log(1 - p), so that the
    difference of two classes is linear in x (Minsky & Papert 1969, ch. 12).
    """
    if not isinstance(model, BernoulliNB):
        return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])
    present = model.feature_log_prob_
    absent = np.log1p(-np.exp(present))
    weights = present - absent
    bias = model.class_log_prior_ + absent.sum(axis=1)
    return weights[1] - weights[0], float(bias[1] - bias[0])
