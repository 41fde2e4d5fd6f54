"""What a real stream looks like: duplicates, late events, and now and then bytes that are no event."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

DUPLICATE_SHARE = 0.01
BROKEN_SHARE = 0.005
REORDER_WINDOW = 50  # events; each may arrive this many places late
UNREADABLE_KEY = "unreadable"


def disturb(events: Sequence[bytes], seed: int) -> list[bytes]:
    """The same events in a realistic order, with about 1 % duplicates and 0.5 % broken ones; seeded.

    Broken records are additional: every given event is in the result, whole, at least once.
    """
    chance = random.Random(seed)  # noqa: S311  # reproducible, not cryptography
    traffic = list(events)
    traffic += chance.sample(traffic, k=round(len(traffic) * DUPLICATE_SHARE))
    traffic += [break_event(chance.choice(events), chance) for _ in range(round(len(events) * BROKEN_SHARE))]
    positions = [index + chance.uniform(0, REORDER_WINDOW) for index in range(len(events))]
    positions += [chance.uniform(0, len(events)) for _ in range(len(traffic) - len(events))]
    return [payload for _, payload in sorted(zip(positions, traffic, strict=True), key=lambda pair: pair[0])]


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
