"""Events at the rate of a load test: encoded once, sent often, each time with an id and a time of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple

import msgspec

from contract.event import encode_event, format_time
from producer.event_ids import EventIds
from producer.synthetic import SOURCE

ID = "00000000-0000-7000-8000-000000000000"
ID_PLACE = f'"id":"{ID}"'.encode()
TIME_PLACE = f'"time":"{format_time(0)}"'.encode()
MILLISECOND_DIGITS = 12  # hexadecimal; the first 48 bits of a UUIDv7


class Template(NamedTuple):
    """One event of a customer without its id and time, as `encode_event` writes it."""

    customer: int  # place in FreshEvents.customers
    partition_key: bytes  # as JSON
    head: bytes
    middle: bytes
    tail: bytes


class FreshEvent(NamedTuple):
    """An event as it is sent, and the id by which its score is found."""

    customer: int
    partition_key: bytes  # as JSON
    event_id: str
    payload: bytes


class FreshEvents:
    """Events of a fixed population, in the order of the snapshots given, over and over.

    The bytes are `encode_event`'s: it is asked once per snapshot, and ids and times are put in their places.
    The event's time is the one in its id (UUIDv7), so that a customer's events are ordered as they were made.
    """

    def __init__(self, snapshots: Iterable[bytes], *, prefix: str) -> None:
        """`snapshots` are encoded events; their customers are renamed to `prefix` + their id."""
        self._ids = EventIds()
        numbers: dict[str, int] = {}
        templates = []
        for payload in snapshots:
            event = json.loads(payload)
            customer = prefix + event["subject"]
            number = numbers.setdefault(customer, len(numbers))
            templates.append(_template(number, customer, event["data"]))
        self.customers: Sequence[str] = list(numbers)
        self._templates: Iterator[Template] = cycle(templates)

    def take(self, count: int) -> list[FreshEvent]:
        """The next `count` events, which happen now."""
        now_ms = time.time_ns() // 1_000_000
        events = []
        stamp_ms, stamp = -1, b""
        for customer, key, head, middle, tail in islice(self._templates, count):
            event_id = self._ids.new(now_ms)
            if stamp_ms != (made_ms := time_of(event_id)):
                stamp_ms, stamp = made_ms, format_time(made_ms).encode()
            payload = b"".join((head, event_id.encode(), middle, stamp, tail))
            events.append(FreshEvent(customer, key, event_id, payload))
        return events


def time_of(event_id: str) -> int:
    """Milliseconds since 1970 of a UUIDv7."""
    return int(event_id[:8] + event_id[9:13], 16)


def _template(number: int, customer: str, data: dict[str, object]) -> Template:
    payload = encode_event(customer, data, event_id=ID, time_ms=0, source=SOURCE)
    head, id_place, rest = payload.partition(ID_PLACE)
    middle, time_place, tail = rest.partition(TIME_PLACE)
    assert id_place
    assert time_place
    return Template(
        number, msgspec.json.encode(customer), head + b'"id":"', b'"' + middle + b'"time":"', b'"' + tail
    )
