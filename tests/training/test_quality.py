"""Findings on a table: each a line that names the column and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.tables import SHOP, shop_rows
from training.data.dataset import table_from_rows
from training.data.quality import Finding, check_quality


def _find(**changes: Any) -> list[Finding]:
    """Findings on the shop table with some columns replaced: a value, or a function of the row."""
    rows = shop_rows(200)
    for number, row in enumerate(rows):
        for column, change in changes.items():
            row[column] = change({**row, "number": number}) if callable(change) else change
    return check_quality(table_from_rows(rows, SHOP, "shop"), SHOP)


def test_a_sound_table_has_no_findings() -> None:
    """Nothing is said where nothing is wrong."""
    assert _find() == []


@pytest.mark.parametrize(
    ("changes", "check", "column"),
    [
        ({"months": 7}, "constant", "months"),
        ({"plan": "pro"}, "constant", "plan"),
        ({"spend": None}, "missing", "spend"),
        ({"spend": lambda row: None if row["number"] % 3 else 5.0 + row["number"]}, "missing", "spend"),
        ({"plan": lambda row: "gold" if row["number"] % 2 else "pro"}, "unknown_category", "plan"),
        ({"customer": lambda row: f"c{row['number'] // 2}"}, "duplicates", "customer"),
        ({"left": lambda row: "yes" if row["number"] % 25 == 0 else "no"}, "balance", "left"),
        ({"spend": lambda row: 10.0 if row["left"] == "yes" else 20.0}, "leak", "spend"),
        ({"plan": lambda row: "basic" if row["left"] == "yes" else "pro"}, "leak", "plan"),
        ({"months": lambda row: 999 if row["number"] % 50 == 0 else row["months"]}, "skipped", "months"),
    ],
)
def test_each_defect_is_found_in_its_column(changes: dict[str, Any], check: str, column: str) -> None:
    """Every kind of defect gives its finding, in one line that starts with the column."""
    found = [finding for finding in _find(**changes) if finding.check == check]
    assert [finding.column for finding in found] == [column]
    assert found[0].message.startswith(f"{column}: ")
    assert "\n" not in found[0].message


def test_skipped_rows_name_their_first_lines() -> None:
    """The finding says how many rows and where they begin."""
    (finding,) = _find(months=lambda row: 999 if row["number"] % 20 == 0 else row["months"])
    assert "10 rows left out (line 1, 21, 41, 61, 81, …)" in finding.message


def test_one_is_not_plural() -> None:
    """One row, one customer, one category."""
    found = _find(
        months=lambda row: 999 if row["number"] == 3 else row["months"],
        customer=lambda row: "c1" if row["number"] == 2 else row["customer"],
        plan=lambda row: "gold" if row["number"] == 4 else row["plan"],
    )
    messages = [finding.message for finding in found]
    assert "1 row left out (line 4); correct or remove it" in messages[0]
    assert "1 customer appears more than once" in messages[1]
    assert "1 category not in the schema's enum ('gold')" in messages[2]
