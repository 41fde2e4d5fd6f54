"""Tables become model inputs, or one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.tables import SHOP, schema_of, shop_rows, write_csv
from training.data import dataset
from training.data.dataset import read_table, table_from_rows
from training.errors import DatasetError


def test_a_csv_and_the_same_rows_in_memory_give_the_same_table(tmp_path: Path) -> None:
    """Text cells and typed cells end as the same inputs, labels and ids."""
    rows = shop_rows(100)
    from_file = read_table(write_csv(tmp_path / "shop.csv", rows), SHOP)
    in_memory = table_from_rows(rows, SHOP, "memory")
    for name, column in in_memory.inputs.items():
        np.testing.assert_array_equal(from_file.inputs[name], column)
    np.testing.assert_array_equal(from_file.labels, in_memory.labels)
    assert from_file.ids == in_memory.ids


def test_a_blank_number_is_missing_not_an_error(tmp_path: Path) -> None:
    """Blank cells of an optional feature are kept as NaN or empty text."""
    rows = shop_rows(100)
    rows[3] |= {"spend": "   ", "app": ""}
    table = read_table(write_csv(tmp_path / "shop.csv", rows), SHOP)
    assert table.rows == 100
    assert np.isnan(table.inputs["spend"][3, 0])
    assert table.inputs["app"][3, 0] == ""


def test_rows_that_could_not_be_events_are_counted_with_their_lines(tmp_path: Path) -> None:
    """A row an event decoder would reject is left out, and its reason and line number are kept."""
    rows = shop_rows(100)
    rows[0]["months"] = -1
    rows[4]["months"] = "many"
    rows[9]["plan"] = None
    rows[10]["left"] = ""
    path = write_csv(tmp_path / "shop.csv", rows)
    path.write_text(path.read_text() + "cut-off,3,1.5\n")
    table = read_table(path, SHOP)
    assert table.rows == 96
    assert table.skipped.count == 5
    assert table.skipped.first_lines == {
        "months: expected integer >= 0": [2],
        "months: expected integer, got string": [6],
        "plan: missing, and it is required": [11],
        "left: blank label": [12],
        "row: too few cells for the header's 7": [102],
    }


def test_line_numbers_stay_true_over_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading in several chunks changes neither the table nor the line numbers."""
    rows = shop_rows(100)
    rows[75]["months"] = 601
    path = write_csv(tmp_path / "shop.csv", rows)
    whole = read_table(path, SHOP)
    monkeypatch.setattr(dataset, "ROWS_PER_CHUNK", 7)
    chunked = read_table(path, SHOP)
    assert chunked.skipped == whole.skipped
    assert chunked.skipped.first_lines == {"months: expected integer <= 600": [77]}
    np.testing.assert_array_equal(chunked.inputs["plan"], whole.inputs["plan"])
    assert chunked.ids == whole.ids


def test_a_byte_order_mark_and_extra_columns_do_not_matter(tmp_path: Path) -> None:
    """Spreadsheets put a mark before the header; columns beyond the schema are ignored."""
    rows = [{**row, "note": "x"} for row in shop_rows(50)]
    path = write_csv(tmp_path / "shop.csv", rows)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_table(path, SHOP).rows == 50


def test_an_optional_feature_needs_no_column(tmp_path: Path) -> None:
    """As in an event: it is missing in every row."""
    rows = [{k: v for k, v in row.items() if k not in ("spend", "app")} for row in shop_rows(50)]
    for table in (
        read_table(write_csv(tmp_path / "shop.csv", rows), SHOP),
        table_from_rows(rows, SHOP, "shop"),
    ):
        assert np.isnan(table.inputs["spend"]).all()
        assert set(table.inputs["app"][:, 0]) == {""}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["yes", "no", "maybe"], "holds 3 different values"),
        (["1", "0"], "x-label-positive is 'yes'"),
        (["no"] + ["yes"] * 24, "only 4 of 100 rows are not 'yes'"),
        (["no"] * 24 + ["yes"], "only 4 of 100 rows are 'yes'; expected at least 10"),
    ],
)
def test_a_label_must_have_two_values_and_enough_of_each(labels: list[str], expected: str) -> None:
    """Three values, unknown values or a class too small for every fold are refused."""
    rows = [{**row, "left": labels[i % len(labels)]} for i, row in enumerate(shop_rows(100))]
    with pytest.raises(DatasetError, match=expected):
        table_from_rows(rows, SHOP, "shop")


def test_a_category_with_too_many_values_is_refused() -> None:
    """A column of names is not a category."""
    rows = [{**row, "plan": f"plan {i}"} for i, row in enumerate(shop_rows(300))]
    with pytest.raises(DatasetError, match="plan holds 300 different categories in 300 rows"):
        table_from_rows(rows, SHOP, "shop")


def test_numeric_labels_match_whatever_their_spelling() -> None:
    """1, "1", 1.0 and "1.0" are the same label."""
    schema = schema_of({"months": {"type": "integer"}})
    document = {**schema.document, "x-label-positive": 1}
    schema = type(schema)(**{**{s: getattr(schema, s) for s in schema.__slots__}, "label_positive": "1"})
    assert document["x-label-positive"] == 1
    for one, zero in [(1, 0), ("1", "0"), (1.0, 0.0), ("1.0", "0.0")]:
        rows = [{"customer": i, "months": i, "left": one if i % 2 else zero} for i in range(20)]
        assert table_from_rows(rows, schema, "memory").labels.tolist() == [0, 1] * 10
