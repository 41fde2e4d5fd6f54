"""Graphs: names, reasons, odd tables, the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

from contract.graph import CONTRIBUTIONS, MARGIN, PROBABILITY, REASON_FEATURE
from scorer.model import Model, load_model
from tests.scorer.graphs import tiny_manifest
from tests.training.export.fitted import (
    FEW_TREES,
    TREES,
    WITH_REASONS,
    fit,
    graph_of,
    rows,
    run,
    shop_graph,
    shop_model,
)
from tests.training.tables import DOCUMENT, SHOP, schema_of, shop_rows
from training.data.dataset import Table, table_from_rows
from training.errors import ExportError
from training.export import parity
from training.export.export import Exported
from training.export.parity import check_parity
from training.models.candidates import CANDIDATES
from training.models.encoding import learn_encoding, to_frame
from training.models.numeric import FilledNumbers
from training.models.pipeline import assemble

SOME = ("logistic", "logistic_bins", "naive_bayes", "decision_tree", "gradient_boosting")


@pytest.fixture
def small_fuzz(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many fuzz rows as make a test fast."""
    monkeypatch.setattr(parity, "FUZZ_ROWS", 500)


@pytest.mark.parametrize("name", ["logistic_bins", "random_forest", "vote"])
def test_inputs_and_outputs_are_those_of_the_contract(name: str, shop: Table) -> None:
    """One (n, 1) input per feature under the schema's name; the outputs by name, type and width."""
    graph = shop_graph(name).onnx
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    assert [(i.name, i.type) for i in session.get_inputs()] == [
        ("months", "tensor(float)"),
        ("spend", "tensor(float)"),
        ("plan", "tensor(string)"),
        ("senior", "tensor(string)"),
        ("app", "tensor(string)"),
    ]
    assert [(o.name, o.type, o.shape[1]) for o in session.get_outputs()] == [
        ("probability", "tensor(float)", 1),
        ("margin", "tensor(float)", 1),
        ("contributions", "tensor(float)", 5),
        ("reason_feature", "tensor(int64)", 3),
        ("reason_contribution", "tensor(float)", 3),
    ]


@pytest.mark.parametrize("name", WITH_REASONS)
def test_reasons_add_up(name: str, shop: Table) -> None:
    """Base margin and contributions give the margin, and it the probability."""
    exported = shop_graph(name)
    outputs = run(exported, shop.inputs)
    total = exported.base_margin + outputs[CONTRIBUTIONS].astype(float).sum(axis=1)
    np.testing.assert_allclose(total, outputs[MARGIN][:, 0], atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-outputs[MARGIN])), outputs[PROBABILITY], atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "naive_bayes", "gradient_boosting", "xgboost"])
def test_over_the_training_data_contributions_cancel_out(name: str, shop: Table) -> None:
    """They are against the average customer, where they are parts of a sum of log-odds."""
    outputs = run(shop_graph(name), shop.inputs)
    np.testing.assert_allclose(outputs[CONTRIBUTIONS].astype(float).mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize("name", WITH_REASONS)
def test_the_strongest_reason_is_the_known_cause(name: str, shop: Table) -> None:
    """For a new customer the first reason is the months with us, and it raises the risk."""
    outputs = run(shop_graph(name), rows((0, 50.0, "plus", 0, True)))
    assert SHOP.feature_names[outputs[REASON_FEATURE][0, 0]] == "months"
    assert outputs[CONTRIBUTIONS][0, 0] > 0


@pytest.mark.parametrize("name", SOME)
def test_a_category_never_seen_says_nothing_but_is_scored(name: str, shop: Table) -> None:
    """Two different strangers score alike."""
    strangers = rows((5, 50.0, "gold", 0, True), (5, 50.0, "platinum", 0, True))
    outputs = run(shop_graph(name), strangers)
    assert outputs[PROBABILITY][0] == outputs[PROBABILITY][1]


@pytest.mark.parametrize("name", WITH_REASONS)
def test_the_same_data_and_seed_give_the_same_bytes(name: str, shop: Table) -> None:
    """Fitting and exporting again changes nothing."""
    assert graph_of(fit(name, shop), shop) == shop_graph(name)


ODD_COLUMNS: dict[str, Any] = {
    "constant": 3.0,
    "empty": None,
    "binary": lambda i: i % 2,
    "tied": lambda i: 0 if i % 10 else i,
    "mostly missing": lambda i: i if i % 7 == 0 else None,
    "narrow, far from zero": lambda i: 1e6 + i / 1000,
    "huge": lambda i: (-1) ** i * 3.4e38,
    "tiny": lambda i: i * 1e-45,
}


@pytest.mark.parametrize("column", ODD_COLUMNS)
@pytest.mark.parametrize("name", SOME)
def test_odd_numeric_columns_pass_the_gate(column: str, name: str, small_fuzz: None) -> None:
    """Constant, empty, tied, huge or tiny: every column converts, with a name that has spaces and commas."""
    schema = schema_of({column: {"type": "number"}, "months": {"type": "integer"}})
    value = ODD_COLUMNS[column]
    given = [{**row, column: value(i) if callable(value) else value} for i, row in enumerate(shop_rows(120))]
    table = table_from_rows(given, schema, "odd")
    model = fit(name, table, schema)
    exported = graph_of(model, table, schema)
    assert check_parity(exported, model, table.inputs, schema, seed=0).max_abs_diff <= 4e-7


@pytest.mark.parametrize(
    "properties",
    [
        {"months": {"type": "integer"}},
        {"plan": {"type": "string", "enum": ["basic"]}},
        {"plan": {"type": "string", "enum": ["basic"]}, "app": {"type": "boolean"}},
        {"weights": {"type": "number"}, "edges": {"type": "number"}, "columns": {"type": "number"}},
        {"données": {"type": "number"}, "a.b/c": {"type": "number"}, "x y": {"type": "boolean"}},
    ],
)
def test_any_mix_and_naming_of_features_works(properties: dict[str, Any], small_fuzz: None) -> None:
    """Only numbers, only categories, one feature, names that a graph might use itself."""
    schema = schema_of(properties)
    given = [
        {n: row["app"] if spec["type"] == "boolean" else row["months"] for n, spec in properties.items()}
        | row
        for row in shop_rows(120)
    ]
    table = table_from_rows(given, schema, "mix")
    for name in SOME:
        model = fit(name, table, schema)
        exported = graph_of(model, table, schema)
        check_parity(exported, model, table.inputs, schema, seed=0)
        session = onnxruntime.InferenceSession(exported.onnx, providers=["CPUExecutionProvider"])
        assert [each.name for each in session.get_inputs()] == list(properties)


@pytest.mark.parametrize("feature", ["head/change", "model/weights"])
def test_a_feature_named_like_a_value_of_the_graph_is_refused(feature: str) -> None:
    """Rather than made into a graph that means something else."""
    schema = schema_of({feature: {"type": "number"}})
    table = table_from_rows([row | {feature: row["months"]} for row in shop_rows(120)], schema, "clash")
    with pytest.raises(ExportError, match=f"feature '{feature}': .* rename the column"):
        graph_of(fit("logistic", table, schema), table, schema)


def test_an_empty_category_is_a_level_of_its_own_where_it_was_seen() -> None:
    """It scores otherwise than a category never seen."""
    schema = schema_of({"plan": {"type": "string", "enum": ["basic", "plus", "pro"]}})
    given = [{**row, "plan": None if i % 3 == 0 else row["plan"]} for i, row in enumerate(shop_rows(200))]
    table = table_from_rows(given, schema, "gaps")
    outputs = run(
        graph_of(fit("logistic", table, schema), table, schema),
        rows((None,), ("gold",), schema=schema),
        schema,
    )
    assert outputs[PROBABILITY][0] != outputs[PROBABILITY][1]


@pytest.mark.parametrize("name", ["logistic_bins", "vote", *TREES, "neural_net"])
def test_without_reasons_they_have_width_0(name: str, shop: Table, small_fuzz: None) -> None:
    """Probability and margin pass the gate as ever; a smaller graph where there were reasons to leave out."""
    model = shop_model(name)
    exported = graph_of(model, shop, reasons=False)
    assert not exported.has_reasons
    outputs = run(exported, shop.inputs)
    assert outputs[CONTRIBUTIONS].shape == (shop.rows, 0)
    assert outputs[REASON_FEATURE].shape == (shop.rows, 0)
    assert check_parity(exported, model, shop.inputs, SHOP, seed=0).max_abs_diff <= 1e-6


class Unheard(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that skl2onnx has never heard of."""

    def fit(self, x: Any, y: Any) -> Unheard:
        self.classes_, self.n_features_in_ = np.unique(y), x.shape[1]
        return self

    def predict_proba(self, x: Any) -> Any:
        return np.full((len(x), 2), 0.5)


@pytest.mark.parametrize(
    ("model", "reasons", "told"),
    [
        (
            QuadraticDiscriminantAnalysis(reg_param=0.1),
            True,
            "QuadraticDiscriminantAnalysis: .* --no-reasons",
        ),
        (Unheard(), True, "Unheard: .* --no-reasons"),
        (Unheard(), False, "Unheard: cannot be converted to ONNX"),
    ],
)
def test_what_cannot_be_exported_is_said_in_a_line(model: Any, reasons: bool, told: str, shop: Table) -> None:
    """It names the class and what to do."""
    frame = to_frame(shop.inputs)
    pipeline = assemble(learn_encoding(shop.inputs, SHOP), FilledNumbers(), model).fit(frame, shop.labels)
    with pytest.raises(ExportError, match=told) as caught:
        graph_of(pipeline, shop, reasons=reasons)
    assert "\n" not in str(caught.value)


def test_every_candidate_that_says_so_gives_reasons() -> None:
    """The tests above leave none out."""
    assert set(FEW_TREES) <= set(WITH_REASONS)
    assert {name for name, kind in CANDIDATES.items() if not kind.baseline} == {*WITH_REASONS, "neural_net"}


def _served(exported: Exported, **changes: Any) -> Model:
    manifest = tiny_manifest(
        exported.onnx, schema=DOCUMENT, categories={}, has_reasons=exported.has_reasons, **changes
    )
    return load_model(exported.onnx, manifest)


@pytest.mark.parametrize("name", ["logistic_bins", "random_forest", "lightgbm", "vote", "neural_net"])
def test_the_scorer_serves_what_training_makes(name: str, shop: Table) -> None:
    """The Lambda's own loader accepts the graph, and gives its probability and reasons, if it has any."""
    reasons = CANDIDATES[name].gives_reasons
    exported = graph_of(shop_model(name), shop, reasons=reasons)
    row = (3, None, "basic", 1, True)
    model = _served(exported)
    scores = model.score([row])
    said = run(exported, rows(row))
    assert scores.probabilities == pytest.approx([float(said[PROBABILITY][0, 0])], abs=1e-6)
    assert [column[0] for column in scores.features] == said[REASON_FEATURE][0].tolist()
