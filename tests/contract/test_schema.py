"""Features are data, and a schema that cannot be honoured is refused with one line."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import SchemaError
from contract.event import EventDecoder
from contract.feature import FLOAT32_MAX, category_text
from contract.schema import built_in_schemas, load_schema, parse_schema

MINIMAL: dict[str, Any] = {
    "$id": "mini",
    "type": "object",
    "x-id": "id",
    "x-label": "left",
    "properties": {"age": {"type": "integer"}, "plan": {"type": "string", "enum": ["a", "b"]}},
    "required": ["age"],
}


def test_both_built_in_schemas_load() -> None:
    """Telco and music are shipped, with the id, label and features their tables have."""
    assert built_in_schemas() == ("music", "telco")
    telco, music = load_schema("telco"), load_schema("music")
    assert (telco.id_column, telco.label_column, telco.label_positive) == ("customerID", "Churn", "Yes")
    assert (music.id_column, music.label_column, music.label_positive) == ("userId", "churn", "1")
    assert len(telco.features) == 19
    assert len(music.features) == 9
    assert [feature.name for feature in telco.numeric] == ["tenure", "MonthlyCharges", "TotalCharges"]


def test_a_schema_file_loads_by_path(tmp_path: Path) -> None:
    """Any JSON Schema file works; bounds are finite even where it names none."""
    path = tmp_path / "mini.json"
    path.write_text(json.dumps(MINIMAL))
    schema = load_schema(path)
    age, plan = schema.features
    assert (age.required, age.is_categorical, age.maximum) == (True, False, FLOAT32_MAX)
    assert (plan.required, plan.enum) == (False, ("a", "b"))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("$id",), "Has Space", "$id"),
        (("type",), "array", "object"),
        (("properties",), {}, "at least one feature"),
        (("required",), ["nobody"], "required"),
        (("x-id",), None, "x-id"),
        (("x-label",), "age", "x-label"),
        (("x-label",), "id", "both 'id'; expected two"),
        (("properties", "age"), "number", "age"),
        (("properties", "margin"), {"type": "number"}, "margin"),
        (("properties", ""), {"type": "number"}, "expected a name"),
        (("properties", 'a"b'), {"type": "number"}, "expected a name"),
        (("properties", "a\x00b"), {"type": "number"}, "expected a name"),
        (("properties", "age", "minimum"), 1e30, "minimum 1e+30 is beyond the integers"),
        (("properties", "age", "maximum"), -1e30, "maximum -1e+30 is beyond the integers"),
        (("properties", "age", "type"), "date", "date"),
        (("properties", "age", "minimum"), "0", "minimum"),
        (("properties", "age", "minimum"), float("nan"), "minimum"),
        (("properties", "plan", "enum"), None, "enum"),
        (("properties", "plan", "enum"), [], "enum"),
        (("properties", "plan", "enum"), ["a", "a"], "repeats"),
        (("properties", "plan", "enum"), ["a", ""], "non-empty"),
        (("properties", "age", "enum"), ["x"], "integer"),
    ],
)
def test_a_schema_that_cannot_be_honoured_is_refused(
    path: tuple[str, ...], value: object, complaint: str
) -> None:
    """Each mistake gives one line that names the part at fault."""
    document = copy.deepcopy(MINIMAL)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(SchemaError, match=re.escape(complaint)) as caught:
        parse_schema(document)
    assert "\n" not in str(caught.value)


def test_bounds_the_wrong_way_round_are_refused() -> None:
    """A minimum above the maximum would reject every event, so the schema is refused instead."""
    document = copy.deepcopy(MINIMAL)
    document["properties"]["age"] |= {"minimum": 5, "maximum": 1}
    with pytest.raises(SchemaError, match="minimum 5 is above maximum 1"):
        parse_schema(document)


def test_an_unknown_schema_names_the_known_ones() -> None:
    """A name that is neither built in nor a file says which are built in."""
    with pytest.raises(SchemaError, match="built in are music, telco"):
        load_schema("nope")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "not readable as JSON"),
        (b"\xff\xfe{", "not readable as JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "expected a JSON object"),
        (json.dumps({**MINIMAL, "x-id": ""}).encode(), "x-id"),
    ],
)
def test_a_schema_file_that_cannot_be_used_is_one_line_with_its_name(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    """Whatever is in the file, the message names it and there is no traceback."""
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=complaint) as caught:
        load_schema(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_schema(tmp_path: Path) -> None:
    """A folder is there, so it is not said to be missing."""
    with pytest.raises(SchemaError, match="a folder; expected a JSON Schema file"):
        load_schema(tmp_path)


def test_categories_have_one_spelling() -> None:
    """Booleans and integers are spelled as JSON spells them."""
    assert [category_text(value) for value in (True, False, 0, 1, "Yes")] == [
        "true",
        "false",
        "0",
        "1",
        "Yes",
    ]


def test_a_bound_beyond_float32_is_brought_inside() -> None:
    """Values above it would reach the graph as infinity."""
    document = copy.deepcopy(MINIMAL)
    document["properties"]["spend"] = {"type": "number", "minimum": -(10**400), "maximum": 1e300}
    spend = parse_schema(document).features[-1]
    assert (spend.minimum, spend.maximum) == (-FLOAT32_MAX, FLOAT32_MAX)


@given(
    name=st.text(min_size=1, max_size=8),
    spec=st.fixed_dictionaries(
        {"type": st.sampled_from(["number", "integer", "boolean"])},
        optional={
            "minimum": st.floats() | st.integers() | st.booleans(),
            "maximum": st.floats() | st.integers(),
        },
    ),
)
def test_a_schema_that_is_accepted_can_be_decoded(name: str, spec: dict[str, Any]) -> None:
    """Every schema is refused when it is read, or gives a decoder: never a surprise in the scorer."""
    document = copy.deepcopy(MINIMAL)
    document["properties"][name] = spec
    try:
        schema = parse_schema(document)
    except SchemaError:
        return
    assert EventDecoder(schema)(b"{}", 0)
