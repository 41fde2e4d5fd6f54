"""Candidates and champions that score by fixed weights, so that who is better is known beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper
from sklearn.model_selection import RepeatedStratifiedKFold

from contract.graph import OUTPUTS
from contract.manifest import Manifest, TrainingData
from contract.schema import FeatureSchema, parse_schema
from tests.scorer.graphs import tiny_manifest
from training.data.dataset import SkippedRows, Table
from training.data.splits import Splits
from training.evaluation.evaluation import Evaluation
from training.evaluation.thresholds import ThresholdRule
from training.export.export import export
from training.models.candidates import build
from training.models.encoding import learn_encoding, to_frame
from training.registry.incumbent import Incumbent
from training.registry.rows import Fingerprints
from training.result import TrainedModel

DOCUMENT: dict[str, Any] = {
    "$id": "duel",
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("signal", "left", "right")},
    "required": ["signal"],
    "x-id": "customer",
    "x-label": "churned",
}
SCHEMA = parse_schema(DOCUMENT)
Weights = dict[str, float]


def draw(rows: int, seed: int) -> Table:
    """`signal` tells of the label; `left` and `right` are noise of the same size."""
    random = np.random.default_rng(seed)
    inputs = {name: random.normal(size=(rows, 1)).astype(np.float32) for name in SCHEMA.feature_names}
    chance = 1 / (1 + np.exp(-2.0 * inputs["signal"][:, 0]))
    labels = (random.random(rows) < chance).astype(np.int8)
    return Table("drawn", inputs, labels, tuple(map(str, range(rows))), SkippedRows())


def scores(table: Table, weights: Weights) -> NDArray[np.float64]:
    """What a model of these weights says of every row."""
    margin = sum(np.float32(weight) * table.inputs[name][:, 0] for name, weight in weights.items())
    return np.asarray(1 / (1 + np.exp(-margin)), dtype=np.float64)


def stratified(table: Table, seed: int = 0) -> Splits:
    """5 × 3 folds; no inner ones."""
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=seed)
    outer = tuple(folds.split(np.zeros((table.rows, 1)), table.labels))
    return Splits("by hand", outer, 3, _thirds(table))


def _thirds(table: Table) -> Callable[[NDArray[np.int64]], list[tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    def inner(rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=0)
        return list(folds.split(np.zeros((len(rows), 1)), table.labels[rows]))

    return inner


def candidate(
    table: Table,
    weights: Weights,
    *,
    splits: Splits | None = None,
    schema: FeatureSchema = SCHEMA,
    **changes: Any,
) -> TrainedModel:
    """A candidate whose out-of-fold probabilities come from fixed weights."""
    splits, rule = splits or stratified(table), ThresholdRule()
    said = scores(table, weights)
    evaluation = Evaluation("by hand", "By hand", splits.repeats)
    for _, test in splits.outer:
        evaluation.tests.append(test)
        evaluation.labels.append(table.labels[test])
        evaluation.probabilities.append(said[test])
    onnx = weighted_graph(weights)
    return TrainedModel(
        onnx=onnx,
        manifest=manifest_of(onnx, "v2", **changes),
        findings=(),
        seconds=0.0,
        table=table,
        schema=schema,
        encoding=learn_encoding(table.inputs, schema),
        splits=splits,
        rule=rule,
        evaluations=(evaluation,),
        pipeline=None,
        slices=(),
        graphs={},
        score_micros=0.0,
    )


def champion(weights: Weights, rows: Fingerprints | None = None, **changes: Any) -> Incumbent:
    """A champion whose graph has these weights."""
    onnx = weighted_graph(weights)
    return Incumbent(manifest_of(onnx, "v1", **changes), onnx, rows)


def silent_champion(table: Table, rows: Fingerprints | None = None) -> Incumbent:
    """A champion trained on a table with --no-reasons."""
    frame = to_frame(table.inputs)
    model = build("logistic", learn_encoding(table.inputs, SCHEMA)).fit(frame, table.labels)
    onnx = export(model, SCHEMA, frame, reasons=False).onnx
    return Incumbent(manifest_of(onnx, "v1", has_reasons=False), onnx, rows)


def manifest_of(onnx: bytes, version: str, **changes: Any) -> Manifest:
    """A manifest of the duels' schema."""
    data = TrainingData(rows=100, positives=50, sha256="another", source="elsewhere")
    given = {"schema": DOCUMENT, "categories": {}, "training_data": data, **changes}
    manifest = tiny_manifest(onnx, version, **given)
    return msgspec.structs.replace(manifest, onnx_sha256=hashlib.sha256(onnx).hexdigest())


def weighted_graph(weights: Weights) -> bytes:
    """Probability = sigmoid of the weighted sum, in the contract's inputs and outputs."""
    names = SCHEMA.feature_names
    constants = [
        helper.make_tensor(f"{n}_weight", TensorProto.FLOAT, [1], [weights.get(n, 0.0)]) for n in names
    ]
    constants += [
        helper.make_tensor("one", TensorProto.INT64, [1], [1]),
        helper.make_tensor("k", TensorProto.INT64, [1], [len(names)]),
    ]
    nodes = [helper.make_node("Mul", [name, f"{name}_weight"], [f"{name}_part"]) for name in names]
    nodes += [
        helper.make_node("Concat", [f"{name}_part" for name in names], ["contributions"], axis=1),
        helper.make_node("ReduceSum", ["contributions", "one"], ["margin"], keepdims=1),
        helper.make_node("Sigmoid", ["margin"], ["probability"]),
        helper.make_node("Abs", ["contributions"], ["strength"]),
        helper.make_node("TopK", ["strength", "k"], ["strongest", "reason_feature"], axis=1),
        helper.make_node(
            "GatherElements", ["contributions", "reason_feature"], ["reason_contribution"], axis=1
        ),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in names]
    kinds = {"reason_feature": TensorProto.INT64}
    out = [
        helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), [None, None])
        for name in OUTPUTS
    ]
    graph = helper.make_graph(nodes, "weighted", inputs, out, constants)
    opsets = [helper.make_opsetid("", 21)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString())
