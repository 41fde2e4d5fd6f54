"""Fitted candidates and their graphs, small enough for tests."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from contract.inputs import Inputs, columns_of, to_inputs
from contract.schema import FeatureSchema
from tests.training.tables import SHOP, shop_table
from training.data.dataset import Table
from training.export.export import Exported, export
from training.export.graph import Graph, Outputs
from training.models.candidates import CANDIDATES, build
from training.models.encoding import learn_encoding, to_frame

VOTE = {"linear": "logistic_bins", "tree": "gradient_boosting", "tree_params": {"trees": 10}}
FEW_TREES: Mapping[str, Mapping[str, Any]] = {
    "random_forest": {"trees": 40},
    "extra_trees": {"trees": 20},
    "gradient_boosting": {"trees": 20},
    "hist_gradient_boosting": {"trees": 20},
    "xgboost": {"trees": 20},
    "lightgbm": {"trees": 20},
    "vote": VOTE,
}
WITH_REASONS = tuple(n for n, kind in CANDIDATES.items() if kind.gives_reasons and not kind.baseline)
TREES = tuple(name for name, kind in CANDIDATES.items() if kind.family == "tree")


def fit(name: str, table: Table, schema: FeatureSchema = SHOP) -> Any:
    """A candidate with few trees, fitted on a table."""
    model = build(name, learn_encoding(table.inputs, schema), FEW_TREES.get(name, {}), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a small table does not always converge
        return model.fit(to_frame(table.inputs), table.labels)


@cache
def shop_model(name: str) -> Any:
    """The candidate fitted on the shop, once for all who only look at it."""
    return fit(name, shop_table())


@cache
def shop_graph(name: str) -> Exported:
    """Its graph, with reasons."""
    return graph_of(shop_model(name), shop_table())


def graph_of(model: Any, table: Table, schema: FeatureSchema = SHOP, *, reasons: bool = True) -> Exported:
    """The model's graph, with the table as its training data."""
    return export(model, schema, to_frame(table.inputs), reasons=reasons)


def run(exported: Exported, inputs: Inputs, schema: FeatureSchema = SHOP) -> Outputs:
    """What a graph says of rows."""
    return Graph(exported.onnx, schema, exported.has_reasons).run(inputs)


def rows(*values: tuple[Any, ...], schema: FeatureSchema = SHOP) -> Inputs:
    """Rows of values in schema order as graph inputs."""
    return to_inputs(columns_of(values, schema), schema)
