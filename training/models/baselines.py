"""What any model has to beat for its figures to mean something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.metrics import roc_auc_score

from training.models.encoding import Encoding
from training.models.kind import Kind, Params
from training.models.linear import logistic_bins

FOLDS = 5
PRIOR_ROWS = 10  # a level's churn rate starts from this many average customers


def majority(encoding: Encoding, params: Params, seed: int) -> DummyClassifier:  # noqa: ARG001
    """Everybody gets the overall churn rate."""
    return DummyClassifier(strategy="prior")


def one_feature(encoding: Encoding, params: Params, seed: int) -> OneFeature:
    """Churn by one column: the one that `feature` names, else the category that tells most."""
    return OneFeature(encoding, params.get("feature", ""), seed)


class OneFeature(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`logistic_bins` on a single feature.

    Without a name, `fit` takes the categorical feature of the best ROC AUC in its own rows, rates by level
    learned on four fifths and judged on the rest, so that one with many levels gains nothing by chance. A
    schema without categories gives its first number.
    """

    def __init__(self, encoding: Encoding, feature: str = "", seed: int = 0) -> None:
        self.encoding = encoding
        self.feature = feature
        self.seed = seed

    def fit(self, x: pd.DataFrame, y: NDArray[Any]) -> Self:
        """Choose the feature, then fit on it alone."""
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        self.feature_ = self.feature or self._most_telling(x, labels)
        self.pipeline_ = logistic_bins(_only(self.encoding, self.feature_), {}, self.seed).fit(x, labels)
        return self

    def predict_proba(self, x: pd.DataFrame) -> NDArray[np.float64]:
        """(n, 2)."""
        probabilities: NDArray[np.float64] = self.pipeline_.predict_proba(x)
        return probabilities

    def predict(self, x: pd.DataFrame) -> NDArray[Any]:
        """The likelier class."""
        predicted: NDArray[Any] = self.classes_[self.predict_proba(x).argmax(axis=1)]
        return predicted

    def _most_telling(self, x: pd.DataFrame, labels: NDArray[Any]) -> str:
        names = [feature.name for feature in self.encoding.schema.categorical]
        if not names:
            return self.encoding.schema.numeric[0].name
        fold = np.random.default_rng(self.seed).permutation(len(labels)) % FOLDS
        return max(names, key=lambda name: _held_out_auc(x[name].to_numpy(), labels, fold))


def _held_out_auc(column: NDArray[Any], labels: NDArray[Any], fold: NDArray[np.int64]) -> float:
    levels = np.unique(column.astype(str), return_inverse=True)[1]
    scored = np.empty(len(labels))
    for number in range(FOLDS):
        train = fold != number
        rows = np.bincount(levels[train], minlength=levels.max() + 1)
        churned = np.bincount(levels[train], weights=labels[train], minlength=levels.max() + 1)
        rates = (churned + PRIOR_ROWS * labels[train].mean()) / (rows + PRIOR_ROWS)
        scored[~train] = rates[levels[~train]]
    return float(roc_auc_score(labels, scored))


def _only(encoding: Encoding, name: str) -> Encoding:
    """The encoding of a schema that has just one feature."""
    kept = tuple(feature for feature in encoding.schema.features if feature.name == name)
    levels = {column: seen for column, seen in encoding.levels.items() if column == name}
    return replace(encoding, schema=replace(encoding.schema, features=kept), levels=levels)


BASELINES = (
    Kind("majority", "Overall churn rate", 0, majority, family="other", baseline=True, effort=0.1),
    Kind("one_feature", "One column alone", 0, one_feature, family="other", baseline=True, effort=1.5),
)
