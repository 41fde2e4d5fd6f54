"""Tiny models whose scores can be computed by hand: one weight per number, one log-odds per category."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import msgspec
import onnx
from onnx import TensorProto, helper

from contract.graph import OUTPUTS
from contract.manifest import Bands, Calibration, Manifest, Spread, TrainingData
from contract.schema import parse_schema

SCHEMA_DOCUMENT: dict[str, Any] = {
    "$id": "tiny",
    "type": "object",
    "properties": {
        "tenure": {"type": "integer", "minimum": 0, "maximum": 100},
        "charges": {"type": "number", "minimum": 0, "maximum": 1000},
        "contract": {"type": "string", "enum": ["monthly", "yearly"]},
        "partner": {"type": "boolean"},
    },
    "required": ["tenure", "contract"],
    "x-id": "customerID",
    "x-label": "Churn",
}
SCHEMA = parse_schema(SCHEMA_DOCUMENT)
CATEGORIES = {"contract": ["monthly", "yearly"], "partner": ["false", "true"]}
BASE_MARGIN = -1.0
MEANS = {"tenure": 20.0, "charges": 50.0}
WEIGHTS = {"tenure": -0.05, "charges": 0.02}
LOG_ODDS = {"contract": {"monthly": 0.5, "yearly": -1.5}, "partner": {"true": -0.25, "false": 0.125}}
BANDS = Bands(medium=0.3, high=0.6)


def contributions_by_hand(data: dict[str, Any]) -> dict[str, float]:
    """Log-odds of each feature for one event's data; what is missing or unseen contributes nothing."""
    numbers = {
        name: 0.0 if data.get(name) is None else WEIGHTS[name] * (data[name] - MEANS[name])
        for name in WEIGHTS
    }
    texts = {name: data.get(name) for name in LOG_ODDS}
    spelled = {n: str(v).lower() if isinstance(v, bool) else v for n, v in texts.items()}
    return numbers | {name: LOG_ODDS[name].get(str(spelled[name]), 0.0) for name in LOG_ODDS}


def probability_by_hand(data: dict[str, Any], base: float = BASE_MARGIN) -> float:
    """What a tiny model answers for one event's data."""
    return 1 / (1 + math.exp(-(base + sum(contributions_by_hand(data).values()))))


def tiny_graph(
    *,
    base: float = BASE_MARGIN,
    rename: dict[str, str] | None = None,
    outputs: tuple[str, ...] = OUTPUTS,
    tenure_type: int = TensorProto.FLOAT,
    contract_odds: dict[str, float] | None = None,
    reason_offset: int = 0,
) -> bytes:
    """A graph that follows the graph contract; the arguments break it in one way or another."""
    nodes, constants = [], []

    def constant(name: str, values: list[float], kind: int = TensorProto.FLOAT) -> str:
        constants.append(helper.make_tensor(name, kind, [len(values)], values))
        return name

    for name in WEIGHTS:
        mean, weight = constant(f"{name}_mean", [MEANS[name]]), constant(f"{name}_weight", [WEIGHTS[name]])
        nodes += [
            helper.make_node("Cast", [name], [f"{name}_f"], to=TensorProto.FLOAT),
            helper.make_node("IsNaN", [f"{name}_f"], [f"{name}_missing"]),
            helper.make_node("Where", [f"{name}_missing", mean, f"{name}_f"], [f"{name}_known"]),
            helper.make_node("Sub", [f"{name}_known", mean], [f"{name}_centred"]),
            helper.make_node("Mul", [f"{name}_centred", weight], [f"{name}_part"]),
        ]
    for name, known in LOG_ODDS.items():
        odds = known | (contract_odds or {}) if name == "contract" else known
        nodes.append(
            helper.make_node(
                "LabelEncoder",
                [name],
                [f"{name}_part"],
                domain="ai.onnx.ml",
                keys_strings=list(odds),
                values_floats=list(odds.values()),
                default_float=0.0,
            )
        )
    constant("base", [base])
    constant("one", [1], TensorProto.INT64)
    constant("k", [3], TensorProto.INT64)
    constant("offset", [reason_offset], TensorProto.INT64)
    nodes += [
        helper.make_node(
            "Concat", [f"{name}_part" for name in SCHEMA.feature_names], ["contributions"], axis=1
        ),
        helper.make_node("ReduceSum", ["contributions", "one"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "base"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["probability"]),
        helper.make_node("Abs", ["contributions"], ["strength"]),
        helper.make_node("TopK", ["strength", "k"], ["strongest", "position"], axis=1),
        helper.make_node("GatherElements", ["contributions", "position"], ["reason_contribution"], axis=1),
        helper.make_node("Add", ["position", "offset"], ["reason_feature"]),
    ]
    types = {"tenure": tenure_type, "charges": TensorProto.FLOAT}
    inputs = [
        helper.make_tensor_value_info(name, types.get(name, TensorProto.STRING), [None, 1])
        for name in SCHEMA.feature_names
    ]
    out = [
        helper.make_tensor_value_info(
            name, TensorProto.INT64 if name == "reason_feature" else TensorProto.FLOAT, [None, None]
        )
        for name in outputs
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, out, constants)
    for old, new in (rename or {}).items():
        _rename(graph, old, new)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for entry in graph.input:
        entry.name = new if entry.name == old else entry.name
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def tiny_manifest(onnx_bytes: bytes, version: str = "v1", **changes: Any) -> Manifest:
    """The manifest that belongs to a graph."""
    manifest = Manifest(
        version=version,
        created_at="2026-11-01T00:00:00.000Z",
        schema=SCHEMA_DOCUMENT,
        categories=CATEGORIES,
        onnx_sha256=hashlib.sha256(onnx_bytes).hexdigest(),
        onnx_bytes=len(onnx_bytes),
        base_margin=BASE_MARGIN,
        threshold=0.3,
        bands=BANDS,
        chosen="by hand",
        candidates=[],
        metrics={"roc_auc": Spread(mean=0.8, std=0.0)},
        calibration=Calibration(ece=0.0, mean_predicted=[], share_observed=[], count=[]),
        parity_max_abs_diff=0.0,
        parity_rows=0,
        training_data=TrainingData(rows=0, positives=0, sha256="", source="by hand"),
        baseline={},
        libraries={},
        seed=0,
    )
    return msgspec.structs.replace(manifest, **changes)
