"""What one object of the bucket holds of a customer, and what the object is without it."""

from __future__ import annotations

import binascii
from collections.abc import Set
from typing import Any, NamedTuple

import msgspec

from scorer.aggregation import SubRecord
from scorer.erasure.aggregate import join
from scorer.erasure.mention import Customer, Mention
from scorer.records import Record, Records
from scorer.rejected import REPLAYED_PREFIX, UNDELIVERED_PREFIX, RejectedRecord


class Sought(NamedTuple):
    """Whose records go: the customer's, and those of the events that a person has looked at and named."""

    customer: Customer
    also: Set[str] = frozenset()

    def judge(self, event_id: str, partition_key: str, payload: bytes) -> Mention:
        """What a record has to do with the customer; a named event is theirs."""
        named = event_id in self.also
        return Mention.OWN if named else self.customer.mention(partition_key, payload)


class Holding:
    """What was found in one object.

    `erased` are the ids of the records that go, `by_text` those of them that only their text gives away,
    `unsure` those that name the customer and stay. `rest` is the body without the first; None where nothing
    is left. `is_unknown`: the object has no form that is known, and the id is in it; it stays as it is.
    """

    def __init__(self) -> None:
        self.erased: set[str] = set()
        self.by_text: set[str] = set()
        self.unsure: set[str] = set()
        self.rest: bytes | None = None
        self.is_unknown = False

    @property
    def concerns_customer(self) -> bool:
        """Whether the object has anything to do with the customer."""
        return bool(self.erased or self.unsure or self.is_unknown)

    def note(self, event_id: str, mention: Mention) -> bool:
        """Count a record; whether it stays."""
        if mention is Mention.UNSURE:
            self.unsure.add(event_id)
        if mention is Mention.TEXT:
            self.by_text.add(event_id)
        if mention in (Mention.OWN, Mention.TEXT):
            self.erased.add(event_id)
            return False
        return True


def search(key: str, body: bytes, sought: Sought) -> Holding:
    """What the object at `key` holds of the customer. Never raises, whatever is in it."""
    if key.removeprefix(REPLAYED_PREFIX).startswith(UNDELIVERED_PREFIX):
        try:
            return _in_invocation(body, sought)
        except (ValueError, KeyError, TypeError, RecursionError):
            unknown = Holding()
            unknown.is_unknown = sought.customer.mention_in(body) is not Mention.NONE
            return unknown
    return _in_lines(key, body, sought)


def _in_lines(key: str, body: bytes, sought: Sought) -> Holding:
    found = Holding()
    lines = body.splitlines(keepends=True)
    kept = [line for place, line in enumerate(lines) if _line_stays(f"{key}#{place}", line, sought, found)]
    found.rest = b"".join(kept) or None
    return found


def _line_stays(place: str, line: bytes, sought: Sought, found: Holding) -> bool:
    try:
        record = msgspec.json.decode(line, type=RejectedRecord)
    except (ValueError, RecursionError):
        return found.note(place, Mention.OWN if place in sought.also else sought.customer.mention_in(line))
    return found.note(record.event_id, sought.judge(record.event_id, record.partition_key, record.data))


def _in_invocation(body: bytes, sought: Sought) -> Holding:
    """Of the object that Lambda writes; `payload` is the event, as an object or as JSON text."""
    document = msgspec.json.decode(body)
    as_text = isinstance(document["payload"], str)
    event = msgspec.json.decode(document["payload"]) if as_text else document["payload"]
    found = Holding()
    kept = [raw for each in event["Records"] if (raw := _without(each, sought, found)) is not None]
    if kept:
        event = {**event, "Records": kept}
        payload = msgspec.json.encode(event).decode() if as_text else event
        found.rest = msgspec.json.encode({**document, "payload": payload})
    return found


def _without(raw: dict[str, Any], sought: Sought, found: Holding) -> dict[str, Any] | None:
    """A Kinesis record without the customer's part of it: whole, with fewer parts, or None."""
    parts = list(Records([raw]))
    kept = [part for part in parts if found.note(part.event_id, _judged(part, sought))]
    if not kept:
        return None
    outer_key = raw["kinesis"]["partitionKey"]
    names_customer = outer_key == sought.customer.id  # then kept parts have keys of their own
    if names_customer:
        found.erased.add(raw["eventID"])
    elif len(kept) == len(parts):
        return raw
    data = join([SubRecord(part.partition_key, part.payload) for part in kept])
    key = kept[0].partition_key if names_customer else outer_key
    changed = {"data": binascii.b2a_base64(data, newline=False).decode(), "partitionKey": key}
    return {**raw, "kinesis": {**raw["kinesis"], **changed}}


def _judged(part: Record, sought: Sought) -> Mention:
    return sought.judge(part.event_id, part.partition_key, part.payload)
