"""The gate lets a faithful graph through, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto

from tests.training.export.damage import DAMAGES, broken
from tests.training.export.fitted import WITH_REASONS, fit, graph_of, shop_graph, shop_model
from tests.training.tables import SHOP, schema_of, shop_rows
from training.data.dataset import Table, table_from_rows
from training.errors import ParityError
from training.export import explained, parity, scores
from training.export.export import Exported
from training.export.flips import Decisions
from training.export.parity import MAX_PROBABILITY_DIFF, check_parity
from training.export.probes import MAX_THRESHOLDS, edge_probes, fuzz_probes


@pytest.fixture
def small_fuzz(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many fuzz rows as make a test fast."""
    monkeypatch.setattr(parity, "FUZZ_ROWS", 2_000)


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return {name: shop_model(name) for name in WITH_REASONS}


@pytest.mark.parametrize("name", WITH_REASONS)
def test_a_faithful_graph_passes(name: str, models: dict[str, Any], shop: Table, small_fuzz: None) -> None:
    """Every candidate's graph is within 4e-7, and no decision flips at the threshold settled on."""
    exported = shop_graph(name)
    found = check_parity(exported, models[name], shop.inputs, SHOP, seed=0, threshold=0.3)
    assert found.max_abs_diff <= 4e-7
    assert found.rows > shop.rows + 2_000
    assert found.flips == 0
    assert found.threshold == pytest.approx(0.3, abs=1e-5)


def test_the_gate_tries_a_hundred_thousand_fuzz_rows(models: dict[str, Any], shop: Table) -> None:
    """On top of the data and all edge values."""
    exported = graph_of(models["logistic_bins"], shop)
    found = check_parity(exported, models["logistic_bins"], shop.inputs, SHOP, seed=0)
    assert found.rows > shop.rows + 100_000
    assert found.threshold is None


@pytest.mark.parametrize(("name", "damage"), [(name, each) for name in DAMAGES for each in DAMAGES[name]])
def test_a_damaged_graph_is_refused(
    name: str, damage: Callable[[ModelProto], None], models: dict[str, Any], shop: Table, small_fuzz: None
) -> None:
    """A threshold moved by one ulp, a swapped branch or category, a wrong reason: none gets through."""
    exported = shop_graph(name)
    damaged = replace(exported, onnx=broken(exported.onnx, damage))
    with pytest.raises(ParityError, match=r"^parity: [^\n]+$"):
        check_parity(damaged, models[name], shop.inputs, SHOP, seed=0)


@pytest.mark.parametrize("name", ["logistic", "decision_tree", "random_forest", "vote"])
def test_reasons_under_the_wrong_features_are_refused(
    name: str, models: dict[str, Any], shop: Table, small_fuzz: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the reference takes columns for another feature's in the same way, so that the two agree."""
    right = scores.feature_of_column
    for module in (scores, explained):
        monkeypatch.setattr(
            module, "feature_of_column", lambda *given: (right(*given) + 1) % len(SHOP.features)
        )
    with pytest.raises(ParityError, match=r"on edge values of .* columns of .* change"):
        check_parity(graph_of(models[name], shop), models[name], shop.inputs, SHOP, seed=0)


def test_a_contribution_without_a_split_is_refused(shop: Table, small_fuzz: None) -> None:
    """What no tree looks at cannot be a reason, however small."""
    schema = schema_of({"months": {"type": "integer"}, "constant": {"type": "number"}})
    table = table_from_rows([row | {"constant": 1} for row in shop_rows()], schema, "two")
    model = fit("gradient_boosting", table, schema)
    exported = graph_of(model, table, schema)

    def leak(graph: ModelProto) -> None:
        node = next(node for node in graph.graph.node if node.op_type == "TreeEnsembleRegressor")
        given = {attribute.name: attribute for attribute in node.attribute}
        for name in ("target_treeids", "target_nodeids"):
            given[name].ints.append(given[name].ints[0])
        given["target_ids"].ints.append(1)
        given["target_weights"].floats.append(1e-9)

    with pytest.raises(ParityError, match="contribution of a feature without splits"):
        check_parity(replace(exported, onnx=broken(exported.onnx, leak)), model, table.inputs, schema, seed=0)


def test_one_feature_has_nothing_to_be_confused_with(small_fuzz: None) -> None:
    """A schema of a single feature passes the gate."""
    schema = schema_of({"months": {"type": "integer"}})
    table = table_from_rows(shop_rows(120), schema, "one")
    for name in ("logistic_bins", "random_forest", "vote"):
        model = fit(name, table, schema)
        check_parity(graph_of(model, table, schema), model, table.inputs, schema, seed=0)


def test_bytes_that_are_no_graph_are_refused(models: dict[str, Any], shop: Table) -> None:
    """What onnxruntime cannot load fails the gate too."""
    with pytest.raises(ParityError, match="cannot load"):
        check_parity(Exported(b"not a graph", 0.0), models["logistic"], shop.inputs, SHOP, seed=0)


def test_a_graph_without_reasons_is_no_graph_with_reasons(
    models: dict[str, Any], shop: Table, small_fuzz: None
) -> None:
    """The width of the reasons is part of what is proved."""
    exported = graph_of(models["logistic"], shop, reasons=False)
    check_parity(exported, models["logistic"], shop.inputs, SHOP, seed=0)
    with pytest.raises(ParityError, match=r"contributions has shape .* expected"):
        check_parity(replace(exported, has_reasons=True), models["logistic"], shop.inputs, SHOP, seed=0)


def test_a_limit_lower_than_the_difference_stops(
    models: dict[str, Any], shop: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what was off, where, and that nothing was published."""
    monkeypatch.setattr(parity, "MAX_PROBABILITY_DIFF", -1.0)
    with pytest.raises(
        ParityError, match=r"probability is off .* on the training rows.* nothing was published"
    ):
        check_parity(graph_of(models["logistic"], shop), models["logistic"], shop.inputs, SHOP, seed=0)
    assert MAX_PROBABILITY_DIFF == 1e-6


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


def test_a_forests_thousands_of_thresholds_are_probed_in_part(shop: Table) -> None:
    """Evenly by rank, with the first and the last, so that the gate takes seconds for any forest."""
    edges = np.arange(0, 600, 0.125, dtype=np.float32)
    months, *_ = edge_probes(shop.inputs, SHOP, {"months": edges}, seed=0)
    probed = set(months["months"][:, 0].tolist()) & set(edges.tolist())
    assert MAX_THRESHOLDS <= len(probed) <= MAX_THRESHOLDS + 8
    assert {0.0, 599.875} <= probed


def test_fuzz_rows_follow_from_the_seed(shop: Table) -> None:
    """The same seed draws the same rows, another seed others."""
    first, again, other = (fuzz_probes(shop.inputs, SHOP, {}, seed, 500) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["spend"], again["spend"])
    assert not np.array_equal(first["months"], other["months"])


def test_a_threshold_is_settled_where_nobody_is_decided_differently() -> None:
    """Two millionths apart contest both thresholds in between; the nearest free one is taken."""
    decisions = Decisions()
    decisions.add(np.array([0.3000004, 0.3, 0.9]), np.array([0.3000006, 0.2999981, 0.9]))
    assert [decisions.flips(t) for t in (0.299998, 0.299999, 0.3, 0.300001, 0.300002)] == [0, 1, 1, 1, 0]
    assert decisions.settle(0.3) == 0.299998
    assert decisions.settle(0.300001) == 0.300002
    assert decisions.settle(0.5000004) == 0.5
    assert Decisions().settle(0.0) == 0.0
