"""Contestants are compared only where they give the same scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Any]  # in DynamoDB's own JSON

TOLERANCE = 2e-6  # each side rounds to six decimals


class DifferentScoresError(Exception):
    """Two contestants do not do the same job."""


def items_of(bodies: Iterable[bytes]) -> list[Item]:
    """The items that BatchWriteItem and PutItem requests carry."""
    found: list[Item] = []
    for body in bodies:
        request = json.loads(body)
        if "Item" in request:
            found.append(request["Item"])
        else:
            (puts,) = request["RequestItems"].values()
            found += [put["PutRequest"]["Item"] for put in puts]
    return found


def probabilities_of(items: Iterable[Item]) -> dict[str, str]:
    """Probabilities as DynamoDB's text, by customer."""
    return {item["customer_id"]["S"]: item["probability"]["N"] for item in items}


def require_same(expected: Mapping[str, str], found: Mapping[str, str], who: str) -> None:
    """Raise DifferentScoresError unless `found` has the same customers with the same probabilities."""
    if found.keys() != expected.keys():
        raise DifferentScoresError(f"{who} scored {len(found)} customers, expected {len(expected)}")
    worst = max(abs(float(found[name]) - float(text)) for name, text in expected.items())
    if worst > TOLERANCE:
        raise DifferentScoresError(
            f"{who}: probabilities differ by {worst:.1e}, at most {TOLERANCE:g} allowed"
        )
