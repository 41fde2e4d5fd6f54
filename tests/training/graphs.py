"""Ways of breaking a graph that a gate must notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, numpy_helper


def broken(graph: bytes, damage: Callable[[ModelProto], None]) -> bytes:
    """The graph with some damage done to it."""
    model = onnx.load_from_string(graph)
    damage(model)
    damaged: bytes = model.SerializeToString()
    return damaged


def _initializer(model: ModelProto, name: str) -> TensorProto:
    found: TensorProto = next(each for each in model.graph.initializer if each.name.startswith(name))
    return found


def _change(model: ModelProto, name: str, index: int, value: Callable[[np.float32], np.float32]) -> None:
    tensor = _initializer(model, name)
    values = numpy_helper.to_array(tensor).copy()
    values.flat[index] = value(values.flat[index])
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def threshold_up_one_ulp(model: ModelProto) -> None:
    _change(model, "edges", 3, lambda edge: np.nextafter(edge, np.float32(np.inf)))


def threshold_down_one_ulp(model: ModelProto) -> None:
    _change(model, "edges", 3, lambda edge: np.nextafter(edge, np.float32(-np.inf)))


def median_moved(model: ModelProto) -> None:
    _change(model, "medians", 1, lambda median: np.float32(median * 2))


def weight_changed(model: ModelProto) -> None:
    weights = _initializer(model, "head/weights")
    largest = int(np.abs(numpy_helper.to_array(weights)).argmax())
    _change(model, "head/weights", largest, lambda weight: np.float32(weight * 1.001))


def categories_swapped(model: ModelProto) -> None:
    node = next(n for n in model.graph.node if n.op_type == "OneHotEncoder" and len(_texts(n)) > 2)
    texts = _texts(node)
    texts[0], texts[1] = texts[1], texts[0]


def _texts(node: onnx.NodeProto) -> list[bytes]:
    strings: list[bytes] = next(a.strings for a in node.attribute if a.name == "cats_strings")
    return strings


def reasons_smallest_first(model: ModelProto) -> None:
    (node,) = (n for n in model.graph.node if n.op_type == "TopK")
    node.attribute.append(onnx.helper.make_attribute("largest", 0))


def base_margin_moved(model: ModelProto) -> None:
    _change(model, "head/base_margin", 0, lambda margin: margin + 1e-3)


def reasons_attributed_to_another_feature(model: ModelProto) -> None:
    weights = _initializer(model, "head/weights")
    values = np.roll(numpy_helper.to_array(weights), 1, axis=1)
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))


def output_renamed(model: ModelProto) -> None:
    model.graph.output[0].name = "head/total"


def _rename_output(model: ModelProto, name: str) -> str:
    """Let what is computed as output `name` go by another name, so that a node can come after it."""
    for node in model.graph.node:
        node.output[:] = [f"{name}/right" if output == name else output for output in node.output]
        node.input[:] = [f"{name}/right" if given == name else given for given in node.input]
    return f"{name}/right"


def _add(model: ModelProto, op_type: str, inputs: list[str], output: str, **attributes: Any) -> None:
    model.graph.node.append(onnx.helper.make_node(op_type, inputs, [output], **attributes))


def _constant(model: ModelProto, name: str, values: Any) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    return name


def reason_below_zero(model: ModelProto) -> None:
    """Positions counted from the end: numpy's indexing takes them, and the scorer does not."""
    right = _rename_output(model, "reason_feature")
    (output,) = (each for each in model.graph.output if each.name == "contributions")
    features = output.type.tensor_type.shape.dim[1].dim_value
    _add(model, "Sub", [right, _constant(model, "features", np.int64(features))], "reason_feature")


def probability_in_two_columns(model: ModelProto) -> None:
    right = _rename_output(model, "probability")
    _add(model, "Concat", [right, right], "probability", axis=1)
    (output,) = (each for each in model.graph.output if each.name == "probability")
    output.type.tensor_type.shape.dim[1].dim_value = 2


def wrong_for_a_row_alone(model: ModelProto) -> None:
    right = _rename_output(model, "probability")
    _add(model, "Shape", [right], "rows", end=1)
    _add(model, "Equal", ["rows", _constant(model, "one", np.array([1]))], "alone")
    wrong = _constant(model, "wrong", np.array([[0.5]], dtype=np.float32))
    _add(model, "Where", ["alone", wrong, right], "probability")


def batch_of_one_only(model: ModelProto) -> None:
    for given in model.graph.input:
        given.type.tensor_type.shape.dim[0].dim_value = 1


DAMAGES = (
    threshold_up_one_ulp,
    threshold_down_one_ulp,
    median_moved,
    weight_changed,
    categories_swapped,
    reasons_smallest_first,
    base_margin_moved,
    reasons_attributed_to_another_feature,
    output_renamed,
    reason_below_zero,
    probability_in_two_columns,
    wrong_for_a_row_alone,
    batch_of_one_only,
)
