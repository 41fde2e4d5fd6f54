"""Scores as a load test reads them: the same Query as scorer.read makes, without pynamodb's CPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from loadtest.stream_writer import Service


class _Text(msgspec.Struct):
    S: str


class _Item(msgspec.Struct):
    event_key: _Text
    scored_at: _Text | None = None


class _Page(msgspec.Struct):
    Items: list[_Item]
    LastEvaluatedKey: dict[str, Any] | None = None


_decode = msgspec.json.Decoder(_Page).decode


class Stored(NamedTuple):
    """One item of a customer."""

    event_key: str
    scored_at: str


class TableQuery:
    """Reads one predictions table. Every method raises CallError."""

    def __init__(self, dynamodb: Service, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def latest_key(self, customer: str) -> str | None:
        """The sort key of a customer's newest item; asks for all of it, as `ScoreReader.latest` does."""
        page = self._page(customer, {"ScanIndexForward": False, "Limit": 1})
        return page.Items[0].event_key.S if page.Items else None

    def all_of(self, customer: str) -> Iterator[Stored]:
        """Every item of a customer, strongly consistent, page by page."""
        position: dict[str, Any] = {}
        while True:
            page = self._page(
                customer,
                {"ConsistentRead": True, "ProjectionExpression": "event_key, scored_at", **position},
            )
            for item in page.Items:
                yield Stored(item.event_key.S, item.scored_at.S if item.scored_at else "")
            if not page.LastEvaluatedKey:
                return
            position = {"ExclusiveStartKey": page.LastEvaluatedKey}

    def _page(self, customer: str, more: dict[str, Any]) -> _Page:
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "customer_id = :customer",
            "ExpressionAttributeValues": {":customer": {"S": customer}},
            **more,
        }
        return _decode(self._dynamodb.call("Query", msgspec.json.encode(request)))
