"""What the graph must say, from the fitted pipeline itself: the other side of the parity gate.

Shares no code with what makes the graph, but for whose column is whose; parity.py checks that apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.export.explained import (
    Encoded,
    Explained,
    Reference,
    Table64,
    log_odds,
    secant,
    sigmoid,
    slices,
)
from training.export.forest import is_forest
from training.export.linear import is_linear, linear_weights
from training.export.reference_trees import TreesReference
from training.models.candidates import MODEL


def make_reference(
    model: Pipeline | VotingClassifier, schema: FeatureSchema, frame: pd.DataFrame, has_reasons: bool
) -> Reference:
    """The reference of a fitted candidate; `frame` is the training data."""
    if isinstance(model, VotingClassifier):
        return _Vote(model, schema, frame, has_reasons)
    if is_linear(model[MODEL]):
        return _Linear(model, schema, frame)
    if has_reasons and is_forest(model[MODEL]):
        return TreesReference(model, schema, frame)
    return _Bare(model, schema)


class _Bare(Reference):
    """Any pipeline: no contributions. Its graph is in float32 throughout, so digits get lost on the way."""

    probability_digits = 1e-6  # what the gate allows

    def __init__(self, pipeline: Any, schema: FeatureSchema) -> None:
        self._pipeline = pipeline
        self.used = np.zeros(len(schema.features), dtype=bool)

    def explain(self, frame: pd.DataFrame) -> Explained:
        probability = self._pipeline.predict_proba(frame)[:, 1].astype(np.float64)
        return Explained(probability, log_odds(probability), np.empty((len(frame), 0)))

    def moved(self, frame: pd.DataFrame, base: pd.DataFrame) -> set[int]:  # noqa: ARG002 - knows no columns
        return set()


class _Linear(Encoded):
    separable, from_probability = True, False

    def __init__(self, pipeline: Pipeline, schema: FeatureSchema, frame: pd.DataFrame) -> None:
        super().__init__(pipeline, schema)
        weights, intercept = linear_weights(self.model)
        self.weights = np.zeros((len(weights), self.features))
        self.weights[np.arange(len(weights)), self.owners] = weights
        sums = [(self.encode(part) @ self.weights).sum(axis=0) for part in slices(frame)]
        self.average = np.sum(sums, axis=0) / len(frame)
        self.base_margin = float(intercept + self.average.sum())
        self.used = np.ones(self.features, dtype=bool)

    def explain(self, frame: pd.DataFrame) -> Explained:
        encoded = self.encode(frame)
        parts = encoded @ self.weights
        probability = self.model.predict_proba(encoded)[:, 1]
        return Explained(probability, _margin(self.model, encoded), parts - self.average)


def _margin(model: Any, encoded: Table64) -> Table64:
    """The model's own log-odds, not those of the weights taken from it."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(encoded))
    joint = model.predict_joint_log_proba(encoded)
    return np.asarray(joint[:, 1] - joint[:, 0])


class _Vote(Reference):
    def __init__(
        self, vote: VotingClassifier, schema: FeatureSchema, frame: pd.DataFrame, has_reasons: bool
    ) -> None:
        self._vote, self._has_reasons = vote, has_reasons
        self._members = [make_reference(each, schema, frame, has_reasons) for each in vote.estimators_]
        given = np.asarray(vote.weights if vote.weights is not None else np.ones(len(self._members)), float)
        self._weights = given / given.sum()
        self.used = np.any([each.used for each in self._members], axis=0)
        if has_reasons:
            self._bases = [sigmoid(each.base_margin) for each in self._members]
            self._base = float(self._weights @ self._bases)
            self.base_margin = float(log_odds(self._base))

    def explain(self, frame: pd.DataFrame) -> Explained:
        members = [each.explain(frame) for each in self._members]
        probability = np.asarray(self._vote.predict_proba(frame))[:, 1]
        margin = log_odds(probability)
        if not self._has_reasons:
            return Explained(probability, margin, np.empty((len(frame), 0)))
        shares = np.zeros((len(frame), len(self.used)))
        for weight, base, each, said in zip(self._weights, self._bases, self._members, members, strict=True):
            slope = secant(said.probability - base, said.margin - each.base_margin, base * (1 - base))
            shares += weight * said.contributions * slope[:, None]
        at_base = 1 / (self._base * (1 - self._base))
        slope = secant(margin - self.base_margin, probability - self._base, at_base)
        return Explained(probability, margin, shares * slope[:, None])

    def moved(self, frame: pd.DataFrame, base: pd.DataFrame) -> set[int]:
        return set().union(*(each.moved(frame, base) for each in self._members))
