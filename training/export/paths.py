"""Path contributions: what each split on a row's way through a tree adds to its score.

A node's value is the mean of the tree over the training rows that reach it, so a root's is the average
customer's; walking from the root to a leaf, the change in value at each split belongs to the feature that
is split on (Saabas 2014, http://blog.datadive.net/interpreting-random-forests/; Palczewska et al. 2013,
https://arxiv.org/abs/1312.1121). Root value and contributions add up to the leaf's value exactly.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from training.export.forest import Forest

Table64 = NDArray[np.float64]


def node_values(forest: Forest, encoded: Iterable[NDArray[np.float32]]) -> Table64:
    """Each node's mean leaf value over the encoded training rows, given in slices.

    Of a node that no row reaches it is the mean of the two below it, or the leaf's own value.
    """
    counts = np.zeros(len(forest.tree))
    for part in encoded:
        counts += np.bincount(forest.leaves(part).ravel(), minlength=len(counts))
    values = forest.value.copy()
    for level in reversed(list(forest.levels())):
        yes, no = forest.yes[level], forest.no[level]
        reached = counts[yes] + counts[no]
        share = np.divide(counts[yes], reached, out=np.full(len(level), 0.5), where=reached > 0)
        values[level] = share * values[yes] + (1 - share) * values[no]
        counts[level] = reached
    return values


def average(forest: Forest, values: Table64) -> float:
    """The mean of the whole ensemble over the training rows."""
    return float(forest.base + values[forest.roots].sum())


def path_contributions(
    forest: Forest, values: Table64, owners: NDArray[np.int64], features: int, trees: slice
) -> tuple[NDArray[np.int64], Table64]:
    """Positions of the nodes of some trees, and for each the (features,) sum of changes on the way to it."""
    ends = np.append(forest.roots, len(forest.tree))
    start, stop = ends[trees.start], ends[min(trees.stop, len(ends) - 1)]
    vectors = np.zeros((stop - start, features))
    for level in forest.levels():
        here = level[(level >= start) & (level < stop)]
        feature = owners[forest.column[here]]
        for below in (forest.yes[here], forest.no[here]):
            vectors[below - start] = vectors[here - start]
            vectors[below - start, feature] += values[below] - values[here]
    return np.arange(start, stop), vectors
