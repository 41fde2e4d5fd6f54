"""From events to the arrays a graph is fed."""

from __future__ import annotations

import numpy as np

from contract.inputs import columns_of, find_unseen, known_texts, to_inputs
from contract.schema import load_schema, parse_schema
from tests.contract.rows import MUSIC_ROW, TELCO_ROW

TELCO, MUSIC = load_schema("telco"), load_schema("music")


def test_each_feature_becomes_one_named_column() -> None:
    """Numbers are float32, categories text, each of shape (n, 1), named and ordered as in the schema."""
    rows = [tuple(TELCO_ROW.values())] * 3
    inputs = to_inputs(columns_of(rows, TELCO), TELCO)
    assert tuple(inputs) == TELCO.feature_names
    assert {array.shape for array in inputs.values()} == {(3, 1)}
    assert inputs["tenure"].dtype == np.float32
    assert inputs["SeniorCitizen"][0, 0] == "0"
    assert inputs["Contract"][0, 0] == "Month-to-month"


def test_missing_is_nan_for_numbers_and_empty_for_categories() -> None:
    """What an optional feature lacks arrives as the graph's own sign for missing."""
    rows = [tuple({**MUSIC_ROW, "avg_songs_per_session": None, "gender": None}.values())]
    inputs = to_inputs(columns_of(rows, MUSIC), MUSIC)
    assert np.isnan(inputs["avg_songs_per_session"][0, 0])
    assert inputs["gender"][0, 0] == ""


def test_booleans_and_optional_integers_are_categories_too() -> None:
    """A boolean and an integer enum reach the graph as text, missing ones as empty text."""
    schema = parse_schema(
        {
            "$id": "flags",
            "type": "object",
            "x-id": "id",
            "x-label": "y",
            "properties": {"auto_renew": {"type": "boolean"}, "tier": {"type": "integer", "enum": [1, 2]}},
        }
    )
    inputs = to_inputs(columns_of([(True, 2), (None, None)], schema), schema)
    assert inputs["auto_renew"].tolist() == [["true"], [""]]
    assert inputs["tier"].tolist() == [["2"], [""]]


def test_no_rows_give_empty_columns() -> None:
    """An empty batch still has every input."""
    inputs = to_inputs(columns_of([], TELCO), TELCO)
    assert {array.shape for array in inputs.values()} == {(0, 1)}


def test_unseen_categories_are_found_by_row_and_feature() -> None:
    """Only categories outside the training data are reported; missing ones are not unseen."""
    rows = [
        tuple(MUSIC_ROW.values()),
        tuple({**MUSIC_ROW, "level": "family", "gender": "X"}.values()),
        tuple({**MUSIC_ROW, "gender": None}.values()),
    ]
    inputs = to_inputs(columns_of(rows, MUSIC), MUSIC)
    known = known_texts({"gender": ["F", "M"], "level": ["free", "paid"]})
    assert find_unseen(inputs, known) == {1: ("gender", "level")}
