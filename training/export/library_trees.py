"""The trees of a fitted ensemble as its own library holds and walks them; nothing here goes through ONNX.

The parity gate compares with these, so they share no code with forest.py and paths.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

Positions = NDArray[np.int64]
Table64 = NDArray[np.float64]
NO_PARENT = -1


@dataclass(frozen=True, slots=True)
class LibraryTree:
    """One tree: each node's parent (-1 at the root), the column it splits, and a leaf's value."""

    parent: Positions
    column: Positions
    value: Table64
    is_leaf: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LibraryForest:
    """All trees; `leaves` gives (n, trees) node numbers, `margin` the log-odds where those add up."""

    trees: list[LibraryTree]
    leaves: Callable[[Table64], Positions]
    margin: Callable[[Table64], Table64] | None


def read_library(model: Any) -> LibraryForest:
    """The trees of a fitted scikit-learn, XGBoost or LightGBM classifier of two classes."""
    if isinstance(model, DecisionTreeClassifier):
        return LibraryForest([_averaged(model, 1)], lambda x: model.apply(x)[:, None], None)
    if isinstance(model, RandomForestClassifier | ExtraTreesClassifier):
        trees = [_averaged(each, len(model.estimators_)) for each in model.estimators_]
        return LibraryForest(trees, model.apply, None)
    if isinstance(model, GradientBoostingClassifier):
        trees = [_boosted(each, model.learning_rate) for each in model.estimators_[:, 0]]
        return LibraryForest(
            trees, lambda x: model.apply(x)[:, :, 0].astype(np.int64), model.decision_function
        )
    if isinstance(model, HistGradientBoostingClassifier):
        return _histogram(model)
    return _xgboost(model) if hasattr(model, "get_booster") else _lightgbm(model)


def _tree(children: Sequence[tuple[Any, ...]], column: Any, value: Any, is_leaf: Any) -> LibraryTree:
    parent = np.full(len(value), NO_PARENT, dtype=np.int64)
    for node, below in enumerate(children):
        if not is_leaf[node]:
            parent[list(below)] = node
    leaf = np.asarray(is_leaf, dtype=bool)
    return LibraryTree(parent, np.where(leaf, 0, column).astype(np.int64), np.asarray(value, float), leaf)


def _averaged(estimator: Any, trees: int) -> LibraryTree:
    tree = estimator.tree_
    share = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    return _sklearn(tree, share / trees)


def _boosted(estimator: Any, rate: float) -> LibraryTree:
    return _sklearn(estimator.tree_, estimator.tree_.value[:, 0, 0] * rate)


def _sklearn(tree: Any, value: Table64) -> LibraryTree:
    children = list(zip(tree.children_left, tree.children_right, strict=True))
    return _tree(children, tree.feature, value, tree.children_left < 0)


def _histogram(model: Any) -> LibraryForest:
    tables = [predictors[0].nodes for predictors in model._predictors]
    trees = [
        _tree(list(zip(t["left"], t["right"], strict=True)), t["feature_idx"], t["value"], t["is_leaf"] > 0)
        for t in tables
    ]
    return LibraryForest(
        trees, lambda x: np.stack([_walk(t, x) for t in tables], axis=1), model.decision_function
    )


def _walk(nodes: NDArray[Any], x: Table64) -> Positions:
    """The leaf of each row, by the rule of sklearn/ensemble/_hist_gradient_boosting/_predictor.pyx."""
    split = np.flatnonzero(nodes["is_leaf"] == 0)
    left, right = (np.arange(len(nodes)) for _ in range(2))  # a leaf leads to itself
    left[split], right[split] = nodes["left"][split], nodes["right"][split]
    column = np.where(nodes["is_leaf"] > 0, 0, nodes["feature_idx"])
    threshold, missing_left = nodes["num_threshold"].copy(), nodes["missing_go_to_left"] > 0
    at, rows = np.zeros(len(x), dtype=np.int64), np.arange(len(x))
    while True:
        given = x[rows, column[at]]
        goes = (given <= threshold[at]) | (np.isnan(given) & missing_left[at])
        following = np.where(goes, left[at], right[at])
        if np.array_equal(following, at):
            return at
        at = following


def _xgboost(model: Any) -> LibraryForest:
    table = model.get_booster().trees_to_dataframe()
    trees = []
    for _, nodes in table.groupby("Tree"):
        by_number = nodes.set_index("Node").sort_index()
        leaf = (by_number["Feature"] == "Leaf").to_numpy()
        children = [
            (0, 0) if is_leaf else tuple(int(name.split("-")[1]) for name in pair)
            for is_leaf, *pair in zip(leaf, by_number["Yes"], by_number["No"], strict=True)
        ]
        column = [-1 if name == "Leaf" else int(name[1:]) for name in by_number["Feature"]]
        trees.append(_tree(children, column, by_number["Gain"].to_numpy(), leaf))
    return LibraryForest(
        trees,
        lambda x: model.apply(x).reshape(len(x), -1).astype(np.int64),
        lambda x: model.predict(x, output_margin=True).astype(np.float64),
    )


def _lightgbm(model: Any) -> LibraryForest:
    trees = [_from_dump(each["tree_structure"]) for each in model.booster_.dump_model()["tree_info"]]
    return LibraryForest(
        trees,
        lambda x: model.booster_.predict(x, pred_leaf=True).reshape(len(x), -1).astype(np.int64),
        lambda x: model.booster_.predict(x, raw_score=True),
    )


def _from_dump(root: dict[str, Any]) -> LibraryTree:
    """LightGBM numbers leaves and splits apart: here leaves come first, under their own numbers."""
    leaves, splits = _collect(root)
    count = len(leaves)
    parent = np.full(count + len(splits), NO_PARENT, dtype=np.int64)
    for number, split in splits.items():
        for side in ("left_child", "right_child"):
            below = split[side]
            at = count + below["split_index"] if "split_index" in below else below.get("leaf_index", 0)
            parent[at] = count + number
    column = [0] * count + [splits[number]["split_feature"] for number in sorted(splits)]
    value = [leaves[number]["leaf_value"] for number in sorted(leaves)] + [0.0] * len(splits)
    return LibraryTree(
        parent, np.array(column, dtype=np.int64), np.array(value, dtype=float), np.arange(len(parent)) < count
    )


def _collect(root: dict[str, Any]) -> tuple[dict[int, Any], dict[int, Any]]:
    leaves, splits, open_nodes = {}, {}, [root]
    while open_nodes:
        node = open_nodes.pop()
        if "split_index" in node:
            splits[node["split_index"]] = node
            open_nodes += [node["left_child"], node["right_child"]]
        else:
            leaves[node.get("leaf_index", 0)] = node
    return leaves, splits
