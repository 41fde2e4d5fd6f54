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
    _change(model, "model/encode/edges", 3, lambda edge: np.nextafter(edge, np.float32(np.inf)))


def threshold_down_one_ulp(model: ModelProto) -> None:
    _change(model, "model/encode/edges", 3, lambda edge: np.nextafter(edge, np.float32(-np.inf)))


def ramp_moved(model: ModelProto) -> None:
    _change(model, "model/encode/low", 1, lambda low: low + 0.01)


def median_moved(model: ModelProto) -> None:
    _change(model, "model/encode/medians", 1, lambda median: np.float32(median * 2))


def weight_changed(model: ModelProto) -> None:
    weights = _initializer(model, "model/weights")
    largest = int(np.abs(numpy_helper.to_array(weights)).argmax())
    _change(model, "model/weights", largest, lambda weight: weight * 1.001)


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
    owners = _initializer(model, "model/owners")
    values = (numpy_helper.to_array(owners) + 1) % numpy_helper.to_array(owners).max()
    owners.CopyFrom(numpy_helper.from_array(values, owners.name))


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


def _tree_attribute(model: ModelProto, name: str) -> onnx.AttributeProto:
    node = next(node for node in model.graph.node if node.op_type == "TreeEnsembleRegressor")
    found: onnx.AttributeProto = next(each for each in node.attribute if each.name == name)
    return found


def leaf_weight_changed(model: ModelProto) -> None:
    weights = _tree_attribute(model, "target_weights").floats
    largest = max(range(len(weights)), key=lambda i: abs(weights[i]))
    weights[largest] *= 1.01


def leaf_weights_of_another_feature(model: ModelProto) -> None:
    """The sum stays as it is."""
    targets = _tree_attribute(model, "target_ids").ints
    targets[:] = [{0: 1, 1: 0}.get(target, target) for target in targets]


def split_on_another_column(model: ModelProto) -> None:
    columns = _tree_attribute(model, "nodes_featureids").ints
    columns[0] = 1 - min(columns[0], 1)


def split_up_one_ulp(model: ModelProto) -> None:
    values = _tree_attribute(model, "nodes_values").floats
    values[0] = np.nextafter(np.float32(values[0]), np.float32(np.inf))


def split_down_one_ulp(model: ModelProto) -> None:
    values = _tree_attribute(model, "nodes_values").floats
    values[0] = np.nextafter(np.float32(values[0]), np.float32(-np.inf))


def equal_goes_the_other_way(model: ModelProto) -> None:
    modes = _tree_attribute(model, "nodes_modes").strings
    modes[:] = [b"BRANCH_LT" if mode == b"BRANCH_LEQ" else mode for mode in modes]


def branches_swapped(model: ModelProto) -> None:
    yes, no = (_tree_attribute(model, f"nodes_{side}nodeids").ints for side in ("true", "false"))
    yes[0], no[0] = no[0], yes[0]


# By the candidate whose graph has what is damaged.
DAMAGES = {
    "naive_bayes": (
        threshold_up_one_ulp,
        threshold_down_one_ulp,
        median_moved,
        weight_changed,
        categories_swapped,
    ),
    "logistic_bins": (
        ramp_moved,
        weight_changed,
        reasons_smallest_first,
        base_margin_moved,
        reasons_attributed_to_another_feature,
        output_renamed,
        reason_below_zero,
        probability_in_two_columns,
        wrong_for_a_row_alone,
        batch_of_one_only,
    ),
    "gradient_boosting": (
        leaf_weight_changed,
        leaf_weights_of_another_feature,
        split_on_another_column,
        split_up_one_ulp,
        split_down_one_ulp,
        equal_goes_the_other_way,
        branches_swapped,
        base_margin_moved,
        reasons_smallest_first,
    ),
    "random_forest": (leaf_weight_changed, leaf_weights_of_another_feature, branches_swapped),
}
