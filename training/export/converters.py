"""ONNX for the encoders of training/models/numeric.py, registered with skl2onnx.

https://onnx.ai/sklearn-onnx/auto_tutorial/plot_icustom_converter.html
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.operator_converters.common import concatenate_variables

from training.models.numeric import ClippedRange, FilledNumbers, QuantileRamps, QuantileSteps


def register_converters() -> None:
    """Teach skl2onnx our encoders; calling it again changes nothing."""
    update_registered_converter(QuantileSteps, "ChurnQuantileSteps", _shape, _convert_steps)
    update_registered_converter(ClippedRange, "ChurnClippedRange", _shape, _convert_ramps)
    update_registered_converter(QuantileRamps, "ChurnQuantileRamps", _shape, _convert_ramps)
    update_registered_converter(FilledNumbers, "ChurnFilledNumbers", _shape, _convert_filled)


def _shape(operator: Any) -> None:
    rows = operator.inputs[0].get_first_dimension()
    columns = len(operator.raw_operator.column_owners)
    operator.outputs[0].type = FloatTensorType([rows, columns])


class _Nodes:
    """Adds nodes to skl2onnx's container, naming what it makes."""

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope = scope
        self._container = container

    def constant(self, hint: str, values: Any, kind: int) -> str:
        array = np.asarray(values)
        name: str = self._scope.get_unique_variable_name(hint)
        self._container.add_initializer(name, kind, list(array.shape), array.ravel().tolist())
        return name

    def add(self, op_type: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or self._scope.get_unique_variable_name(op_type.lower())
        name = self._scope.get_unique_operator_name(op_type)
        self._container.add_node(op_type, inputs, output, name=name, **attributes)
        return output

    def select(self, table: str, columns: Any) -> str:
        return self.add("Gather", [table, self.constant("columns", columns, TensorProto.INT64)], axis=1)

    def to_float(self, name: str) -> str:
        return self.add("Cast", [name], to=TensorProto.FLOAT)


def _fill(nodes: _Nodes, numbers: str, encoder: Any) -> tuple[str, str]:
    """The numbers with medians where missing, and where that was."""
    missing = nodes.add("IsNaN", [numbers])
    medians = nodes.constant("medians", encoder.medians_, TensorProto.FLOAT)
    return nodes.add("Where", [missing, medians, numbers]), missing


def _finish(nodes: _Nodes, encoded: str, missing: str, operator: Any) -> None:
    parts = [nodes.to_float(encoded)]
    if len(operator.raw_operator.marked_):
        parts.append(nodes.to_float(nodes.select(missing, operator.raw_operator.marked_)))
    nodes.add("Concat", parts, operator.outputs[0].full_name, axis=1)


def _convert_steps(scope: Any, operator: Any, container: Any) -> None:
    nodes, encoder = _Nodes(scope, container), operator.raw_operator
    filled, missing = _fill(nodes, concatenate_variables(scope, operator.inputs, container), encoder)
    edges = nodes.constant("edges", encoder.edges_, TensorProto.FLOAT)
    steps = nodes.add("GreaterOrEqual", [nodes.select(filled, encoder.owners_), edges])
    _finish(nodes, steps, missing, operator)


def _convert_ramps(scope: Any, operator: Any, container: Any) -> None:
    nodes, encoder = _Nodes(scope, container), operator.raw_operator
    filled, missing = _fill(nodes, concatenate_variables(scope, operator.inputs, container), encoder)
    low = nodes.constant("low", encoder.low_, TensorProto.DOUBLE)
    high = nodes.constant("high", encoder.high_, TensorProto.DOUBLE)
    scale = nodes.constant("scale", encoder.scale_, TensorProto.DOUBLE)
    chosen = nodes.select(filled, encoder.owners_)
    precise = nodes.add("Cast", [chosen], to=TensorProto.DOUBLE)
    clipped = nodes.add("Min", [nodes.add("Max", [precise, low]), high])
    scaled = nodes.add("Mul", [nodes.add("Sub", [clipped, low]), scale])
    _finish(nodes, scaled, missing, operator)


def _convert_filled(scope: Any, operator: Any, container: Any) -> None:
    nodes, encoder = _Nodes(scope, container), operator.raw_operator
    filled, missing = _fill(nodes, concatenate_variables(scope, operator.inputs, container), encoder)
    _finish(nodes, filled, missing, operator)
