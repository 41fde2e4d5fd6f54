"""Decoding under fuzz: any bytes give an Event or a Rejected, as a second opinion says they should."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from contract.event import Event, EventDecoder
from contract.rejection import Rejected, Rejection
from contract.schema import FeatureSchema
from tests.fuzz.opinion import NOT_A_TIME, NOT_UTF_8, opinion

ZONE_WITHOUT_COLON = re.compile(rb'(:\d\d(?:\.\d+)?[+-]\d\d)(\d\d)"')


TOO_LARGE = ("number out of range", "integer value out of range")


class Decoding:
    """Judges one payload at a time."""

    def __init__(self, schema: FeatureSchema, now_ms: int) -> None:
        self._schema = schema
        self._now_ms = now_ms
        self._decode = EventDecoder(schema)

    def check(self, payload: bytes) -> Counter[str]:
        """The verdict, and in what way the second opinion differs, if it may.

        Raises AssertionError where the decoder is wrong, and whatever the decoder raises.
        """
        found = self._decode(payload, self._now_ms)
        if isinstance(found, Rejected):
            assert found.kind in Rejection
            assert found.reason.isprintable() or not payload.isascii(), f"a reason with {found.reason!r}"
            ours: Any = None
        else:
            assert isinstance(found, Event), f"neither an Event nor a Rejected: {type(found)}"
            ours = (*attributes_of(found), found.time_ms, found.values)
        counts = Counter([str(found.kind) if isinstance(found, Rejected) else "accepted"])
        second = opinion(self._schema, payload, self._now_ms)
        theirs = None if isinstance(second, str) else second
        # As text, for 1 == 1.0 == True.
        if repr(ours) != repr(theirs):
            why = self._explanation(payload, ours, found, second)
            assert why, f"decoded to {found!r}; the second opinion is {second!r}"
            counts[f"differs: {why}"] += 1
        return counts

    def _explanation(self, payload: bytes, ours: Any, found: Event | Rejected, second: Any) -> str:
        """Why the two may differ, or "" where they must not."""
        if isinstance(found, Rejected):
            if not isinstance(second, str) and _repeats_a_name(payload):
                return "of a repeated field every value must fit, not only the last"
            if not isinstance(second, str) and found.detail in TOO_LARGE:
                return "where an integer is written 1.0, no field may hold a number beyond all bounds"
            return ""
        why = []
        if second == NOT_UTF_8:
            why.append("bytes that are not UTF-8 are not looked at in a field nobody reads")
            payload = payload.decode(errors="replace").replace("\ufffd", "?").encode()
            second = self._opinion(payload)
        if second == NOT_A_TIME:
            why.append("a time zone may lack its colon")
            second = self._opinion(ZONE_WITHOUT_COLON.sub(rb'\1:\2"', payload))
        return "; ".join(why) if repr(second) == repr(ours) else ""

    def _opinion(self, mended: bytes) -> tuple[Any, ...] | str:
        return opinion(self._schema, mended, self._now_ms, max_bytes=len(mended))


def attributes_of(event: Event) -> tuple[str, str, str, str]:
    """What identifies an event."""
    return event.customer_id, event.event_id, event.source, event.type


def _repeats_a_name(payload: bytes) -> bool:
    repeated = False

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    json.loads(payload, object_pairs_hook=note, parse_int=float)
    return repeated
