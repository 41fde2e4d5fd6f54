"""What a real stream looks like: duplicates, late events, and now and then bytes that are no event."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from contract.schema import FeatureSchema
from producer.edge import Ready
from producer.errors import SourceError
from producer.sources import open_source
from producer.synthetic import events

SYNTHETIC = "synthetic"
SYNTHETIC_CUSTOMERS = 2_000
ENDLESS = 10**9
MONTHS_OF_SNAPSHOTS = 2  # an account's features differ from one month to the next
DUPLICATE_SHARE = 0.01
BROKEN_SHARE = 0.005
REORDER_WINDOW = 50  # events; each may arrive this many places late
UNREADABLE_KEY = "unreadable"


def events_of(data: str, schema: FeatureSchema) -> Iterator[bytes]:
    """Valid events without end: of `synthetic` customers, or of the rows of a table, over and over.

    Raises SourceError, also where no row of the table is a valid event.
    """
    if data.partition(":")[0] == SYNTHETIC:
        yield from (event.payload for event in events(schema.name, ENDLESS, 0, customers=SYNTHETIC_CUSTOMERS))
        return
    while True:
        found = [item.payload for item in open_source(data, schema) if isinstance(item, Ready)]
        if not found:
            raise SourceError(f"{data}: none of its rows is a valid event for schema {schema.name}")
        yield from found


def snapshots_of(data: str, schema: FeatureSchema, customers: int, seed: int) -> Iterator[bytes]:
    """Encoded events to make fresh ones of: some months of `customers` made-up ones, or a table's rows, once.

    Raises SourceError and UnknownGeneratorError.
    """
    if data.partition(":")[0] == SYNTHETIC:
        count = customers * MONTHS_OF_SNAPSHOTS
        return (event.payload for event in events(schema.name, count, seed, customers=customers))
    found = [item.payload for item in open_source(data, schema) if isinstance(item, Ready)]
    if not found:
        raise SourceError(f"{data}: none of its rows is a valid event for schema {schema.name}")
    return iter(found)


class Traffic(NamedTuple):
    """Records in the order in which they are sent, and which of them cannot be scored."""

    records: list[bytes]
    broken: frozenset[bytes]


def disturb(valid: Sequence[bytes], seed: int) -> Traffic:
    """The same events in a realistic order, with about 1 % duplicates and 0.5 % broken ones; seeded.

    Broken records are additional: every given event is in the result, whole, at least once.
    """
    chance = random.Random(seed)  # noqa: S311  # reproducible, not cryptography
    duplicates = chance.sample(valid, k=round(len(valid) * DUPLICATE_SHARE))
    broken = [break_event(chance.choice(valid), chance) for _ in range(round(len(valid) * BROKEN_SHARE))]
    placed = [(index + chance.uniform(0, REORDER_WINDOW), event) for index, event in enumerate(valid)]
    placed += [(chance.uniform(0, len(valid)), record) for record in (*duplicates, *broken)]
    return Traffic([record for _, record in sorted(placed)], frozenset(broken))


def break_event(payload: bytes, chance: random.Random) -> bytes:
    """One event spoiled in one of the ways that producers spoil them; never a valid event."""
    event: dict[str, Any] = json.loads(payload)
    feature = chance.choice(sorted(event["data"]))
    match chance.randrange(5):
        case 0:
            return payload[: chance.randrange(1, len(payload))]
        case 1:
            event["data"][feature] = ["not", "a", "value"]
        case 2:
            event["subject"] = ""
        case 3:
            event["time"] = "yesterday"
        case _:
            return payload.replace(b'"', b"\xff", 1)
    return json.dumps(event).encode()


def partition_key_of(payload: bytes) -> str:
    """The customer an event is about; for bytes that do not say, one key that they share."""
    try:
        subject = json.loads(payload)["subject"]
    except (ValueError, TypeError, KeyError):
        return UNREADABLE_KEY
    return subject if isinstance(subject, str) and subject else UNREADABLE_KEY
