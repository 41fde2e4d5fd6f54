"""Tables at the edge of what can be learned from: a model or one clear line, never a traceback or warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract.manifest import Recipe
from contract.schema import FeatureSchema
from tests.training.tables import Row, schema_of, shop_rows
from training.data import splits
from training.data.dataset import Table, table_from_rows
from training.export import parity
from training.export.proof import Proof, prove
from training.models.encoding import learn_encoding
from training.workflow import train

Odd = Callable[[Row], dict[str, Any]]  # other cells, and with them the schema's features

NUMBER = {"type": "number"}
PLAN = {"type": "string", "enum": ["basic", "plus", "pro"]}
MONTHS = {"months": NUMBER}
SMALL = ["logistic", "decision_tree", "vote"]
EXTREMES = (3e38, -3e38, 3.4028234e38, -3.4028234e38, 1.0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many fuzz rows and folds as make a test fast."""
    monkeypatch.setattr(parity, "FUZZ_ROWS", 500)
    monkeypatch.setattr(splits, "REPEATS", 1)


def _number(row: Row) -> int:
    return int(row["customer"][1:])


def _every(rows: int) -> Odd:
    return lambda row: {"left": "no" if _number(row) % rows else "yes"}


def _table(count: int, odd: Odd, properties: dict[str, Any]) -> tuple[Table, FeatureSchema]:
    schema = schema_of(properties)
    return table_from_rows([{**row, **odd(row)} for row in shop_rows(count)], schema, "odd"), schema


TABLES: dict[str, tuple[int, Odd, dict[str, Any]]] = {
    "nothing but missing values": (60, lambda _: {"x": None}, {"x": NUMBER}),
    "one constant category": (60, lambda _: {"plan": "pro"}, {"plan": PLAN}),
    "25 rows, all different": (25, lambda row: {"x": _number(row), **_every(2)(row)}, {"x": NUMBER}),
    "the label itself": (60, lambda row: {"x": float(row["left"] == "yes")}, {"x": NUMBER, "plan": PLAN}),
    "the ends of float32": (120, lambda row: {"x": EXTREMES[_number(row) % 5]}, {"x": NUMBER, **MONTHS}),
    "one churner in fifty": (500, _every(50), {"plan": PLAN, **MONTHS}),
    "one column twice": (120, lambda row: {"x": row["months"]}, {"x": NUMBER, **MONTHS}),
}


@pytest.mark.parametrize("name", TABLES)
def test_an_odd_table_gives_a_proved_model_without_a_warning(name: str) -> None:
    """Warnings are errors here. Every candidate passes the gate."""
    table, schema = _table(*TABLES[name])
    manifest = train(table, schema, candidates=SMALL, jobs=1).manifest
    assert [each.name for each in manifest.candidates if each.eligible] == SMALL
    assert manifest.parity_max_abs_diff <= 1e-6
    assert manifest.parity_flips == 0


def _proof(
    candidate: str, count: int, odd: Odd, properties: dict[str, Any], *, reasons: bool = True
) -> Proof:
    table, schema = _table(count, odd, properties)
    recipe = Recipe(candidate=candidate, params={}, seed=0)
    encoding = learn_encoding(table.inputs, schema)
    return prove(recipe, encoding, table, reasons=reasons, wanted_threshold=0.5)


def test_extreme_numbers_are_no_obstacle_to_random_splits() -> None:
    """Their thresholds lie anywhere in between, where float32 overflows on the way."""
    assert _proof("extra_trees", *TABLES["the ends of float32"]).problem == ""


def test_a_library_that_learns_nothing_is_proved_all_the_same() -> None:
    """LightGBM wants 40 rows in a leaf; of 24 rows its trees are single leaves of 0."""
    assert _proof("lightgbm", 24, _every(2), MONTHS).problem == ""


def test_a_network_that_is_sure_passes_the_gate() -> None:
    """Near 0 and 1 log-odds magnify the last digits of a probability, which float32 does not have."""
    sure = lambda row: {"left": "yes" if row["months"] > 2 else "no"}  # noqa: E731
    features = {"spend": NUMBER, "plan": PLAN, **MONTHS}
    assert _proof("neural_net", 1500, sure, features, reasons=False).problem == ""
