"""The customers and the verdicts of a smoke test; tests/e2e runs it on deployed stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import Event, EventDecoder
from contract.schema import built_in_schemas, load_schema, parse_schema
from loadtest.accounting import identity
from loadtest.smoke.customers import CUSTOMER_PREFIX, event_of, new_customers
from producer.event_ids import EventIds

NOW_MS = 1_795_000_000_000
BOUNDS = st.integers(-1000, 1000)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """JSON Schema documents with every type of feature, and bounds anywhere."""
    low, high = sorted((draw(BOUNDS), draw(BOUNDS)))
    return {
        "$id": "any", "type": "object", "x-id": "id", "x-label": "left", "required": ["whole", "flag"],
        "properties": {
            "whole": {"type": "integer", "minimum": low, "maximum": high},
            "between": {"type": "integer", "minimum": low - 0.5, "maximum": high + 0.5},
            "real": {"type": "number", "minimum": low - 0.5, "maximum": high},
            "free": {"type": "number"},
            "flag": {"type": "boolean"},
            "level": {"type": "integer", "enum": draw(st.lists(BOUNDS, min_size=2, max_size=5, unique=True))},
            "plan": {"type": "string", "enum": ["a", "true", "1"]},
        },
    }  # fmt: skip


@given(schemas())
def test_an_event_is_valid_for_any_schema(document: dict[str, Any]) -> None:
    """Whatever a schema bounds, the scorer would take the event, under the key that is waited for."""
    schema = parse_schema(document)
    for customer in new_customers(3):
        event = event_of(customer, schema, EventIds(), time_ms=NOW_MS)
        decoded = EventDecoder(schema)(event.payload, NOW_MS)
        assert isinstance(decoded, Event), decoded
        assert identity(event.payload) == (customer, event.key)


@pytest.mark.parametrize("name", built_in_schemas())
def test_the_built_in_schemas_have_such_customers_too(name: str) -> None:
    """Every feature has a value, so that every part of the model is asked."""
    schema = load_schema(name)
    payload = json.loads(event_of("smoke-1-0", schema, EventIds(), time_ms=NOW_MS).payload)
    assert tuple(payload["data"]) == schema.feature_names
    assert None not in payload["data"].values()


def test_no_run_meets_the_customers_of_another() -> None:
    """Ids carry the prefix that is kept free of real customers, and are new each time."""
    first, second = new_customers(3), new_customers(3)
    assert len({*first, *second}) == 6
    assert all(customer.startswith(CUSTOMER_PREFIX) for customer in (*first, *second))
