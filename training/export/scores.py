"""Each kind of model as nodes that give every feature's part of the score, against the average customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.errors import ExportError
from training.export.convert import add_encoder, encoded_width
from training.export.forest import Forest, is_forest, read_forest
from training.export.linear import is_linear, linear_weights
from training.export.nodes import Nodes
from training.export.paths import average, node_values
from training.export.trees import add_trees
from training.models.candidates import ENCODE, MODEL, feature_of_column

ROWS_PER_SLICE = 2_000  # bounds memory, and keeps a slice of trees in the processor's cache
SAME = 1e-9  # closer than this, a secant's slope is lost in rounding


class LogOdds(NamedTuple):
    """`parts`, float64 (n, features), and `base` add up to the log-odds."""

    parts: str
    base: float


class Share(NamedTuple):
    """`parts`, float64 (n, features), and `base` add up to the probability."""

    parts: str
    base: float


class Attribution(NamedTuple):
    """The schema position that each encoded column counts for, and how many there are.

    A model without reasons counts everything for one.
    """

    schema: FeatureSchema
    reasons: bool

    def owners(self, pipeline: Pipeline) -> NDArray[np.int64]:
        owners = feature_of_column(pipeline, self.schema)
        return owners if self.reasons else np.zeros_like(owners)

    @property
    def features(self) -> int:
        return len(self.schema.features) if self.reasons else 1


def add_score(
    nodes: Nodes, model: Pipeline | VotingClassifier, to: Attribution, frame: pd.DataFrame, part: str
) -> LogOdds | Share:
    """Add a fitted model, from the graph's inputs to its parts.

    Raises ExportError for a model of which no parts are known.
    """
    if isinstance(model, VotingClassifier):
        return _add_vote(nodes, model, to, frame, part)
    if is_linear(model[MODEL]):
        return _add_linear(nodes, model, to, frame, part)
    if is_forest(model[MODEL]):
        return _add_forest(nodes, model, to, frame, part)
    raise ExportError(
        f"{type(model[MODEL]).__name__}: its reasons cannot be made in the graph; train with --no-reasons, "
        "or choose another candidate"
    )


def has_parts(model: Pipeline | VotingClassifier) -> bool:
    """Whether `add_score` knows the model."""
    if isinstance(model, VotingClassifier):
        return all(has_parts(member) for member in model.estimators_)
    return is_linear(model[MODEL]) or is_forest(model[MODEL])


def _add_linear(nodes: Nodes, pipeline: Pipeline, to: Attribution, frame: pd.DataFrame, part: str) -> LogOdds:
    """In float64 throughout. Each column has one owner, so two vectors say what a sparse matrix would."""
    column_weights, intercept = linear_weights(pipeline[MODEL])
    owners = to.owners(pipeline)
    sums = [encoded.sum(axis=0, dtype=np.float64) for encoded in _encoded(pipeline, frame)]
    parts_of_mean = np.sum(sums, axis=0) / len(frame) * column_weights
    mean = np.bincount(owners, weights=parts_of_mean, minlength=to.features)

    encoded = add_encoder(nodes, pipeline[ENCODE], to.schema, f"{part}/encode")
    precise = nodes.cast(encoded, f"{part}/encoded", TensorProto.DOUBLE)
    owner = nodes.constant(f"{part}/owners", owners[:, None])
    feature = nodes.constant(f"{part}/features", np.arange(to.features)[None, :])
    owned = nodes.add("Equal", [owner, feature], f"{part}/owned")
    weight = nodes.constant(f"{part}/weights", column_weights[:, None])
    mask = nodes.cast(owned, f"{part}/mask", TensorProto.DOUBLE)
    weights = nodes.add("Mul", [mask, weight], f"{part}/table")  # of constants: onnxruntime folds it
    minus_mean = nodes.constant(f"{part}/minus_average", -mean)
    return LogOdds(
        nodes.add("Gemm", [precise, weights, minus_mean], f"{part}/parts"), float(intercept + mean.sum())
    )


def _add_forest(
    nodes: Nodes, pipeline: Pipeline, to: Attribution, frame: pd.DataFrame, part: str
) -> LogOdds | Share:
    forest: Forest = read_forest(pipeline[MODEL], encoded_width(pipeline))
    values = node_values(forest, _encoded(pipeline, frame))
    encoded = add_encoder(nodes, pipeline[ENCODE], to.schema, f"{part}/encode")
    parts = add_trees(nodes, forest, values, to.owners(pipeline), to.features, encoded, part)
    return (Share if forest.averaged else LogOdds)(parts, average(forest, values))


def _add_vote(nodes: Nodes, vote: VotingClassifier, to: Attribution, frame: pd.DataFrame, part: str) -> Share:
    """The members' probabilities, averaged; so are the features' parts of them."""
    weights = np.asarray(vote.weights if vote.weights is not None else np.ones(len(vote.estimators_)))
    shares = weights / weights.sum()
    weighted, base = [], 0.0
    for (name, _), member, share in zip(vote.estimators, vote.estimators_, shares, strict=True):
        here = f"{part}/{name}"
        score = to_share(nodes, add_score(nodes, member, to, frame, here), here)
        weight = nodes.number(f"{here}/weight", share)
        weighted.append(nodes.add("Mul", [score.parts, weight], f"{here}/weighted"))
        base += float(share) * score.base
    return Share(nodes.add("Sum", weighted, f"{part}/parts"), base)


def to_share(nodes: Nodes, score: LogOdds | Share, part: str) -> Share:
    """Parts of log-odds as parts of the probability, in proportion (DeepLIFT's Rescale rule).

    Shrikumar et al. 2017, https://arxiv.org/abs/1704.02685, section 3.5.1: the slope is that of the secant
    between the average customer and this one, or the derivative where they are the same.
    """
    if isinstance(score, Share):
        return score
    base = float(1 / (1 + np.exp(-score.base)))
    change = nodes.sum_rows(score.parts, f"{part}/change")
    margin = nodes.add("Add", [change, nodes.number(f"{part}/base", score.base)], f"{part}/margin")
    probability = nodes.add("Sigmoid", [margin], f"{part}/probability")
    minus_base = nodes.number(f"{part}/minus_base_share", -base)
    risen = nodes.add("Add", [probability, minus_base], f"{part}/risen")
    slope = add_slope(nodes, risen, change, base * (1 - base), f"{part}/slope")
    return Share(nodes.add("Mul", [score.parts, slope], f"{part}/share"), base)


def add_slope(nodes: Nodes, rise: str, run: str, derivative: float, output: str) -> str:
    """rise / run, and the derivative where the run is next to nothing."""
    size = nodes.add("Abs", [run], f"{output}/size")
    flat = nodes.add("Less", [size, nodes.number(f"{output}/same", SAME)], f"{output}/flat")
    secant = nodes.add("Div", [rise, run], f"{output}/secant")
    return nodes.add("Where", [flat, nodes.number(f"{output}/derivative", derivative), secant], output)


def _encoded(pipeline: Pipeline, frame: pd.DataFrame) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(frame), ROWS_PER_SLICE):
        yield pipeline[ENCODE].transform(frame.iloc[start : start + ROWS_PER_SLICE]).astype(np.float32)
