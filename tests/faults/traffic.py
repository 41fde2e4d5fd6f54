"""Seeded events of every kind that reaches a stream, each with what must become of it.

The truth is decided here, as an event is made, and never by the code under test.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.faults.spoilers import SPOILERS, envelope, iso
from tests.kpl import aggregate

MAX_RECORD_BYTES = 1_048_576
MINUTE_MS = 60_000
Row = dict[str, Any]
ODD_TEXTS = ('"', "\\", "\n", "\x00", "%s", "{}", "é", "😀", "\u2028", "#", " ", "'", "<&>")


@dataclass(frozen=True, slots=True)
class Event:
    """One event (or what passes for one): its bytes, and for a valid one where its score belongs."""

    data: bytes
    kind: str
    customer: str = ""
    key: str = ""  # sort key of its item; empty for what must be rejected
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """One record for the stream, with the events that it carries: one, or those of a KPL aggregate."""

    data: bytes
    partition_key: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """How often what happens, per event."""

    late: float = 0.06
    duplicate: float = 0.03
    ahead: float = 0.002
    invalid: float = 0.03
    aggregated: float = 0.01
    huge: float = 0.0002
    elsewhere: float = 0.01  # under a partition key that is not its customer's
    unusual: float = 0.02  # written as few producers do, and yet right
    invalid_run: int = 0  # so many in a row, once

    def __post_init__(self) -> None:
        assert all(0 <= value <= 1 for value in (self.late, self.duplicate, self.invalid, self.aggregated))


class Traffic:
    """Makes publications from one seed; only the times depend on when `now_ms` is."""

    def __init__(
        self, seed: str, *, now_ms: int, customers_at_once: int = 40, mix: Mix | None = None
    ) -> None:
        self.mix = mix or Mix()
        self._seed = seed
        self._random = random.Random(seed)
        self._now_ms = now_ms
        self._at_once = customers_at_once
        self._made = 0
        self._recent: list[Event] = []

    def publications(self, events: int) -> Iterator[Publication]:
        """Records that carry `events` events in all."""
        run_at = self._random.randrange(max(1, events // 2))
        while self._made < events:
            if self.mix.invalid_run and self._made >= run_at:
                for _ in range(self.mix.invalid_run):
                    yield self._alone(self.invalid())
                run_at = events
                continue
            left = events - self._made
            if left > 1 and self._random.random() < self.mix.aggregated:
                parts = min(left, self._random.randint(1, 12))
                yield self.aggregated([self.any(huge=False) for _ in range(parts)])
            else:
                yield self._alone(self.any())

    def any(self, *, huge: bool = True) -> Event:
        """An event by the mix, perhaps without those that fill a record alone."""
        draw = self._random.random()
        if draw < self.mix.invalid:
            return self.invalid()
        if draw < self.mix.invalid + self.mix.duplicate and self._recent:
            self._made += 1
            return self._random.choice(self._recent)
        if huge and draw < self.mix.invalid + self.mix.duplicate + self.mix.huge:
            return self.huge()
        event = self.valid()
        self._recent = [*self._recent[-200:], event]
        return event

    def valid(self, *, customer: str = "", late_ms: int | None = None, pad_to: int = 0) -> Event:
        """An event that can be scored; a late or an early one by the mix."""
        self._made += 1
        draw = self._random.random()
        if late_ms is None:
            late_ms = 0
            if draw < self.mix.late:
                late_ms = self._random.choice([1, 17, 5_000, MINUTE_MS, 3_600_000, 86_400_000])
            elif draw < self.mix.late + self.mix.ahead:
                late_ms = -4 * MINUTE_MS  # the source's clock is ahead, within what is tolerated
        # A few share a millisecond, so that the microseconds, or else the event id, have to decide.
        micros = self._random.choice((0, 0, 1, 500, 999))
        time_ms = self._now_ms - 10_000_000 + self._made // 3 - late_ms
        if late_ms < 0:
            time_ms = self._now_ms - late_ms
        customer = customer or self._customer()
        row = self._row()
        identity = f"e{self._random.randrange(10**6):06d}-{self._made}-{self._seed}"
        document = envelope(customer, identity, iso(time_ms, micros), row)
        if draw > 1 - self.mix.unusual:
            identity, document = self._unusually(document)
        data = json.dumps(document).encode()
        if pad_to:
            document["padding"] = "x" * (pad_to - len(data) - len(', "padding": ""'))
            data = json.dumps(document).encode()
        key = f"{iso(time_ms)}{f'${micros:03d}' if micros else ''}#{identity}"
        return Event(data, "valid", customer, key, row)

    def _unusually(self, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The same event, written as other producers may: its id, and the document."""
        moment = datetime.fromisoformat(document["time"])
        elsewhere = moment.astimezone(timezone(timedelta(hours=self._random.randint(-11, 11), minutes=30)))
        identity = self._random.choice(ODD_TEXTS) + document["id"]
        times = [document["time"].lower(), elsewhere.isoformat(), document["time"].replace("Z", "000Z")]
        data = {**document["data"], "tenure": float(document["data"]["tenure"]), "unknown": [{}]}
        return identity, {**document, "id": identity, "time": self._random.choice(times), "data": data}

    def invalid(self, kind: str = "") -> Event:
        """Bytes that can never be scored, of one of the kinds in SPOILERS or of any."""
        self._made += 1
        kind = kind or self._random.choice(sorted(SPOILERS))
        identity = f"bad-{self._made}"
        document = envelope(self._customer(), identity, iso(self._now_ms - self._made), self._row())
        spoiled = SPOILERS[kind](document, self._random)
        data = spoiled if isinstance(spoiled, bytes) else json.dumps(spoiled).encode()
        return Event(data, kind)

    def huge(self) -> Event:
        """A record as large as Kinesis takes; the text would be an event if it were not so long."""
        self._made += 1
        data = json.dumps(envelope("huge", f"huge-{self._made}", iso(self._now_ms), self._row())).encode()
        return Event(data + b" " * (MAX_RECORD_BYTES - 300 - len(data)), "huge")

    def aggregated(self, events: list[Event]) -> Publication:
        """One KPL record of several events."""
        data = aggregate([(event.customer or "none", event.data) for event in events])
        return Publication(data, "aggregate", tuple(events))

    def _alone(self, event: Event) -> Publication:
        is_plain = event.customer.startswith("c-")
        elsewhere = not is_plain or self._random.random() < self.mix.elsewhere
        key = f"any-{self._random.randrange(1000)}" if elsewhere else event.customer
        return Publication(event.data, key, (event,))

    def _customer(self) -> str:
        # Who is active changes slowly, so that batches collapse and yet customers come back much later.
        draw = self._random.random()
        if draw < 0.02:
            return f"c-{self._random.randrange(5_000)}"
        if draw < 0.02 + self.mix.unusual / 2:
            return self._random.choice(ODD_TEXTS) * self._random.randint(1, 20)
        return f"c-{(self._made // 1_000) * 7 % 5_000 + self._random.randrange(self._at_once)}"

    def _row(self) -> Row:
        chance = self._random
        return {
            "tenure": chance.randrange(101),
            "charges": chance.choice([None, round(chance.random() * 1000, 2)]),
            "contract": chance.choice(["monthly", "yearly", "weekly", "zwölfmonatig"]),
            "partner": chance.choice([None, True, False]),
        }
