"""Where every published record ended: written, collapsed, rejected or missing.

The truth is computed from the published bytes with the standard library, not with the scorer's own code,
so that a fault in decoding or ordering cannot hide itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

Stored = Mapping[str, Collection[str]]  # customer id → event keys of its items


@dataclass(frozen=True, slots=True)
class Account:
    """The end of every published record; the five counts add up: published is the sum of the others.

    `collapsed` records were overtaken by a newer event of their customer, or are copies of a written event.
    `stale` counts customers whose newest stored event is not the newest that was published for them.
    """

    published: int
    written: int
    collapsed: int
    rejected: int
    missing: int
    stale: int

    @property
    def complete(self) -> bool:
        """Nothing is missing and every customer's latest score is that of its newest event."""
        return self.missing == 0 and self.stale == 0


def settle(published: Iterable[bytes], stored: Stored, rejected: Iterable[bytes]) -> Account:
    """Match what was published with what is stored and what was rejected, record by record."""
    refused = Counter(rejected)
    copies: Counter[tuple[str, str]] = Counter()
    total = rejections = missing = 0
    for payload in published:
        total += 1
        if refused[payload]:
            refused[payload] -= 1
            rejections += 1
        elif (found := identity(payload)) is None:
            missing += 1
        else:
            copies[found] += 1
    written = collapsed = 0
    newest_stored = {customer: max(keys) for customer, keys in stored.items() if keys}
    newest_published: dict[str, str] = defaultdict(str)
    for (customer, key), count in copies.items():
        newest_published[customer] = max(newest_published[customer], key)
        if key in stored.get(customer, ()):
            written += 1
            collapsed += count - 1
        elif newest_stored.get(customer, "") > key:
            collapsed += count
        else:
            missing += count
    stale = sum(newest_stored.get(customer, "") < key for customer, key in newest_published.items())
    return Account(total, written, collapsed, rejections, missing, stale)


def identity(payload: bytes) -> tuple[str, str] | None:
    """Customer and sort key that a well-formed event must be stored under; None for what is no event."""
    try:
        event = json.loads(payload)
        moment = datetime.fromisoformat(event["time"]).astimezone(UTC)
        text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        return event["subject"], f"{text}#{event['id']}"
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


class ScanClient(Protocol):
    """The one DynamoDB call that accounting needs."""

    def scan(self, **arguments: Any) -> Any: ...


def stored_events(dynamodb: ScanClient, table: str) -> dict[str, set[str]]:
    """All event keys in the table by customer. Reads the whole table, so it is for demos and load tests."""
    stored: dict[str, set[str]] = defaultdict(set)
    position: dict[str, Any] = {}
    while True:
        page = dynamodb.scan(
            TableName=table, ProjectionExpression="customer_id, event_key", ConsistentRead=True, **position
        )
        for item in page["Items"]:
            stored[item["customer_id"]["S"]].add(item["event_key"]["S"])
        if "LastEvaluatedKey" not in page:
            return dict(stored)
        position = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
