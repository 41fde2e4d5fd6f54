"""Decision trees, alone and averaged. The number of leaves is bounded, and so is the size of the graph."""

from __future__ import annotations

from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from training.models.encoding import Encoding
from training.models.kind import Kind, Params
from training.models.numeric import FilledNumbers
from training.models.pipeline import assemble

TREE: tuple[Params, ...] = (
    {"max_depth": 6, "min_samples_leaf": 60},
    {"max_depth": 4, "min_samples_leaf": 60},
    {"max_depth": 8, "min_samples_leaf": 100},
)
FOREST: tuple[Params, ...] = (
    {"trees": 100, "min_samples_leaf": 20, "max_leaves": 100},
    {"trees": 100, "min_samples_leaf": 40, "max_leaves": 50},
)


def decision_tree(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """One tree, small enough to read."""
    given = {**TREE[0], **params}
    model = DecisionTreeClassifier(
        max_depth=given["max_depth"], min_samples_leaf=given["min_samples_leaf"], random_state=seed
    )
    return assemble(encoding, FilledNumbers(), model)


def random_forest(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """Trees on resampled rows, each split the best of a few columns."""
    return _forest(RandomForestClassifier, encoding, {**FOREST[0], **params}, seed)


def extra_trees(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """Trees on all rows, each split the best of a few random ones."""
    return _forest(ExtraTreesClassifier, encoding, {**FOREST[0], **params}, seed)


def _forest(
    family: type[RandomForestClassifier | ExtraTreesClassifier], encoding: Encoding, given: Params, seed: int
) -> Pipeline:
    model = family(
        given["trees"],
        min_samples_leaf=given["min_samples_leaf"],
        max_leaf_nodes=given["max_leaves"],
        max_features="sqrt",
        n_jobs=1,
        random_state=seed,
    )
    return assemble(encoding, FilledNumbers(), model)


TREES = (
    Kind("decision_tree", "Decision tree", 4, decision_tree, TREE, family="tree"),
    Kind("random_forest", "Random forest", 5, random_forest, FOREST, family="tree", effort=10),
    Kind("extra_trees", "Extra trees", 5, extra_trees, FOREST, family="tree", effort=8),
)
