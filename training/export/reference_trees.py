"""Trees as their own library walks them, and the path contributions (as in paths.py) that follow."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.export.explained import Encoded, Explained, Table64, log_odds, secant, sigmoid, slices
from training.export.library_trees import NO_PARENT, LibraryTree, read_library


class TreesReference(Encoded):
    def __init__(self, pipeline: Pipeline, schema: FeatureSchema, frame: pd.DataFrame) -> None:
        super().__init__(pipeline, schema)
        self.forest = read_library(self.model)
        self.from_probability = self.forest.margin is None
        reached, total = [], 0.0
        for part in slices(frame):
            encoded = self.encode(part)
            reached.append(self.forest.leaves(encoded))
            total += float(self._score(encoded).sum())
        average, leaves = total / len(frame), np.concatenate(reached)
        self.base_probability = average if self.from_probability else sigmoid(average)
        self.base_margin = float(log_odds(average)) if self.from_probability else average
        self.tables = [
            _path_table(tree, leaves[:, i], self.owners, self.features)
            for i, tree in enumerate(self.forest.trees)
        ]
        self.used = np.zeros(self.features, dtype=bool)
        for tree in self.forest.trees:
            self.used[self.owners[tree.column[~tree.is_leaf]]] = True

    def _score(self, encoded: Table64) -> Table64:
        """What the trees add up to."""
        if self.forest.margin is not None:
            return self.forest.margin(encoded)
        probability: Table64 = self.model.predict_proba(encoded)[:, 1]
        return probability

    def explain(self, frame: pd.DataFrame) -> Explained:
        encoded = self.encode(frame)
        probability = self.model.predict_proba(encoded)[:, 1].astype(np.float64)
        leaves = self.forest.leaves(encoded)
        parts = np.zeros((len(frame), self.features))
        for i, table in enumerate(self.tables):
            parts += table[leaves[:, i]]
        if self.forest.margin is not None:
            return Explained(probability, self.forest.margin(encoded), parts)
        margin = log_odds(probability)
        at_base = 1 / (self.base_probability * (1 - self.base_probability))
        slope = secant(margin - self.base_margin, probability - self.base_probability, at_base)
        return Explained(probability, margin, parts * slope[:, None])


def _path_table(
    tree: LibraryTree, leaves: NDArray[np.int64], owners: NDArray[np.int64], features: int
) -> Table64:
    """(nodes, features): for each leaf, the changes of the mean on the way up, by whose split it was."""
    size = len(tree.parent)
    ways = {int(leaf): _way_up(tree, int(leaf)) for leaf in np.flatnonzero(tree.is_leaf)}
    counts, sums = np.zeros(size), np.zeros(size)
    for leaf, count in zip(*np.unique(leaves, return_counts=True), strict=True):
        counts[ways[int(leaf)]] += count
        sums[ways[int(leaf)]] += count * tree.value[leaf]
    means = np.divide(sums, counts, out=tree.value.copy(), where=counts > 0)
    table = np.zeros((size, features))
    for leaf, way in ways.items():
        for below, above in pairwise(way):
            table[leaf, owners[tree.column[above]]] += means[below] - means[above]
    return table


def _way_up(tree: LibraryTree, leaf: int) -> list[int]:
    way = [leaf]
    while tree.parent[way[-1]] != NO_PARENT:
        way.append(int(tree.parent[way[-1]]))
    return way
