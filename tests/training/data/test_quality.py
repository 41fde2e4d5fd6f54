"""Findings on a table: each a line that names the column and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.tables import SHOP, schema_of, shop_rows
from training.data.dataset import table_from_rows
from training.data.quality import LEAK, Finding, check_quality, strict_failures


def _find(**changes: Any) -> list[Finding]:
    """Findings on a table without blanks, some columns replaced by a value, or a function of the row."""
    rows = [{**row, "spend": 5.0 if row["spend"] is None else row["spend"]} for row in shop_rows(400)]
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
        ({"spend": lambda row: None if row["number"] % 99 == 0 else row["spend"]}, "blank", "spend"),
        ({"plan": lambda row: "plus" if row["plan"] == "pro" else row["plan"]}, "unseen_category", "plan"),
        ({"plan": lambda row: f"2026-{row['number'] % 12 + 1:02d}-01"}, "dates", "plan"),
        ({"plan": lambda row: f"{row['number'] % 28 + 1}/11/2026"}, "dates", "plan"),
        ({"months": lambda row: row["number"]}, "id_like", "months"),
        ({"spend": lambda row: 10.0 if row["left"] == "yes" else 20.0}, "leak", "spend"),
        ({"plan": lambda row: "basic" if row["left"] == "yes" else "pro"}, "leak", "plan"),
        ({"spend": lambda row: 7.0 if row["left"] == "yes" else None}, "leak", "spend"),
        ({"months": lambda row: 999 if row["number"] % 50 == 0 else row["months"]}, "skipped", "months"),
        ({"months": lambda row: "?" if row["number"] % 50 == 0 else row["months"]}, "skipped", "months"),
    ],
)
def test_each_defect_is_found_in_its_column(changes: dict[str, Any], check: str, column: str) -> None:
    """Every kind of defect gives its finding, in one line that starts with the column."""
    found = [finding for finding in _find(**changes) if finding.check == check]
    assert [finding.column for finding in found] == [column]
    assert found[0].message.startswith(f"{column}: ")
    assert "\n" not in found[0].message


def test_skipped_rows_name_their_first_lines_and_a_cell() -> None:
    """The finding says how many rows, where they begin, and what was found there."""
    (finding,) = _find(months=lambda row: "many" if row["number"] % 40 == 0 else row["months"])
    assert finding.message == (
        "months: expected integer, got string, such as 'many': 10 rows left out "
        "(line 1, 41, 81, 121, 161, …); correct or remove them"
    )


def test_dates_in_a_number_column_are_called_dates() -> None:
    """What to do with a date is not to remove it."""
    (finding,) = _find(months=lambda row: "2026-11-20" if row["number"] == 3 else row["months"])
    assert finding.message.endswith("(line 4); turn dates into a number such as days since")


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


def test_many_small_categories_are_names_and_no_leak() -> None:
    """A category of one customer tells that customer's label and no other's."""
    rows = [{**row, "plan": f"street {i % 190}"} for i, row in enumerate(shop_rows(200))]
    found = {each.check for each in check_quality(table_from_rows(rows, SHOP, "shop"), SHOP)}
    assert "id_like" in found
    assert LEAK not in found


def test_a_category_that_nearly_tells_the_label_is_a_leak() -> None:
    """However its values are spread over the rows."""
    (leak,) = [
        each
        for each in _find(plan=lambda row: row["left"] if row["number"] % 100 else "pro")
        if each.check == LEAK
    ]
    assert leak.column == "plan"


def test_a_customer_with_both_labels_is_counted() -> None:
    """Two rows of one customer that disagree are worse than two that agree."""
    found = _find(
        customer=lambda row: f"c{row['number'] // 2}",
        left=lambda row: "yes" if row["number"] % 2 else "no",
    )
    assert "200 customers appear more than once, 200 of them with both labels; " in found[0].message


def test_customers_that_splits_keep_together_are_no_finding() -> None:
    """With the id as group a customer is never in both training and test rows."""
    rows = [{**row, "customer": f"c{i // 2}"} for i, row in enumerate(shop_rows(200))]
    for group, expected in ((None, 1), ("customer", 0), ("plan", 1)):
        found = check_quality(table_from_rows(rows, SHOP, "shop", group=group), SHOP)
        assert len([each for each in found if each.check == "duplicates"]) == expected


def test_a_sample_is_said_and_is_no_failure() -> None:
    """How many rows there were and were used, and the option that changes it."""
    table = table_from_rows(shop_rows(300), SHOP, "shop", max_rows=100)
    found = check_quality(table, SHOP)
    assert found[0].message.startswith("300 rows: a random sample of 100 was used; ")
    assert "--max-rows" in found[0].message
    assert found[0] not in strict_failures(found)
    assert not [each for each in check_quality(table_from_rows(shop_rows(300), SHOP, "shop"), SHOP) if
                each.check == "sampled"]  # fmt: skip


def test_strict_refuses_what_is_wrong_and_not_what_is_good_to_know() -> None:
    """Every check but the sample and categories that no row has."""
    found = _find(plan=lambda row: "plus" if row["plan"] == "pro" else row["plan"], months=7)
    assert {each.check for each in found} == {"constant", "unseen_category"}
    assert [each.check for each in strict_failures(found)] == ["constant"]


def test_a_feature_without_any_value_has_one_finding() -> None:
    """No value at all is not also a constant or a leak."""
    schema = schema_of({"months": {"type": "integer"}, "spend": {"type": "number"}})
    rows = [{**row, "spend": None} for row in shop_rows(100)]
    found = check_quality(table_from_rows(rows, schema, "shop"), schema)
    assert [(each.check, each.column) for each in found] == [("missing", "spend")]
