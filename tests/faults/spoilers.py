"""A CloudEvent, and the ways in which one comes to be none that can be scored."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scorer.aggregation import MAGIC

MAX_EVENT_BYTES = 65_536


def envelope(customer: str, identity: str, time: str, row: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent, as a producer in any language writes it."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/faults",
        "type": "customer.updated",
        "subject": customer,
        "time": time,
        "data": row,
    }


def iso(time_ms: int, micros: int = 0) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC, with the microseconds beyond them where there are any."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}{f'{micros:03d}' if micros else ''}Z"


Spoiler = Callable[[dict[str, Any], random.Random], dict[str, Any] | bytes]


def _with_data(document: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {**document, "data": {**document["data"], **changes}}


def _without(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != name}


def _moved(document: dict[str, Any], *, days: int) -> dict[str, Any]:
    moved = datetime.fromisoformat(document["time"]).timestamp() + days * 24 * 3600
    return {**document, "time": iso(int(moved * 1000))}


SPOILERS: dict[str, Spoiler] = {
    "empty": lambda _d, _r: b"",
    "noise": lambda _d, r: b"\x00" + r.randbytes(r.randrange(200)),
    "cut": lambda d, r: json.dumps(d).encode()[: r.randrange(1, 150)],
    "not utf-8": lambda d, _r: json.dumps(d).encode().replace(b"/faults", b"/\xff\xfe"),
    "a list": lambda d, _r: json.dumps([d]).encode(),
    "null": lambda _d, _r: b"null",
    "deep": lambda _d, _r: b"[" * 20_000,
    "no subject": lambda d, _r: _without(d, "subject"),
    "no data": lambda d, _r: _without(d, "data"),
    "no time": lambda d, _r: _without(d, "time"),
    "no zone": lambda d, _r: {**d, "time": d["time"].rstrip("Z")},
    "no such day": lambda d, _r: {**d, "time": "2026-02-30T00:00:00Z"},
    "from the future": lambda d, _r: _moved(d, days=1),
    "older than any score is kept": lambda d, _r: _moved(d, days=-100),
    "the first year": lambda d, _r: {**d, "time": "0001-01-01T00:00:00+23:59"},
    "the last year": lambda d, _r: {**d, "time": "9999-12-31T23:59:59.999-23:59"},
    "not a number": lambda d, _r: _with_data(d, charges=float("nan")),
    "infinite": lambda d, _r: (
        json.dumps(_with_data(d, tenure=0)).encode().replace(b'"tenure": 0', b'"tenure": 1e400')
    ),
    "text for a number": lambda d, _r: _with_data(d, tenure="7"),
    "out of range": lambda d, _r: _with_data(d, tenure=101),
    "missing feature": lambda d, _r: {**d, "data": _without(d["data"], "tenure")},
    "lone surrogate": lambda d, _r: {**d, "subject": "\ud800"},
    "empty subject": lambda d, _r: {**d, "subject": ""},
    "long subject": lambda d, _r: {**d, "subject": "x" * 257},
    "other version": lambda d, _r: {**d, "specversion": "0.3"},
    "too long": lambda d, _r: json.dumps(d).encode() + b" " * MAX_EVENT_BYTES,
    "torn aggregate": lambda d, _r: MAGIC + json.dumps(d).encode(),
}
