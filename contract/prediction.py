"""A prediction, as it is read from the DynamoDB item it is stored as."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from contract.event import Event, format_time

MEDIUM_BAND = "medium"
HIGH_BAND = "high"
# Partitions of the by_risk index; one takes 1,000 writes a second, so 16 take 16,000 high-risk scores.
RISK_SHARDS = 16
PROBABILITY_DECIMALS = 6
CONTRIBUTION_DECIMALS = 4
UTC_WITH_MICROSECONDS = len("2026-11-20T10:00:00.123456Z")
UTC_TO_THE_SECOND = len("2026-11-20T10:00:00Z")
TO_THE_MILLISECOND = len("2026-11-20T10:00:00.123")
WHOLE_MILLISECOND = "000"


class Reason(msgspec.Struct, frozen=True):
    """One feature's part in a score, in log-odds against the average customer; positive means riskier."""

    feature: str
    contribution: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score for one event. Times are RFC 3339 UTC, `expires_at` seconds since 1970."""

    customer_id: str
    event_key: str
    probability: float
    band: str
    reasons: tuple[Reason, ...]
    unseen: tuple[str, ...]
    model_version: str
    event_time: str
    scored_at: str
    expires_at: int


class Put(NamedTuple):
    """One item to write: its key, and the entry `{"PutRequest":{"Item":…}}` as JSON text, in DynamoDB's own
    JSON.
    """

    customer_id: str
    event_key: str
    request: str


def event_key(time_ms: int, event_id: str, *, micros: int = 0) -> str:
    """Sort key of the table: fixed-width time first, so that key order is event-time order.

    `micros` are those beyond the millisecond, 0 to 999. Where there are any they follow behind a `$`, which
    sorts after the `#` of a whole millisecond.
    """
    return f"{format_time(time_ms)}{f'${micros:03d}' if micros else ''}#{event_id}"


def event_keys(events: Sequence[Event]) -> list[str]:
    """The `event_key` of many events, several times faster than one at a time."""
    stamps: list[str] = msgspec.to_builtins([event.time for event in events])
    return [_key(stamp, event) for stamp, event in zip(stamps, events, strict=True)]


def _key(stamp: str, event: Event) -> str:
    """The key from the text that msgspec gives a time: UTC ends in Z, and a fraction has six digits."""
    if len(stamp) == UTC_WITH_MICROSECONDS:
        micros = stamp[TO_THE_MILLISECOND:-1]
        if micros == WHOLE_MILLISECOND:
            return f"{stamp[:TO_THE_MILLISECOND]}Z#{event.event_id}"
        return f"{stamp[:TO_THE_MILLISECOND]}Z${micros}#{event.event_id}"
    if len(stamp) == UTC_TO_THE_SECOND:
        return f"{stamp[:-1]}.000Z#{event.event_id}"
    return event_key(event.time_ms, event.event_id, micros=event.time.microsecond % 1000)  # another zone


def risk_shard(customer_id: str) -> str:
    """The index partition of a customer: stable, and spread evenly over RISK_SHARDS."""
    return f"{zlib.crc32(customer_id.encode()) % RISK_SHARDS:02d}"


def from_item(item: Mapping[str, Any]) -> Prediction:
    """What a stored item says (contract/put.py writes it)."""
    return Prediction(
        customer_id=item["customer_id"]["S"],
        event_key=item["event_key"]["S"],
        probability=float(item["probability"]["N"]),
        band=item["band"]["S"],
        reasons=tuple(
            Reason(entry["M"]["feature"]["S"], float(entry["M"]["contribution"]["N"]))
            for entry in item["reasons"]["L"]
        ),
        unseen=tuple(entry["S"] for entry in item["unseen"]["L"]),
        model_version=item["model_version"]["S"],
        event_time=item["event_time"]["S"],
        scored_at=item["scored_at"]["S"],
        expires_at=int(item["expires_at"]["N"]),
    )
