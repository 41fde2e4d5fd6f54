"""Where every published record ended: written, collapsed, rejected or missing.

The truth is computed from the published bytes with the standard library, not with the scorer's own code,
so that a fault in decoding or ordering cannot hide itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

Stored = Mapping[str, Collection[str]]  # customer id → event keys of its items


@dataclass(frozen=True, slots=True)
class Account:
    """The end of every published record: published = written + collapsed + rejected + missing.

    `collapsed` records were overtaken by a newer event of their customer, or are copies of a written event:
    `copies` says how many are the latter. `misjudged` records are valid but rejected, and among `rejected`.
    `stale` counts customers whose newest stored event is not the newest that was published for them.
    """

    published: int
    written: int
    collapsed: int
    copies: int
    rejected: int
    misjudged: int
    missing: int
    stale: int

    @property
    def complete(self) -> bool:
        """Nothing is missing, nothing valid was rejected, and every latest score is the newest event's."""
        return not (self.missing or self.misjudged or self.stale)


def settle(
    published: Iterable[bytes], stored: Stored, rejected: Iterable[bytes], *, broken: Collection[bytes]
) -> Account:
    """Match what was published with what is stored and what was rejected, record by record.

    `broken` are the published records that cannot be scored, and so must be rejected. An older event that
    was never looked at cannot be told from a collapsed one here; the scorer's counts can (`explains`).
    """
    broken = frozenset(broken)
    refused = Counter(rejected)
    copies: Counter[tuple[str, str]] = Counter()
    newest_published: dict[str, str] = defaultdict(str)
    total = rejections = misjudged = missing = 0
    for payload in published:
        total += 1
        found = None if payload in broken else identity(payload)
        if found:
            newest_published[found[0]] = max(newest_published[found[0]], found[1])
        if refused[payload]:
            refused[payload] -= 1
            rejections += 1
            misjudged += found is not None
        elif found is None:
            missing += 1
        else:
            copies[found] += 1
    written = collapsed = absorbed = 0
    newest_stored = {customer: max(keys) for customer, keys in stored.items() if keys}
    for (customer, key), count in copies.items():
        if key in stored.get(customer, ()):
            written += 1
            collapsed += count - 1
            absorbed += count - 1
        elif newest_stored.get(customer, "") > key:
            collapsed += count
        else:
            missing += count
    stale = sum(newest_stored.get(customer, "") < key for customer, key in newest_published.items())
    return Account(total, written, collapsed, absorbed, rejections, misjudged, missing, stale)


def explains(account: Account, counted: Mapping[str, float]) -> bool:
    """Whether the scorer's own counts fit the account: it settled every record, and stored what it wrote.

    A written duplicate counts as written each time. Counts of invocations that died are missing and records
    delivered twice are counted twice, so this is for runs without faults.
    """
    settled = counted["EventsReceived"] - counted["EventsRetried"]
    surplus = counted["EventsWritten"] - account.written
    return settled == account.published and 0 <= surplus <= account.copies


def identity(payload: bytes) -> tuple[str, str] | None:
    """Customer and sort key that a well-formed event must be stored under; None for what is no event."""
    try:
        event = json.loads(payload)
        moment = datetime.fromisoformat(event["time"].upper()).astimezone(UTC)
        millis, micros = divmod(moment.microsecond, 1000)
        text = f"{moment:%Y-%m-%dT%H:%M:%S}.{millis:03d}Z{f'${micros:03d}' if micros else ''}"
        return f"{event['subject']}", f"{text}#{event['id']}"
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


class ScanClient(Protocol):
    """The one DynamoDB call that accounting needs."""

    def scan(self, **arguments: Any) -> Any: ...


def stored_events(dynamodb: ScanClient, table: str) -> dict[str, set[str]]:
    """All event keys in the table by customer. Reads the whole table, so it is for demos and load tests."""
    stored: dict[str, set[str]] = defaultdict(set)
    for item in scan(dynamodb, table, "customer_id, event_key"):
        stored[item["customer_id"]["S"]].add(item["event_key"]["S"])
    return dict(stored)


def scan(dynamodb: ScanClient, table: str, attributes: str) -> Iterator[Any]:
    """Every item of a table, with these attributes only, page by page."""
    position: dict[str, Any] = {}
    while True:
        page = dynamodb.scan(
            TableName=table, ProjectionExpression=attributes, ConsistentRead=True, **position
        )
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        position = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
