"""Query and deletes on one table, in memory, with DynamoDB's own limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.scorer.fakes import client_error

MAX_ITEMS = 25
PAGE = 40  # items; DynamoDB's page is 1 MB


class FakeTable:
    """`leave(request_number)` says how many items of a write stay unprocessed; `after_write` may add some."""

    def __init__(self, leave: Callable[[int], int] = lambda _: 0) -> None:
        self.items: set[tuple[str, str]] = set()
        self.writes: list[int] = []
        self.after_write: Callable[[], None] = lambda: None
        self._leave = leave

    def query(self, **request: Any) -> dict[str, Any]:
        assert request["ConsistentRead"] is True
        customer = request["ExpressionAttributeValues"][":customer"]["S"]
        after = request.get("ExclusiveStartKey", {}).get("event_key", {}).get("S", "")
        keys = sorted(event for owner, event in self.items if owner == customer and event > after)
        found = [_key(customer, event) for event in keys[:PAGE]]
        return {"Items": found} | ({"LastEvaluatedKey": found[-1]} if len(keys) > PAGE else {})

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        ((table, entries),) = request["RequestItems"].items()
        keys = [entry["DeleteRequest"]["Key"] for entry in entries]
        pairs = [(key["customer_id"]["S"], key["event_key"]["S"]) for key in keys]
        if not 1 <= len(pairs) <= MAX_ITEMS or len(set(pairs)) != len(pairs):
            raise client_error("ValidationException")
        left = self._leave(len(self.writes))
        self.writes.append(len(pairs))
        done = pairs[: max(0, len(pairs) - left)]
        self.items -= set(done)
        self.after_write()
        return {"UnprocessedItems": {table: entries[len(done) :]} if len(done) < len(entries) else {}}


def _key(customer: str, event: str) -> dict[str, Any]:
    return {"customer_id": {"S": customer}, "event_key": {"S": event}}
