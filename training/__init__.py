"""Train a churn model on a table of your own, from Python.

    from training import read_table, train
    from contract.schema import load_schema

    schema = load_schema("telco")
    trained = train(read_table("customers.csv", schema), schema, candidates=["logistic_bins"])
    print(trained.manifest.metrics["roc_auc"].mean)

Importing this package is cheap; scikit-learn and the like come with the names that need them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.data.dataset import Table, read_table, table_from_rows
    from training.evaluation.thresholds import ThresholdRule
    from training.registry.registry import Registry
    from training.result import TrainedModel
    from training.workflow import rebuild, train

__all__ = [
    "Registry",
    "Table",
    "ThresholdRule",
    "TrainedModel",
    "read_table",
    "rebuild",
    "table_from_rows",
    "train",
]

_HOMES = {
    "Registry": "training.registry.registry",
    "Table": "training.data.dataset",
    "ThresholdRule": "training.evaluation.thresholds",
    "TrainedModel": "training.result",
    "read_table": "training.data.dataset",
    "rebuild": "training.workflow",
    "table_from_rows": "training.data.dataset",
    "train": "training.workflow",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'training' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
