"""The edge: every event is judged here, by the scorer's own decoder, before it may be sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from contract.event import EventDecoder
from contract.rejection import Rejected
from contract.schema import FeatureSchema


class Ready(NamedTuple):
    """A valid event. `line` is where it came from, counted from 1."""

    line: int
    customer_id: str
    payload: bytes


class Invalid(NamedTuple):
    """Input that is never sent. `original` is the text as it was found, shortened where `is_cut`.

    What it takes to read that text again: `columns`, the header of a CSV, and `time_column`, if there is one.
    """

    line: int
    rejected: Rejected
    original: bytes
    columns: tuple[str, ...] = ()
    time_column: str | None = None
    is_cut: bool = False


def now_ms() -> int:
    """The clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class Edge:
    """Decides what may be sent for one schema, exactly as the scorer will."""

    def __init__(self, schema: FeatureSchema, *, clock_ms: Callable[[], int] = now_ms) -> None:
        self.schema = schema
        self.clock_ms = clock_ms
        self._decode = EventDecoder(schema)

    def rejection_of(self, payload: bytes) -> Rejected | None:
        """Why the scorer would not take this event, or None where it would."""
        event = self._decode(payload, self.clock_ms())
        return event if isinstance(event, Rejected) else None

    def judge(self, line: int, payload: bytes, original: bytes) -> Ready | Invalid:
        """The event if the scorer would take it, else the reason why not, with the original text."""
        event = self._decode(payload, self.clock_ms())
        if isinstance(event, Rejected):
            return Invalid(line, event, original)
        return Ready(line, event.customer_id, payload)
