"""Schemas drafted from tables can be trained with as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.schema import parse_schema
from tests.training.tables import shop_rows, write_csv
from training.data.dataset import read_table
from training.data.infer import infer_schema
from training.errors import DatasetError


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
        (lambda i: f"tier {i % 28}", {"type": "string"}),
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
        "age: 1 cell is no number; such rows are not trained on",
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
        DatasetError, match="no column unique to each row and named like an id found; name the id column with"
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


def test_an_id_that_repeats_is_said(tmp_path: Path) -> None:
    """A told id is taken as it is, with a remark where rows share it."""
    rows = [{**row, "customer": f"c{i // 2}"} for i, row in enumerate(shop_rows(60))]
    draft = infer_schema(write_csv(tmp_path / "shop.csv", rows), id_column="customer")
    assert "id customer: 60 rows, but only 30 different values; expected one row per customer" in draft.notes


def test_the_label_is_not_the_id(tmp_path: Path) -> None:
    """One column cannot be both, told or guessed."""
    path = write_csv(tmp_path / "shop.csv", shop_rows(60))
    with pytest.raises(DatasetError, match="left cannot be both the label and the id"):
        infer_schema(path, id_column="left")


def test_a_file_named_like_a_built_in_schema_gets_a_name_of_its_own(tmp_path: Path) -> None:
    """telco.csv is not the built-in telco problem, and its stack must not be named so."""
    draft = infer_schema(write_csv(tmp_path / "telco.csv", shop_rows(60)))
    assert parse_schema(draft.document).name == "telco-own"
    assert "$id telco-own: the name without -own is a built-in schema's" in draft.notes


def test_a_column_whose_name_cannot_be_a_feature_s_is_left_out(tmp_path: Path) -> None:
    """A draft is never one that the schema's reader refuses."""
    rows = [{"": f"n{i}", 'size "m"': i % 7, "margin": i % 3, **row} for i, row in enumerate(shop_rows(60))]
    draft = infer_schema(write_csv(tmp_path / "shop.csv", rows))
    assert parse_schema(draft.document).feature_names == ("months", "spend", "plan", "senior", "app")
    assert [note.partition(":")[0] for note in draft.notes[1:]] == [
        "a column without a name",
        'size "m"',
        "margin",
    ]


def test_rows_of_another_width_are_said_and_categories_have_no_blanks_around_them(tmp_path: Path) -> None:
    """What is drafted is what training and publishing will see."""
    path = write_csv(tmp_path / "shop.csv", [{**row, "plan": f" {row['plan']}"} for row in shop_rows(60)])
    path.write_text(path.read_text() + "c99,1\n")
    draft = infer_schema(path)
    assert draft.document["properties"]["plan"]["enum"] == ["basic", "plus", "pro"]
    assert "1 row left out, of another width than the header or not CSV" in draft.notes


def test_dates_are_no_categories(tmp_path: Path) -> None:
    """A model cannot learn from tomorrow's date; the remark says what to make of it."""
    rows = [{**row, "signup": f"2026-11-{i % 28 + 1:02d}"} for i, row in enumerate(shop_rows(60))]
    draft = infer_schema(write_csv(tmp_path / "shop.csv", rows))
    assert "signup" not in draft.document["properties"]
    assert "signup: left out, it holds dates; turn it into a number such as days since" in draft.notes


def test_a_long_header_is_cut_and_its_control_characters_shown(tmp_path: Path) -> None:
    """A message stays one readable line, whatever the file holds."""
    path = tmp_path / "wide.csv"
    path.write_text("\x1b[31mred," + ",".join(f"c{i}" for i in range(40)) + "\n" + "," * 40 + "\n")
    with pytest.raises(DatasetError) as caught:
        infer_schema(path, label_column="left")
    assert str(caught.value).endswith(r"found: \x1b[31mred, c0, c1, c2, c3, … (41 in all)")


def test_a_credit_card_table_is_not_turned_upside_down(tmp_path: Path) -> None:
    """The widely used card sample: CLIENTNUM, and a label whose alphabet puts the stayers last."""
    rows = [
        {
            "CLIENTNUM": 768_805_383 + 11 * i,
            "Attrition_Flag": "Existing Customer" if i % 6 else "Attrited Customer",
            "Customer_Age": 26 + i % 40,
        }
        for i in range(120)
    ]
    path = write_csv(tmp_path / "BankChurners.csv", rows)
    document = infer_schema(path).document
    assert (document["x-id"], document["x-label"]) == ("CLIENTNUM", "Attrition_Flag")
    assert read_table(path, parse_schema(document)).labels.sum() == 20
    told = infer_schema(path, positive="Existing Customer").document
    assert told["x-label-positive"] == "Existing Customer"
