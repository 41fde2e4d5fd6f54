"""A contestant's table as its users read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loadtest.accounting import identity, scan

Key = tuple[str, str]  # customer id, event key


def key_of(payload: bytes) -> Key:
    """What an event must be stored under."""
    key = identity(payload)
    assert key, "a synthetic event is an event"
    return key


class Store:
    """Reads one table."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def is_readable(self, key: Key) -> bool:
        """Whether this event's score is there."""
        answer = self._dynamodb.get_item(
            TableName=self._table,
            Key={"customer_id": {"S": key[0]}, "event_key": {"S": key[1]}},
            ProjectionExpression="probability",
            ConsistentRead=True,
        )
        return "Item" in answer

    def probabilities(self, keys: Iterable[Key]) -> dict[Key, str]:
        """DynamoDB's text for those of these events that are there. Reads the whole table."""
        wanted = frozenset(keys)
        found: dict[Key, str] = {}
        for item in scan(self._dynamodb, self._table, "customer_id, event_key, probability"):
            key = (item["customer_id"]["S"], item["event_key"]["S"])
            if key in wanted:
                found[key] = item["probability"]["N"]
        return found
