"""What must become of a batch, worked out record by record by other means than the handler's."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import NamedTuple

from contract.event import Event, EventDecoder, format_time
from contract.rejection import Rejected, Rejection
from scorer.aggregation import MAGIC
from tests.scorer.batches import NOW_MS, RETENTION_DAYS, SHARD, record, sequence
from tests.scorer.second_split import split_as_google

PARTITION_KEY = record("")["kinesis"]["partitionKey"]
KEPT_MS = RETENTION_DAYS * 86_400_000
TOO_OLD = Rejected(Rejection.EXPIRED, "time", "")
NOT_BASE64 = Rejected(Rejection.BAD_ENCODING, "", "not valid base64")


class Kept(NamedTuple):
    """What must be kept of a rejected record."""

    data: bytes
    kind: str
    received_at: str
    partition_key: str


class Truth(NamedTuple):
    """What must become of a batch: its valid events, and the rest by event id."""

    events: list[Event]
    rejected: dict[str, Kept]


def truth_of(texts: Sequence[str], decode: EventDecoder) -> Truth:
    """The truth of records whose `data` is `texts`."""
    truth = Truth([], {})
    for position, text in enumerate(texts):
        arrived = arrived_ms(position)
        for name, key, payload, is_base64 in _parts(text, f"{SHARD}:{sequence(position)}"):
            found = decode(payload, arrived) if is_base64 else NOT_BASE64
            if isinstance(found, Event) and found.time_ms < arrived - KEPT_MS:
                found = TOO_OLD
            if isinstance(found, Rejected):
                truth.rejected[name] = Kept(payload, found.kind, format_time(arrived), key)
            else:
                truth.events.append(found)
    return truth


def _parts(text: str, name: str) -> list[tuple[str, str, bytes, bool]]:
    """Event id, partition key and payload of what one record holds, and whether that was base64."""
    try:
        payload = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return [(name, PARTITION_KEY, text.encode(errors="surrogatepass"), False)]
    parts = split_as_google(payload) if payload.startswith(MAGIC) else None
    if not parts:
        return [(name, PARTITION_KEY, payload, True)]
    return [(f"{name}:{number}", part.partition_key, part.data, True) for number, part in enumerate(parts)]


def arrived_ms(position: int) -> int:
    """When the record at a place reached the stream: not all at once, so that no two may be confused."""
    return NOW_MS - position % 3 * 100_000
