"""The trees of any fitted ensemble in one form, whatever library grew them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from training.errors import ExportError
from training.export.convert import convert_classifier

Positions = NDArray[np.int64]
COMPARE = {"BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less}
LEAF = "LEAF"
FORESTS = (
    DecisionTreeClassifier,
    RandomForestClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
)
BOOSTED = ("xgboost.", "lightgbm.")  # optional libraries


@dataclass(frozen=True, slots=True)
class Forest:
    """Nodes of all trees in flat arrays; `yes` and `no` are positions in them, a leaf's its own.

    A row goes to `yes` where `row[column]` compares (`mode`) with `threshold`, or is NaN and `missing_yes`.
    `value` is what a leaf adds to `base`. The sum is log-odds, or for `averaged` trees the probability.
    """

    tree: Positions
    column: Positions
    threshold: NDArray[np.float32]
    yes: Positions
    no: Positions
    missing_yes: NDArray[np.bool_]
    value: NDArray[np.float64]
    mode: str
    base: float
    averaged: bool

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        return np.equal(self.yes, np.arange(len(self.yes)))

    @property
    def roots(self) -> Positions:
        """One position per tree: its first node."""
        return np.flatnonzero(np.diff(self.tree, prepend=-1))

    def leaves(self, encoded: NDArray[np.float32]) -> Positions:
        """(n, trees): the leaf that each row ends in."""
        at = np.tile(self.roots, (len(encoded), 1))
        rows = np.arange(len(encoded))[:, None]
        while True:
            given = encoded[rows, self.column[at]]
            goes = COMPARE[self.mode](given, self.threshold[at]) | (np.isnan(given) & self.missing_yes[at])
            following = np.where(goes, self.yes[at], self.no[at])
            if np.array_equal(following, at):
                return at
            at = following

    def levels(self) -> Iterator[Positions]:
        """The inner nodes, level by level from the roots down."""
        leaf = self.is_leaf
        level = self.roots[~leaf[self.roots]]
        while len(level):
            yield level
            below = np.concatenate([self.yes[level], self.no[level]])
            level = below[~leaf[below]]


def read_forest(classifier: Any, columns: int) -> Forest:
    """The trees of a fitted classifier, as its ONNX converter writes them: thresholds rounded to float32.

    Raises ExportError where it is no ensemble of trees for two classes.
    """
    converted = convert_classifier(classifier, columns)
    found = [node for node in converted.graph.node if node.op_type == "TreeEnsembleClassifier"]
    if len(found) != 1:
        raise ExportError(
            f"{type(classifier).__name__}: converts to {len(found)} tree ensembles, expected one; "
            "choose another candidate"
        )
    return _from_attributes(_attributes(found[0]), type(classifier).__name__)


def is_forest(classifier: Any) -> bool:
    """Whether a classifier is an ensemble of trees that `read_forest` knows; imports no library to tell."""
    if isinstance(classifier, FORESTS):
        return True
    return any(each.__module__.startswith(BOOSTED) for each in type(classifier).__mro__)


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}


def _from_attributes(given: dict[str, Any], name: str) -> Forest:
    modes = np.array([mode.decode() for mode in given["nodes_modes"]])
    leaf = modes == LEAF
    tree = np.array(given["nodes_treeids"], dtype=np.int64)
    at = {key: i for i, key in enumerate(zip(given["nodes_treeids"], given["nodes_nodeids"], strict=True))}
    value = np.zeros(len(tree))
    leaves = zip(given["class_treeids"], given["class_nodeids"], given["class_weights"], strict=True)
    for tree_id, node_id, weight in leaves:
        value[at[tree_id, node_id]] += weight

    def child(key: str) -> Positions:
        found = [at.get(pair, -1) for pair in zip(given["nodes_treeids"], given[key], strict=True)]
        return np.where(leaf, np.arange(len(tree)), np.array(found, dtype=np.int64))

    return Forest(
        tree=tree,
        column=np.where(leaf, 0, np.array(given["nodes_featureids"], dtype=np.int64)),
        threshold=np.array(given["nodes_values"], dtype=np.float32),
        yes=child("nodes_truenodeids"),
        no=child("nodes_falsenodeids"),
        missing_yes=np.array(given.get("nodes_missing_value_tracks_true", leaf & False), dtype=bool),
        value=value,
        mode=_only_mode(set(modes[~leaf].tolist()), set(given["class_ids"]), name),
        base=float(sum(given.get("base_values", [0.0]))),
        averaged=given["post_transform"] == b"NONE",
    )


def _only_mode(modes: set[str], classes: set[int], name: str) -> str:
    if len(classes) > 1 or len(modes) > 1 or modes - COMPARE.keys():
        told = f"{', '.join(sorted(modes))} for {len(classes)} classes"
        raise ExportError(
            f"{name}: its trees compare by {told}, expected one of {', '.join(COMPARE)} for one class; "
            "choose another candidate"
        )
    return next(iter(modes), "BRANCH_LEQ")  # where nothing is split, it does not matter
