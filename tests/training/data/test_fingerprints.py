"""Row fingerprints: what a registry remembers of the rows that a champion has seen."""

from __future__ import annotations

import numpy as np

from contract.schema import parse_schema
from tests.training.tables import DOCUMENT, SHOP, Row, shop_rows
from training.data.dataset import table_from_rows
from training.data.describe import row_fingerprints

GOLDEN = [1596366064966933983, 2416749834845612659]


def fingerprints(rows: list[Row]) -> list[int]:
    found: list[int] = row_fingerprints(table_from_rows(rows, SHOP, "shop"), SHOP).tolist()
    return found


def test_fingerprints_are_the_same_everywhere() -> None:
    """These very numbers, on every machine and Python: they are stored with a model."""
    basic = {"customer": "c", "months": 7, "spend": 12.5, "plan": "basic", "senior": 1, "app": True}
    blank = {"customer": "c", "months": 0, "spend": None, "plan": "größte", "senior": 0, "app": None}
    rows: list[Row] = [{**basic, "left": "yes"}] * 10 + [{**blank, "left": "no"}] * 10
    assert fingerprints(rows)[9:11] == GOLDEN


def test_a_row_is_known_again_wherever_it_stands_and_whoever_it_is() -> None:
    """Order, id and spelling play no part."""
    rows = shop_rows(60)
    again = [{**row, "customer": "x", "months": str(row["months"])} for row in reversed(rows)]
    assert fingerprints(again) == fingerprints(rows)[::-1]


def test_every_feature_and_the_label_count() -> None:
    """A row that differs in anything is another row, and missing is a value of its own."""
    rows = shop_rows(60)
    before = fingerprints(rows)
    changes: list[Row] = [
        {"months": 61},
        {"spend": 12.3456},
        {"spend": 0.0},
        {"plan": "gold"},
        {"senior": 1 - rows[1]["senior"]},
        {"app": None},
        {"left": "no" if rows[1]["left"] == "yes" else "yes"},
    ]
    found = {before[1]}
    for change in changes:
        after = fingerprints([rows[0], {**rows[1], **change}, *rows[2:]])
        assert after[0] == before[0]
        assert after[2:] == before[2:]
        found.add(after[1])
    assert len(found) == len(changes) + 1


def test_equal_values_of_two_features_do_not_cancel_out() -> None:
    """Values that change places between features are another row."""
    document = {**DOCUMENT, "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": []}
    schema = parse_schema(document)
    rows = [{"customer": i, "a": i, "b": i + 100, "left": "yes" if i % 2 else "no"} for i in range(40)]
    swapped = [{**row, "a": row["b"], "b": row["a"]} for row in rows]
    ours, theirs = (row_fingerprints(table_from_rows(each, schema, "x"), schema) for each in (rows, swapped))
    assert not np.isin(ours, theirs).any()


def test_minus_zero_is_zero() -> None:
    """Numbers that compare equal are one value."""
    rows = shop_rows(40)
    ours, theirs = (fingerprints([{**rows[0], "spend": zero}, *rows[1:]]) for zero in (0.0, "-0.0"))
    assert ours == theirs
