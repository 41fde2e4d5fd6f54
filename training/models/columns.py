"""What a fitted model makes of each feature: its columns, and where its part of the score jumps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.models.kind import Model
from training.models.numeric import NumberEncoder
from training.models.pipeline import ENCODE, MODEL, NUMBERS
from training.models.single_precision import floor_to_float32

Splits = tuple[NDArray[Any], NDArray[Any]]  # encoded columns, and the thresholds they are compared with


def feature_of_column(pipeline: Pipeline, schema: FeatureSchema) -> NDArray[np.int64]:
    """For every column of the encoded table, the schema position of the feature it was made from."""
    position = {name: i for i, name in enumerate(schema.feature_names)}
    owners: list[int] = []
    for _, encoder, columns in pipeline[ENCODE].transformers_:
        if isinstance(encoder, NumberEncoder):
            local = encoder.column_owners.tolist()
        else:
            local = [i for i, levels in enumerate(encoder.categories_) for _ in levels]
        owners += [position[columns[i]] for i in local]
    return np.array(owners, dtype=np.int64)


def thresholds(model: Model) -> dict[str, NDArray[np.float32]]:
    """Where each numeric feature's part of the score jumps or bends: parity is hardest there.

    Ascending and each once, by feature; of a vote those of all members. A split of a tree is the largest
    float32 on its lower side, for XGBoost, which compares by `<`, the smallest on its upper side.
    """
    members = model.estimators_ if isinstance(model, VotingClassifier) else [model]
    found = [part for member in members for part in _of_pipeline(member)]
    return {
        name: np.unique(np.concatenate([cuts for owner, cuts in found if owner == name]))
        for name in dict.fromkeys(owner for owner, _ in found)
    }


def _of_pipeline(pipeline: Pipeline) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for part, encoder, names in pipeline[ENCODE].transformers_:
        if part == NUMBERS:
            yield from zip(names, encoder.thresholds, strict=True)
            column, cut = _splits(pipeline[MODEL])
            # Numbers come first of all columns, and of these the numbers themselves.
            for position, name in enumerate(names):
                yield name, floor_to_float32(cut[column == position])


def _splits(model: Any) -> Splits:
    """Every split of every tree of a fitted classifier; none where it has no trees."""
    parts = list(_each_tree(model))
    if not parts:
        return np.array([], dtype=np.int64), np.array([], dtype=np.float64)
    column, cut = (np.concatenate(each) for each in zip(*parts, strict=True))
    return column, cut.astype(np.float64)


def _each_tree(model: Any) -> Iterator[Splits]:
    if hasattr(model, "tree_"):
        inner = model.tree_.children_left >= 0
        yield model.tree_.feature[inner], model.tree_.threshold[inner]
    elif hasattr(model, "_predictors"):  # histogram gradient boosting
        for predictor in chain.from_iterable(model._predictors):
            nodes = predictor.nodes[predictor.nodes["is_leaf"] == 0]
            yield nodes["feature_idx"], nodes["num_threshold"]
    elif hasattr(model, "get_booster"):  # XGBoost
        saved = json.loads(bytes(model.get_booster().save_raw("json")))
        for tree in saved["learner"]["gradient_booster"]["model"]["trees"]:
            inner = np.array(tree["left_children"]) >= 0
            cuts = np.array(tree["split_conditions"], dtype=np.float32)
            yield np.array(tree["split_indices"])[inner], cuts[inner]
    elif hasattr(model, "booster_"):  # LightGBM
        for tree in model.booster_.dump_model()["tree_info"]:
            yield _lightgbm_splits(tree["tree_structure"])
    else:
        for each in np.ravel(getattr(model, "estimators_", [])):
            yield from _each_tree(each)


def _lightgbm_splits(root: dict[str, Any]) -> Splits:
    columns, cuts, waiting = [], [], [root]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            columns.append(node["split_feature"])
            cuts.append(node["threshold"])
            waiting += [node["left_child"], node["right_child"]]
    return np.array(columns, dtype=np.int64), np.array(cuts, dtype=np.float64)
