"""A fitted candidate as one ONNX graph: events' values in, probability and reasons out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd
from onnx import ModelProto, TensorProto, checker, helper
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from contract.graph import OUTPUTS
from contract.schema import FeatureSchema
from training.errors import ExportError
from training.export.convert import TARGET_OPSET, add_classifier, add_encoder
from training.export.head import add_bare_head, add_head, log_odds, outputs
from training.export.nodes import Nodes
from training.export.scores import Attribution, add_score, has_parts
from training.models.candidates import ENCODE

IR_VERSION = 10  # what goes with opset 21; a newer one is refused by older runtimes

Fitted: TypeAlias = Pipeline | VotingClassifier


@dataclass(frozen=True, slots=True)
class Exported:
    """The serialised graph, and the log-odds of the average customer that its contributions start from.

    Without reasons the base margin is that of the mean probability, and nothing is added to it.
    """

    onnx: bytes
    base_margin: float
    has_reasons: bool = True


def export(pipeline: Fitted, schema: FeatureSchema, frame: pd.DataFrame, *, reasons: bool = True) -> Exported:
    """Convert a fitted candidate; `frame` is the training data, whose averages reasons are against.

    The same pipeline and data give the same bytes. Without `reasons`, contributions and reasons have width 0
    and any classifier that skl2onnx knows will do. Raises ExportError, naming the candidate's class, where
    it cannot be converted or its reasons cannot be made.
    """
    nodes = Nodes()
    features = len(schema.features) if reasons else 0
    if reasons or has_parts(pipeline):
        score = add_score(nodes, pipeline, Attribution(schema, reasons), frame, "model")
        base_margin = add_head(nodes, score, features)
    else:
        encoded = add_encoder(nodes, pipeline[ENCODE], schema, "model/encode")
        add_bare_head(nodes, add_classifier(nodes, pipeline, encoded, "model"))
        base_margin = log_odds(float(pipeline.predict_proba(frame)[:, 1].mean()))
    model = _assemble(nodes, schema, features)
    return Exported(model.SerializeToString(deterministic=True), base_margin, reasons)


def _assemble(nodes: Nodes, schema: FeatureSchema, features: int) -> ModelProto:
    inputs = [
        helper.make_tensor_value_info(
            feature.name, TensorProto.STRING if feature.is_categorical else TensorProto.FLOAT, [None, 1]
        )
        for feature in schema.features
    ]
    kept, constants = nodes.needed(OUTPUTS)
    _check_names(
        schema, {*(name for node in kept for name in node.output), *(each.name for each in constants)}
    )
    graph = helper.make_graph(kept, f"churn-{schema.name}", inputs, outputs(features), constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in TARGET_OPSET.items()]
    model: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    checker.check_model(model, full_check=True)
    return model


def _check_names(schema: FeatureSchema, taken: set[str]) -> None:
    clashing = taken.intersection(schema.feature_names)
    if clashing:
        raise ExportError(
            f"feature {min(clashing)!r}: the graph needs this name for a value of its own; rename the column "
            "and the feature in the schema"
        )
