"""A fitted linear pipeline as one ONNX graph: events' values in, probability and reasons out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from contract.graph import CONTRIBUTIONS, MARGIN, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.schema import FeatureSchema
from training.export.converters import register_converters
from training.export.graph import REASONS
from training.export.reasons import average_parts, weights_by_feature
from training.models.candidates import ENCODE, MODEL

TARGET_OPSET = {"": 21, "ai.onnx.ml": 3}
IR_VERSION = 10  # what goes with opset 21; a newer one is refused by older runtimes


@dataclass(frozen=True, slots=True)
class Exported:
    """The serialised graph, and the log-odds of the average customer that its contributions start from."""

    onnx: bytes
    base_margin: float


def export(pipeline: Pipeline, schema: FeatureSchema, frame: pd.DataFrame) -> Exported:
    """Convert a fitted linear pipeline; `frame` is the training data, whose averages reasons are against.

    The same pipeline and data give the same bytes.
    """
    weights, average = weights_by_feature(pipeline, schema), average_parts(pipeline, schema, frame)
    base_margin = float(np.float32(pipeline[MODEL].intercept_[0] + average.sum()))
    model = _convert_encoder(pipeline, schema)
    _add_head(model, weights.astype(np.float32), average.astype(np.float32), base_margin)
    checker.check_model(model, full_check=True)
    return Exported(model.SerializeToString(deterministic=True), base_margin)


def _convert_encoder(pipeline: Pipeline, schema: FeatureSchema) -> ModelProto:
    register_converters()
    inputs = [
        (feature.name, (StringTensorType if feature.is_categorical else FloatTensorType)([None, 1]))
        for feature in schema.features
    ]
    model: ModelProto = convert_sklearn(
        pipeline[ENCODE], name=f"churn-{schema.name}", initial_types=inputs, target_opset=TARGET_OPSET
    )
    model.ir_version = IR_VERSION
    # skl2onnx declares the lowest opset its nodes need, and names inputs as identifiers.
    next(each for each in model.opset_import if each.domain == "").version = TARGET_OPSET[""]
    _rename_inputs(model, schema.feature_names)
    return model


def _rename_inputs(model: ModelProto, names: Sequence[str]) -> None:
    renamed = {given.name: name for given, name in zip(model.graph.input, names, strict=True)}
    for given, name in zip(model.graph.input, names, strict=True):
        given.name = name
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def _add_head(
    model: ModelProto, weights: NDArray[np.float32], average: NDArray[np.float32], base_margin: float
) -> None:
    """From the encoded columns to the outputs of contract/manifest.py.

    The few sums that make the margin run in float64, so that only the storage of weights is rounded.
    """
    graph = model.graph
    encoded = graph.output[0].name
    graph.initializer.extend(
        [
            _constant("head/weights", weights),
            _constant("head/minus_average", -average),
            _constant("head/base_margin", np.array([base_margin], dtype=np.float64)),
            _constant("head/feature_axis", np.array([1], dtype=np.int64)),
            _constant("head/reason_count", np.array([min(REASONS, weights.shape[1])], dtype=np.int64)),
        ]
    )
    graph.node.extend(_head_nodes(encoded))
    del graph.output[:]
    features, reasons = weights.shape[1], min(REASONS, weights.shape[1])
    graph.output.extend(
        [
            helper.make_tensor_value_info(PROBABILITY, TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info(MARGIN, TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info(CONTRIBUTIONS, TensorProto.FLOAT, [None, features]),
            helper.make_tensor_value_info(REASON_FEATURE, TensorProto.INT64, [None, reasons]),
            helper.make_tensor_value_info(REASON_CONTRIBUTION, TensorProto.FLOAT, [None, reasons]),
        ]
    )


def _head_nodes(encoded: str) -> list[NodeProto]:
    return [
        _node("Gemm", [encoded, "head/weights", "head/minus_average"], [CONTRIBUTIONS]),
        _node("Cast", [CONTRIBUTIONS], ["head/precise"], to=TensorProto.DOUBLE),
        _node("ReduceSum", ["head/precise", "head/feature_axis"], ["head/total"], keepdims=1),
        _node("Add", ["head/total", "head/base_margin"], ["head/margin"]),
        _node("Cast", ["head/margin"], [MARGIN], to=TensorProto.FLOAT),
        _node("Sigmoid", ["head/margin"], ["head/probability"]),
        _node("Cast", ["head/probability"], [PROBABILITY], to=TensorProto.FLOAT),
        _node("Abs", [CONTRIBUTIONS], ["head/strength"]),
        _node("TopK", ["head/strength", "head/reason_count"], ["head/strongest", REASON_FEATURE], axis=1),
        _node("GatherElements", [CONTRIBUTIONS, REASON_FEATURE], [REASON_CONTRIBUTION], axis=1),
    ]


def _node(op_type: str, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
    return helper.make_node(op_type, inputs, outputs, name=f"head/{op_type}/{outputs[0]}", **attributes)


def _constant(name: str, values: NDArray[Any]) -> TensorProto:
    return numpy_helper.from_array(values, name)
