"""A small schema with one feature of every kind, and what several source tests ask."""

from __future__ import annotations

from contract.schema import parse_schema
from producer.edge import Invalid, Ready

SMALL = parse_schema(
    {
        "$id": "small",
        "type": "object",
        "x-id": "id",
        "x-label": "left",
        "properties": {
            "age": {"type": "integer", "minimum": 0},
            "bill": {"type": "number"},
            "plan": {"type": "string", "enum": ["a", "b"]},
            "vip": {"type": "boolean"},
        },
        "required": ["age"],
    }
)


def reason_of(item: Ready | Invalid) -> tuple[int, str]:
    """Line and reason of an item that must be invalid."""
    assert isinstance(item, Invalid), item
    return item.line, item.rejected.reason
