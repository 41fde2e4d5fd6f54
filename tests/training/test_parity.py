"""The gate lets a faithful graph through, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from onnx import ModelProto
from sklearn.pipeline import Pipeline

from tests.training.graphs import DAMAGES, broken
from tests.training.tables import SHOP, schema_of, shop_rows
from training.data.dataset import Table, table_from_rows
from training.errors import ParityError
from training.export import parity, reasons
from training.export.export import Exported, export
from training.export.parity import MAX_PROBABILITY_DIFF, check_parity
from training.export.probes import edge_probes, fuzz_probes
from training.models.candidates import build, learn_encoding, to_frame
from training.workflow import train

Fitted = tuple[Pipeline, Exported]


@pytest.fixture(scope="module", params=["logistic", "logistic_bins"])
def fitted(request: pytest.FixtureRequest, shop: Table) -> Fitted:
    frame = to_frame(shop.inputs)
    pipeline = build(request.param, learn_encoding(shop.inputs, SHOP)).fit(frame, shop.labels)
    return pipeline, export(pipeline, SHOP, frame)


def test_a_faithful_graph_passes(fitted: Fitted, shop: Table) -> None:
    """Every candidate's graph is well within the limit, on more than the 20,000 fuzz rows."""
    pipeline, exported = fitted
    found = check_parity(exported, pipeline, shop.inputs, SHOP, seed=0)
    assert found.max_abs_diff <= MAX_PROBABILITY_DIFF / 2
    assert found.rows > shop.rows + 20_000


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_graph_is_refused(damage: Callable[[ModelProto], None], shop: Table) -> None:
    """A threshold moved by one ulp, a swapped category, a wrong reason: none gets through."""
    frame = to_frame(shop.inputs)
    pipeline = build("logistic_bins", learn_encoding(shop.inputs, SHOP)).fit(frame, shop.labels)
    exported = export(pipeline, SHOP, frame)
    with pytest.raises(ParityError, match=r"^parity: [^\n]+$"):
        check_parity(
            replace(exported, onnx=broken(exported.onnx, damage)), pipeline, shop.inputs, SHOP, seed=0
        )


@pytest.mark.parametrize("candidate", ["logistic", "logistic_bins"])
def test_reasons_under_the_wrong_features_are_refused(
    candidate: str, shop: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the pipeline's own reasons are wrong in the same way, so that the two agree."""
    right = reasons.feature_of_column
    monkeypatch.setattr(reasons, "feature_of_column", lambda *given: (right(*given) + 1) % len(SHOP.features))
    with pytest.raises(
        ParityError, match=r"contribution of an unchanged feature is off by .* on edge values"
    ):
        train(shop, SHOP, candidates=[candidate])


def test_one_feature_has_nothing_to_be_confused_with() -> None:
    """A schema of a single feature passes the gate."""
    schema = schema_of({"months": {"type": "integer"}})
    model = train(table_from_rows(shop_rows(120), schema, "one"), schema, candidates=["logistic_bins"])
    assert model.manifest.parity_max_abs_diff <= MAX_PROBABILITY_DIFF


def test_bytes_that_are_no_graph_are_refused(fitted: Fitted, shop: Table) -> None:
    """What onnxruntime cannot load fails the gate too."""
    with pytest.raises(ParityError, match="cannot load"):
        check_parity(Exported(b"not a graph", 0.0), fitted[0], shop.inputs, SHOP, seed=0)


def test_training_stops_at_the_gate(shop: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train` returns nothing that could be published where the gate fails."""
    monkeypatch.setattr(parity, "MAX_PROBABILITY_DIFF", -1.0)
    with pytest.raises(ParityError, match="nothing was published"):
        train(shop, SHOP, candidates=["logistic_bins"])


def test_probes_surround_every_threshold_and_respect_the_schema(shop: Table) -> None:
    """Each threshold comes with both float32 neighbours; nothing lies outside the schema's range."""
    edges = {"months": np.array([10, 20], dtype=np.float32), "spend": np.array([50.5], dtype=np.float32)}
    months, spend, plan, *_ = edge_probes(shop.inputs, SHOP, edges, seed=0)
    values = set(months["months"][:, 0].tolist())
    for edge in edges["months"]:
        around = {float(np.nextafter(edge, np.float32(end))) for end in (-np.inf, np.inf)}
        assert {float(edge), *around} <= values
    assert {0.0, 600.0} <= values
    assert all(0 <= value <= 600 for value in values)  # required, so never NaN
    assert np.isnan(spend["spend"]).any()
    assert {"basic", "plus", "pro", "never seen", "BASIC"} <= set(plan["plan"][:, 0])
    assert "" not in plan["plan"]


def test_fuzz_rows_follow_from_the_seed(shop: Table) -> None:
    """The same seed draws the same rows, another seed others."""
    first, again, other = (fuzz_probes(shop.inputs, SHOP, {}, seed, 500) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["spend"], again["spend"])
    assert not np.array_equal(first["months"], other["months"])
