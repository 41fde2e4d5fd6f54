"""Schemas drafted from tables can be trained with as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.schema import parse_schema
from tests.training.tables import shop_rows, write_csv
from training.dataset import read_table
from training.errors import DatasetError
from training.infer import infer_schema


def _draft(path: Path, **columns: Any) -> dict[str, Any]:
    """The drafted properties for the shop table with more columns."""
    rows: list[dict[str, Any]] = [
        {**row, **{k: v(i) if callable(v) else v for k, v in columns.items()}}
        for i, row in enumerate(shop_rows(120))
    ]
    return infer_schema(write_csv(path / "Shop Customers 2026.csv", rows)).document


def test_a_table_s_own_schema_is_found(tmp_path: Path) -> None:
    """Id, label, positive value, types, categories, limits and what is required."""
    document = _draft(tmp_path)
    assert document["$id"] == "shop-customers-2026"
    assert (document["x-id"], document["x-label"], document["x-label-positive"]) == (
        "customer",
        "left",
        "yes",
    )
    assert document["properties"] == {
        "months": {"type": "integer", "minimum": 0, "maximum": 1000},
        "spend": {"type": "number", "minimum": 0, "maximum": 1000},
        "plan": {"type": "string", "enum": ["basic", "plus", "pro"]},
        "senior": {"type": "integer", "enum": [0, 1]},
        "app": {"type": "boolean"},
    }
    assert document["required"] == ["months", "plan", "senior"]


@pytest.mark.parametrize(
    ("cells", "spec"),
    [
        (lambda i: -i, {"type": "integer", "minimum": -10000, "maximum": 10000}),
        (lambda i: i / 2, {"type": "number", "minimum": 0, "maximum": 1000}),
        (lambda i: i % 4, {"type": "integer", "minimum": 0, "maximum": 100}),
        (lambda i: f"city {i}", None),
        (lambda i: f"2026-11-{i % 28 + 1:02d}", {"type": "string"}),
        ("", None),
    ],
)
def test_types_come_from_the_cells(tmp_path: Path, cells: Any, spec: dict[str, Any] | None) -> None:
    """Negative and whole numbers, few texts; too many texts or none at all are left out."""
    found = _draft(tmp_path, extra=cells)["properties"].get("extra")
    assert (found is None) == (spec is None)
    assert spec is None or spec.items() <= found.items()


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    """Each remark is one line that starts with the column."""
    rows = [
        {"row_id": i, "city": f"city {i}", "age": "?" if i == 3 else 30 + i % 40, **row}
        for i, row in enumerate(shop_rows(120))
    ]
    draft = infer_schema(write_csv(tmp_path / "shop.csv", rows), id_column="customer")
    assert draft.notes == [
        "label left: 'yes' is taken to mean churned",
        "row_id: left out, it numbers the rows",
        "city: left out, 120 different texts, and at most 50 make a category",
        "age: 1 cells are not numbers; such rows are not trained on",
    ]


def test_columns_may_be_told(tmp_path: Path) -> None:
    """What the names do not give away, the person says."""
    path = write_csv(tmp_path / "x.csv", [{"who": f"c{i}", "gone": i % 2, "n": i % 7} for i in range(30)])
    draft = infer_schema(path, id_column="who", label_column="gone")
    assert (draft.document["x-label"], draft.document["x-label-positive"]) == ("gone", "1")
    assert list(draft.document["properties"]) == ["n"]
    assert read_table(path, parse_schema(draft.document)).labels.sum() == 15


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, r"no two-valued column named like churn found; name the label column with --label-column"),
        ({"label_column": "leaving"}, "no column 'leaving' for the label; found: who, gone, n"),
        ({"label_column": "n"}, "label n holds 7 different values"),
        ({"label_column": "gone", "id_column": "nobody"}, "no column 'nobody' for the id"),
    ],
)
def test_what_cannot_be_guessed_is_asked_for(tmp_path: Path, told: dict[str, str], expected: str) -> None:
    """One line that says which option helps."""
    path = write_csv(tmp_path / "x.csv", [{"who": f"c{i}", "gone": i % 2, "n": i % 7} for i in range(30)])
    with pytest.raises(DatasetError, match=expected):
        infer_schema(path, **told)


def test_without_a_unique_column_the_id_is_asked_for(tmp_path: Path) -> None:
    """An id must be unique to be guessed."""
    path = write_csv(tmp_path / "x.csv", [{"churn": i % 2, "n": i % 7} for i in range(30)])
    with pytest.raises(
        DatasetError, match="no column unique to each row found; name the id column with --id"
    ):
        infer_schema(path)


def test_a_bank_s_table_is_understood(tmp_path: Path) -> None:
    """The widely used bank sample: RowNumber beside CustomerId, Surname, Exited as 0/1."""
    rows = [
        {
            "RowNumber": i,
            "CustomerId": 15_600_000 + 7 * i,
            "Surname": f"N{i}",
            "Age": 20 + i % 50,
            "Exited": i % 2,
        }
        for i in range(200)
    ]
    document = infer_schema(write_csv(tmp_path / "bank.csv", rows)).document
    assert (document["x-id"], document["x-label"]) == ("CustomerId", "Exited")
    assert list(document["properties"]) == ["Age"]
