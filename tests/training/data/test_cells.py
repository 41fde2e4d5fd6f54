"""Text cells become what an event would carry."""

from __future__ import annotations

import pytest

from contract.feature import Feature, JsonType
from training.data.cells import read_column


def _feature(json_type: JsonType) -> Feature:
    return Feature(name="x", json_type=json_type, required=False)


@pytest.mark.parametrize(
    ("json_type", "text", "value"),
    [
        ("number", "29.85", 29.85),
        ("number", " 29.85 ", 29.85),
        ("number", "  ", None),
        ("number", "1e3", 1000.0),
        ("number", "nan", "nan"),
        ("number", "1,5", "1,5"),
        ("integer", "34", 34),
        ("integer", "34.0", 34),
        ("integer", "34.5", 34.5),
        ("integer", "9007199254740993", 9007199254740993),
        ("boolean", "TRUE", True),
        ("boolean", "0", False),
        ("boolean", "maybe", "maybe"),
        ("string", "Month-to-month", "Month-to-month"),
        ("string", " One year ", "One year"),
        ("string", "", None),
    ],
)
def test_text_is_typed_by_the_schema(json_type: JsonType, text: str, value: object) -> None:
    """Text that fits the type becomes its value, blank becomes None, and the rest stays text."""
    (read,) = read_column(_feature(json_type), [text])
    assert (read, type(read)) == (value, type(value))


def test_typed_cells_pass_through() -> None:
    """Rows that are already typed keep their values; NaN is missing."""
    assert read_column(_feature("number"), [1.5, None, float("nan"), 2]) == [1.5, None, None, 2]
