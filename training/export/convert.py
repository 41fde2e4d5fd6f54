"""What skl2onnx makes of an encoder or a classifier, taken into our graph."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from onnx import ModelProto
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.errors import ExportError
from training.export.converters import register_converters
from training.export.nodes import Nodes
from training.models.candidates import MODEL

TARGET_OPSET = {"": 21, "ai.onnx.ml": 3}
BOOSTED_OPSET = 15  # the newest that onnxmltools writes; only the trees are taken from it
LIBRARIES = ("sklearn", "xgboost", "lightgbm")
MESSAGE_LENGTH = 160  # of another library's error


def add_encoder(nodes: Nodes, encoder: ColumnTransformer, schema: FeatureSchema, part: str) -> str:
    """Add a fitted encoder that reads the graph's inputs; gives its float32 (n, encoded columns)."""
    register_converters()
    inputs = [
        (feature.name, (StringTensorType if feature.is_categorical else FloatTensorType)([None, 1]))
        for feature in schema.features
    ]
    try:
        model = convert_sklearn(encoder, initial_types=inputs, target_opset=TARGET_OPSET)
    except Exception as error:  # skl2onnx raises anything from KeyError to its own
        raise unconvertible(encoder, error) from error
    # skl2onnx names inputs as identifiers, in the order given.
    given = (entry.name for entry in model.graph.input)
    return _take(nodes, model, dict(zip(given, schema.feature_names, strict=True)), part)


def add_classifier(nodes: Nodes, pipeline: Pipeline, encoded: str, part: str) -> str:
    """Add a fitted classifier of any kind skl2onnx knows; gives its float32 (n, 2) probabilities."""
    model = convert_classifier(pipeline[MODEL], encoded_width(pipeline))
    output = next(entry.name for entry in model.graph.output if entry.name == "probabilities")
    _take(nodes, model, {model.graph.input[0].name: encoded}, part)
    return f"{part}/{output}"


def encoded_width(pipeline: Pipeline) -> int:
    """How many columns a fitted pipeline's encoder gives."""
    return int(pipeline[MODEL].n_features_in_)


def convert_classifier(classifier: Any, columns: int) -> ModelProto:
    """A fitted scikit-learn, XGBoost or LightGBM classifier as its converter makes it, from encoded columns.

    Raises ExportError naming the class where there is no converter or it fails.
    """
    plain, library = _library_model(classifier)
    try:
        with warnings.catch_warnings():
            # skl2onnx gives HistGradientBoosting's flags as booleans; protobuf takes them until version 7.
            warnings.filterwarnings("ignore", "Field onnx.AttributeProto.ints", DeprecationWarning)
            return _convert(plain, library, columns)
    except Exception as error:  # as in add_encoder
        raise unconvertible(classifier, error) from error


def _convert(plain: Any, library: str, columns: int) -> ModelProto:
    if library != "sklearn":
        return _convert_boosted(plain, library, columns)
    options = {id(plain): {"zipmap": False}}
    types = [("encoded", FloatTensorType([None, columns]))]
    model: ModelProto = convert_sklearn(
        plain, initial_types=types, target_opset=TARGET_OPSET, options=options
    )
    return model


def unconvertible(model: Any, error: Exception) -> ExportError:
    """One line of what another library may tell in twenty."""
    told = " ".join(str(error).split())[:MESSAGE_LENGTH]
    return ExportError(
        f"{type(model).__name__}: cannot be converted to ONNX ({type(error).__name__}: {told}); "
        "choose another candidate"
    )


def _convert_boosted(model: Any, library: str, columns: int) -> ModelProto:
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType as Floats

    convert = convert_xgboost if library == "xgboost" else convert_lightgbm
    types = [("encoded", Floats([None, columns]))]
    converted: ModelProto = convert(model, initial_types=types, target_opset=BOOSTED_OPSET)
    return converted


def _library_model(model: Any) -> tuple[Any, str]:
    """A model as its library's own class: converters go by class, and know no subclass of ours."""
    for each in type(model).__mro__:
        library = each.__module__.partition(".")[0]
        if library in LIBRARIES:
            plain = copy.copy(model)
            plain.__class__ = each
            return plain, library
    return model, "sklearn"


def _take(nodes: Nodes, model: ModelProto, inputs: Mapping[str, str], part: str) -> str:
    """Add a converted graph, `inputs` renamed and all other names under `part`; gives its first output."""

    def renamed(names: Iterable[str]) -> list[str]:
        return [inputs.get(name, f"{part}/{name}") if name else "" for name in names]

    for constant in model.graph.initializer:
        constant.name = f"{part}/{constant.name}"
    for node in model.graph.node:
        node.name = f"{part}/{node.name}"
        node.input[:] = renamed(node.input)
        node.output[:] = renamed(node.output)
    nodes.constants.extend(model.graph.initializer)
    nodes.nodes.extend(model.graph.node)
    return f"{part}/{model.graph.output[0].name}"
