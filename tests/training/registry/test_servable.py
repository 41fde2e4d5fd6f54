"""What the scorer cannot serve never becomes champion, by promotion or by rollback."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import onnx
import pytest
from onnx import TensorProto, helper

from contract.champion import champion_key, manifest_key, model_key
from tests.training.export.damage import (
    batch_of_one_only,
    broken,
    probability_in_two_columns,
    reason_below_zero,
)
from tests.training.registry.fake_s3 import FakeS3
from tests.training.registry.versions import Model, model_of, publish, put_by_hand, with_graph
from training.errors import RegistryError
from training.registry.registry import Publishable, Registry
from training.result import TrainedModel

Spoil = Callable[[Publishable], Model]


def _manifest(**changes: object) -> Spoil:
    return lambda model: Model(model.onnx, msgspec.structs.replace(model.manifest, **changes))


def _schema(change: Callable[[dict[str, dict[str, object]]], object]) -> Spoil:
    def spoil(model: Publishable) -> Model:
        document = msgspec.json.decode(msgspec.json.encode(model.manifest.schema))
        change(document["properties"])
        return _manifest(schema=document)(model)

    return spoil


def _graph(damage: Callable[[onnx.ModelProto], None]) -> Spoil:
    return lambda model: with_graph(model, broken(model.onnx, damage))


def _first_output_gone(model: onnx.ModelProto) -> None:
    del model.graph.output[0]


def _more_outputs(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Identity", ["margin"], ["extra"]))
    model.graph.output.append(helper.make_tensor_value_info("extra", TensorProto.FLOAT, [None, 1]))


SPOILT: dict[str, tuple[Spoil, str]] = {
    "copied from another version": (_manifest(version="v7"), r"its manifest is that of 'v7'"),
    "of another schema": (
        lambda model: _manifest(schema={**model.manifest.schema, "$id": "music"})(model),
        r"trained for schema 'music', but s3://bucket serves 'shop'",
    ),
    "an unusable schema": (_manifest(schema={"$id": "shop"}), r'expected "type": "object"'),
    "a time that is none": (_manifest(created_at="yesterday"), "created_at is 'yesterday', expected a time"),
    "categories of a number": (_manifest(categories={"months": ["1"]}), r"given for \['months'\]"),
    "no graph": (lambda model: with_graph(model, b"not a graph"), "onnxruntime cannot load the graph"),
    "an input too many": (
        _schema(lambda features: features.pop("spend")),
        r"inputs differ .*spend: graph tensor\(float\), schema none",
    ),
    "an input too few": (
        _schema(lambda features: features.update({"age": {"type": "number"}})),
        r"inputs differ .*age: graph none, schema tensor\(float\)",
    ),
    "an input of another type": (
        _schema(lambda features: features.update({"months": {"type": "integer", "enum": [1]}})),
        r"months: graph tensor\(float\), schema tensor\(string\)",
    ),
    "an output too few": (_graph(_first_output_gone), r"probability: graph none, contract tensor\(float\)"),
    "an output too many": (_graph(_more_outputs), r"extra: graph tensor\(float\), contract none"),
    "two columns": (_graph(probability_in_two_columns), r"probability has shape \(1, 2\), expected \(1, 1\)"),
    "no such feature": (_graph(reason_below_zero), r"names position -\d, expected 0 to 4"),
    "one row only": (_graph(batch_of_one_only), r"the graph does not run \("),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_cannot_be_served_is_not_promoted(
    s3: FakeS3, registry: Registry, trained: TrainedModel, case: str
) -> None:
    """One line names the version and both sides, and nothing has changed."""
    spoil, told = SPOILT[case]
    put_by_hand(s3, "v2", spoil(model_of(trained, "v2")))
    with pytest.raises(RegistryError, match=told) as raised:
        registry.promote("v2", "ada", "test")
    assert str(raised.value).startswith("model v")
    assert "\n" not in str(raised.value)
    assert champion_key("shop") not in s3.objects


@pytest.mark.parametrize("case", SPOILT)
def test_nor_is_it_rolled_back_to(s3: FakeS3, registry: Registry, trained: TrainedModel, case: str) -> None:
    """What was fit to serve once may have been spoilt since."""
    publish(registry, trained, "v1", "v2")
    registry.promote("v2", "ada", "first")
    registry.promote("v1", "ada", "second")
    before = dict(s3.objects)[champion_key("shop")]
    spoil, told = SPOILT[case]
    put_by_hand(s3, "v2", spoil(model_of(trained, "v2")))
    with pytest.raises(RegistryError, match=told):
        registry.rollback("eve", "complaints")
    assert s3.objects[champion_key("shop")] == before


@pytest.mark.parametrize(
    ("key", "body", "expected"),
    [
        (model_key("shop", "v1"), b"damaged", "it is damaged"),
        (model_key("shop", "v1"), None, "its graph is missing"),
        (manifest_key("shop", "v1"), b"{}", "manifest: not readable"),
    ],
)
def test_a_damaged_version_is_not_promoted(
    s3: FakeS3, registry: Registry, trained: TrainedModel, key: str, body: bytes | None, expected: str
) -> None:
    """A graph that is gone or altered, or a broken manifest, never becomes champion."""
    publish(registry, trained, "v1")
    if body is None:
        del s3.objects[key]
    else:
        s3.objects[key] = body
    with pytest.raises(RegistryError, match=expected):
        registry.promote("v1", "ada", "test")
    assert champion_key("shop") not in s3.objects
