"""A model is held against its manifest before it serves, and its scores are those computed by hand."""

from __future__ import annotations

import math
from typing import Any

import onnx
import pytest
from onnx import NodeProto, TensorProto, helper

from contract.event import format_time
from contract.manifest import Bands
from contract.prediction import PROBABILITY_DECIMALS, event_key
from scorer.errors import ModelError
from scorer.model import Model, load_model
from tests.scorer.batches import NOW_MS, ROW
from tests.scorer.graphs import (
    BANDS,
    SCHEMA_DOCUMENT,
    contributions_by_hand,
    probability_by_hand,
    tiny_graph,
    tiny_manifest,
)
from tests.scorer.puts import predictions_of, reasons_of


def model_of(graph: bytes, **changes: Any) -> Model:
    return load_model(graph, tiny_manifest(graph, **changes))


def row(**data: Any) -> tuple[Any, ...]:
    full = ROW | data
    return full["tenure"], full["charges"], full["contract"], full["partner"]


@pytest.mark.parametrize(
    "data",
    [{}, {"charges": None}, {"partner": None}, {"partner": True, "contract": "yearly"}, {"tenure": 100}],
)
def test_scores_and_reasons_are_those_computed_by_hand(data: dict[str, Any]) -> None:
    """Probability to six decimals, band by it, the three strongest contributions, strongest first."""
    model = model_of(tiny_graph())
    scores = model.score([row(**data)])
    [probability], [band], reasons = scores.probabilities, scores.bands, reasons_of(scores, model)
    assert probability == pytest.approx(probability_by_hand(ROW | data), abs=1e-6)
    assert band == BANDS.name_of(probability)
    expected = sorted(contributions_by_hand(ROW | data).items(), key=lambda entry: -abs(entry[1]))[:3]
    strengths = [abs(reason.contribution) for reason in reasons]
    assert strengths == pytest.approx([abs(part) for _, part in expected], abs=1e-4)
    assert dict(expected)[reasons[0].feature] == pytest.approx(reasons[0].contribution, abs=1e-4)


def test_a_batch_scores_as_its_rows_do_one_by_one() -> None:
    """Rows do not influence each other, and keep their order."""
    model = model_of(tiny_graph())
    rows = [row(tenure=n, contract="weekly" if n % 3 == 0 else "yearly") for n in range(50)]
    scores = model.score(rows)
    for place, each in enumerate(rows):
        alone = model.score([each])
        assert [scores.probabilities[place]] == alone.probabilities
        assert reasons_of(scores, model, place) == reasons_of(alone, model)
        assert scores.unseen.get(place) == alone.unseen.get(0)
    assert len(model.score([])) == 0


def test_a_band_agrees_with_the_rounded_probability() -> None:
    """A probability that rounds up to a band's edge belongs to that band, as any reader of the item finds."""
    rows = [row(tenure=n) for n in range(100)]
    for each, probability in zip(rows, model_of(GRAPH).score(rows).probabilities, strict=True):
        assert probability == round(probability, PROBABILITY_DECIMALS)
        edge = Bands(medium=probability, high=1.0)
        assert model_of(GRAPH, bands=edge).score([each]).bands == ["medium"]


def test_a_score_beyond_doubt_is_zero_or_one() -> None:
    """Extremes neither overflow nor leave the range."""
    assert model_of(tiny_graph(base=-90.0)).score([row()]).probabilities == [0.0]
    assert model_of(tiny_graph(base=90.0)).score([row()]).probabilities == [1.0]


def test_what_is_written_carries_the_model_and_the_events_identity() -> None:
    """One item per score, in order, with the model's version and the names of its features."""
    model = model_of(tiny_graph(), version="v7")
    scores = model.score([row(), row(contract="weekly")])
    keys = [event_key(NOW_MS, "1"), event_key(NOW_MS + 1, "2")]
    puts = model.to_puts(
        scores, customer_ids=["b", "a"], event_keys=keys, scored_at=format_time(NOW_MS), expires_at=[1, 2]
    )
    found = predictions_of(puts)
    assert [(p.customer_id, p.event_key) for p in found] == list(zip(["b", "a"], keys, strict=True))
    assert [p.unseen for p in found] == [(), ("contract",)]
    assert [list(p.reasons) for p in found] == [reasons_of(scores, model, place) for place in (0, 1)]
    assert [p.expires_at for p in found] == [1, 2]
    assert {p.model_version for p in found} == {"v7"}


def without_reasons(graph: bytes) -> bytes:
    """The graph with its reasons cut down to none."""
    model = onnx.load_from_string(graph)
    k = next(each for each in model.graph.initializer if each.name == "k")
    k.CopyFrom(helper.make_tensor("k", TensorProto.INT64, [1], [0]))
    return bytes(model.SerializeToString())


def test_a_model_without_reasons_scores_all_the_same() -> None:
    """Its manifest says so; probability and band are as ever."""
    rows = [row(), row(tenure=99)]
    bare = model_of(without_reasons(GRAPH), has_reasons=False).score(rows)
    full = model_of(GRAPH).score(rows)
    assert (bare.features, bare.contributions) == ([], [])
    assert bare.probabilities == full.probabilities


def then(graph: bytes, output: str, *nodes: NodeProto, **numbers: list[float]) -> bytes:
    """The graph with `output` taken further: the nodes make it out of "was"."""
    model = onnx.load_from_string(graph)
    for node in model.graph.node:
        node.output[:] = ["was" if name == output else name for name in node.output]
    for name, values in numbers.items():
        kind = TensorProto.FLOAT if name == "factor" else TensorProto.INT64
        model.graph.initializer.append(helper.make_tensor(name, kind, [len(values)], values))
    model.graph.node.extend(nodes)
    return bytes(model.SerializeToString())


GRAPH = tiny_graph()
BOTH_CLASSES = then(GRAPH, "probability", helper.make_node("Concat", ["was", "was"], ["probability"], axis=1))
ONE_FOR_ALL = then(GRAPH, "probability", helper.make_node("ReduceMax", ["was"], ["probability"], keepdims=1))
PER_CENT = then(
    GRAPH, "probability", helper.make_node("Mul", ["was", "factor"], ["probability"]), factor=[100.0]
)
NEGATED = then(
    GRAPH, "probability", helper.make_node("Mul", ["was", "factor"], ["probability"]), factor=[-1.0]
)
FEWER_PARTS = then(
    GRAPH,
    "reason_contribution",
    helper.make_node("Slice", ["was", "zero", "two", "along"], ["reason_contribution"]),
    zero=[0],
    two=[2],
    along=[1],
)
BARE = without_reasons(GRAPH)
NO_OUTPUT = tiny_graph(outputs=("probability", "reason_feature", "reason_contribution"))
WRONG_REASON = tiny_graph(reason_offset=2)
NEGATIVE_REASON = tiny_graph(reason_offset=-1)


@pytest.mark.parametrize(
    ("graph", "changes", "message"),
    [
        (GRAPH, {"onnx_sha256": "0" * 64}, "sha256"),
        (b"", {}, "onnxruntime cannot open"),
        (GRAPH[: len(GRAPH) // 2], {}, "onnxruntime cannot open"),
        (b"not a model", {}, "onnxruntime cannot open"),
        (tiny_graph(rename={"tenure": "months"}), {}, "months: graph tensor.*, schema none"),
        (
            tiny_graph(tenure_type=TensorProto.DOUBLE),
            {},
            r"tenure: graph tensor\(double\), schema tensor\(float\)",
        ),
        (NO_OUTPUT, {}, r"lacks the outputs \['contributions', 'margin'\]"),
        (GRAPH, {"categories": {"tenure": []}}, "tenure"),
        (GRAPH, {"schema": {"$id": "x"}}, "manifest of model v1"),
        (GRAPH, {"created_at": "yesterday"}, "created_at"),
        (WRONG_REASON, {}, "none of its 4 features"),
        (NEGATIVE_REASON, {}, "none of its 4 features"),
        (BARE, {}, "0 reasons a row, and its manifest says some"),
        (GRAPH, {"has_reasons": False}, "3 reasons a row, and its manifest says none"),
        (BOTH_CLASSES, {}, r"scores of shape \(2, 2\) for 2 rows"),
        (ONE_FOR_ALL, {}, r"scores of shape \(1, 1\) for 2 rows"),
        (PER_CENT, {}, "no probability"),
        (NEGATED, {}, "no probability"),
        (FEWER_PARTS, {}, r"reasons of shapes \(2, 3\) and \(2, 2\)"),
        (tiny_graph(base=math.nan), {}, "not a number"),
        (tiny_graph(contract_odds={"monthly": -math.inf}), {}, "not a number"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_at_load(
    graph: bytes, changes: dict[str, Any], message: str
) -> None:
    """Each way of not fitting is one ModelError line that names the version and what differs."""
    with pytest.raises(ModelError, match=message) as caught:
        load_model(graph, tiny_manifest(graph, **changes))
    assert "v1" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_for_another_schema_is_refused() -> None:
    """A schema with one more feature than the graph names the feature."""
    properties = SCHEMA_DOCUMENT["properties"] | {"extra": {"type": "number"}}
    with pytest.raises(ModelError, match=r"extra: graph none, schema tensor\(float\)"):
        model_of(GRAPH, schema=SCHEMA_DOCUMENT | {"properties": properties})
