"""Graphs: names, reasons, odd tables, the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest

from contract.graph import CONTRIBUTIONS, MARGIN, OUTPUTS, PROBABILITY, REASON_FEATURE
from contract.inputs import Inputs, columns_of, to_inputs
from contract.schema import FeatureSchema
from scorer.model import load_model
from tests.training.tables import SHOP, schema_of, shop_rows
from training.data.dataset import Table, table_from_rows
from training.models.candidates import CANDIDATES
from training.workflow import TrainedModel, train


def _run(model: TrainedModel, inputs: Inputs) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(model.onnx, providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), inputs), strict=True))


def _inputs(*rows: tuple[Any, ...], schema: FeatureSchema = SHOP) -> Inputs:
    return to_inputs(columns_of(rows, schema), schema)


def test_inputs_and_outputs_are_those_of_the_contract(trained: TrainedModel) -> None:
    """One (n, 1) input per feature under the schema's name; the outputs by name, type and width."""
    session = onnxruntime.InferenceSession(trained.onnx, providers=["CPUExecutionProvider"])
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


def test_reasons_add_up_and_average_to_nothing(trained: TrainedModel, shop: Table) -> None:
    """Base margin and contributions give the margin; over the training data contributions cancel out."""
    outputs = _run(trained, shop.inputs)
    total = trained.manifest.base_margin + outputs[CONTRIBUTIONS].sum(axis=1)
    np.testing.assert_allclose(total, outputs[MARGIN][:, 0], atol=1e-5)
    np.testing.assert_allclose(outputs[CONTRIBUTIONS].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-outputs[MARGIN])), outputs[PROBABILITY], atol=1e-6)


def test_the_strongest_reason_is_the_known_cause(trained: TrainedModel) -> None:
    """For a new customer the first reason is the months with us, and it raises the risk."""
    outputs = _run(trained, _inputs((0, 50.0, "plus", 0, True)))
    assert SHOP.feature_names[outputs[REASON_FEATURE][0, 0]] == "months"
    assert outputs[CONTRIBUTIONS][0, 0] > 0


def test_a_category_never_seen_says_nothing_but_is_scored(trained: TrainedModel) -> None:
    """Two different strangers score alike."""
    outputs = _run(trained, _inputs((5, 50.0, "gold", 0, True), (5, 50.0, "platinum", 0, True)))
    assert outputs[PROBABILITY][0] == outputs[PROBABILITY][1]


def test_the_same_data_and_seed_give_the_same_bytes(trained: TrainedModel, shop: Table) -> None:
    """Training twice changes nothing but the version's time."""
    again = train(shop, SHOP, candidates=["logistic_bins"])
    assert again.onnx == trained.onnx
    assert again.manifest.training_data == trained.manifest.training_data


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
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_odd_numeric_columns_train_and_pass_the_gate(column: str, candidate: str) -> None:
    """Constant, empty, tied, huge or tiny: every column trains, with a name that has spaces and commas."""
    schema = schema_of({column: {"type": "number"}, "months": {"type": "integer"}})
    value = ODD_COLUMNS[column]
    rows = [{**row, column: value(i) if callable(value) else value} for i, row in enumerate(shop_rows(120))]
    model = train(table_from_rows(rows, schema, "odd"), schema, candidates=[candidate])
    assert model.manifest.parity_max_abs_diff <= 1e-6


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
def test_any_mix_and_naming_of_features_works(properties: dict[str, Any]) -> None:
    """Only numbers, only categories, one feature, names that a graph might use itself."""
    schema = schema_of(properties)
    rows = [
        {
            **{
                name: row["app"] if spec["type"] == "boolean" else row["months"]
                for name, spec in properties.items()
            },
            **row,
        }
        for row in shop_rows(120)
    ]
    for candidate in CANDIDATES:
        model = train(table_from_rows(rows, schema, "mix"), schema, candidates=[candidate])
        session = onnxruntime.InferenceSession(model.onnx, providers=["CPUExecutionProvider"])
        assert [each.name for each in session.get_inputs()] == list(properties)


def test_an_empty_category_is_a_level_of_its_own_only_where_it_was_seen() -> None:
    """The manifest lists categories without the missing one."""
    schema = schema_of({"plan": {"type": "string", "enum": ["basic", "plus", "pro"]}})
    rows = [{**row, "plan": None if i % 3 == 0 else row["plan"]} for i, row in enumerate(shop_rows(200))]
    model = train(table_from_rows(rows, schema, "gaps"), schema, candidates=["logistic"])
    assert model.manifest.categories == {"plan": ["basic", "plus", "pro"]}
    outputs = _run(model, _inputs((None,), ("gold",), schema=schema))
    assert outputs[PROBABILITY][0] != outputs[PROBABILITY][1]


def test_the_scorer_serves_what_training_makes(trained: TrainedModel) -> None:
    """The Lambda's own loader accepts graph and manifest, and gives the graph's probability."""
    model = load_model(trained.onnx, trained.manifest)
    row = (3, None, "basic", 1, True)
    (score,) = model.score([row])
    assert score.probability == pytest.approx(float(_run(trained, _inputs(row))[PROBABILITY][0, 0]), abs=1e-6)
