"""Customers for a smoke test: valid events of any schema, under ids that no real customer has."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass

from contract.event import encode_event
from contract.feature import Feature
from contract.prediction import event_key
from contract.schema import FeatureSchema
from producer.event_ids import EventIds

# No customer of yours may have an id that starts like this; docs/release.md says so.
CUSTOMER_PREFIX = "smoke-"
SOURCE = "/churn/smoke"


@dataclass(frozen=True, slots=True)
class SmokeEvent:
    """One event of a synthetic customer, and the key under which its score must be stored."""

    customer_id: str
    key: str
    payload: bytes


def new_customers(count: int) -> list[str]:
    """Ids that no earlier run has used."""
    run = secrets.token_hex(4)
    return [f"{CUSTOMER_PREFIX}{run}-{number}" for number in range(count)]


def event_of(customer_id: str, schema: FeatureSchema, ids: EventIds, *, time_ms: int) -> SmokeEvent:
    """An event that happened at `time_ms` (milliseconds since 1970), with values inside the schema's bounds.

    The values follow from the id, and differ between customers.
    """
    number = sum(customer_id.encode())
    data = {feature.name: _value(feature, number) for feature in schema.features}
    event_id = ids.new()
    payload = encode_event(customer_id, data, event_id=event_id, time_ms=time_ms, source=SOURCE)
    return SmokeEvent(customer_id, event_key(time_ms, event_id), payload)


def _value(feature: Feature, number: int) -> object:
    if feature.is_categorical:
        text = feature.enum[number % len(feature.enum)]
        if feature.json_type == "boolean":
            return text == "true"
        return int(text) if feature.json_type == "integer" else text
    small = number % 10
    if feature.json_type == "integer":
        return min(max(small, math.ceil(feature.minimum)), math.floor(feature.maximum))
    return min(max(float(small), feature.minimum), feature.maximum)
