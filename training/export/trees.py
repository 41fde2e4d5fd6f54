"""A forest as tree nodes whose leaves hold one weight per feature: all contributions from one walk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from training.export.forest import LEAF, Forest
from training.export.nodes import ML_DOMAIN, Nodes
from training.export.paths import Table64, path_contributions

# onnxruntime adds up a node's trees in float32, so few to a node; the nodes are added up in float64.
TREES_PER_NODE = 16


def add_trees(
    nodes: Nodes,
    forest: Forest,
    values: Table64,
    owners: NDArray[np.int64],
    features: int,
    encoded: str,
    part: str,
) -> str:
    """Add a forest's trees; gives the float64 (n, features) sums of their path contributions."""
    sums = []
    for number, start in enumerate(range(0, len(forest.roots), TREES_PER_NODE)):
        trees = slice(start, start + TREES_PER_NODE)
        attributes = _tree_node(forest, *path_contributions(forest, values, owners, features, trees))
        output = f"{part}/trees/{number}"
        nodes.add("TreeEnsembleRegressor", [encoded], output, domain=ML_DOMAIN, **attributes)
        sums.append(nodes.cast(output, f"{output}/precise", TensorProto.DOUBLE))
    return nodes.add("Sum", sums, f"{part}/parts")


def _tree_node(forest: Forest, here: NDArray[np.int64], vectors: Table64) -> dict[str, Any]:
    """The attributes of https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html."""
    leaf = forest.is_leaf[here]
    tree = forest.tree[here] - forest.tree[here[0]]
    first = here[0]
    node_id = here - first
    at, feature = _stored(vectors.astype(np.float32), leaf)
    attributes: dict[str, Any] = {
        "n_targets": vectors.shape[1],
        "nodes_treeids": tree,
        "nodes_nodeids": node_id,
        "nodes_featureids": forest.column[here],
        "nodes_values": forest.threshold[here],
        "nodes_modes": np.where(leaf, LEAF, forest.mode),
        "nodes_truenodeids": np.where(leaf, 0, forest.yes[here] - first),
        "nodes_falsenodeids": np.where(leaf, 0, forest.no[here] - first),
        "target_treeids": tree[at],
        "target_nodeids": node_id[at],
        "target_ids": feature,
        "target_weights": vectors.astype(np.float32)[at, feature],
    }
    if forest.missing_yes.any():
        attributes["nodes_missing_value_tracks_true"] = forest.missing_yes[here].astype(np.int64)
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in attributes.items()
    }


def _stored(vectors: NDArray[np.float32], leaf: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Which weights of which leaves to store: all but zeros, and one of a leaf that has no other."""
    wanted = (vectors != 0) & leaf[:, None]
    wanted[leaf & ~wanted.any(axis=1), 0] = True
    at, feature = np.nonzero(wanted)
    return at, feature
