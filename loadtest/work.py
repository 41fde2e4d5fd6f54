"""What all users of one generator process share: the stage, the events, the ledger, and who can be read."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from loadtest.fresh_events import FreshEvent, FreshEvents
from loadtest.latency_log import LatencyLog
from loadtest.ledger import LedgerWriter
from loadtest.stream_writer import RefusedError, StreamWriter
from loadtest.table_query import TableQuery
from scorer.read import ScoreReader

MAX_RECORDS_PER_PUT = 500  # PutRecords limit
PUT_EVERY_SECONDS = 0.25  # a user collects its events this long, unless a request is full before
READABLE_AFTER_SECONDS = 5.0  # when an event's score should be there: readers ask for these customers
KNOWN_CUSTOMERS = 10_000  # that readers choose from


@dataclass(frozen=True)
class Rates:
    """Events per second of one publishing user; the others per second of all their users together."""

    events_per_user: float
    reads: float
    tops: float
    probes: float

    @property
    def records_per_put(self) -> int:
        return max(1, min(MAX_RECORDS_PER_PUT, round(self.events_per_user * PUT_EVERY_SECONDS)))

    @property
    def seconds_per_put(self) -> float:
        return self.records_per_put / self.events_per_user


@dataclass
class Work:
    """One process's share of a load test."""

    rates: Rates
    stream: StreamWriter
    table: TableQuery
    scores: ScoreReader
    events: FreshEvents
    probe_events: FreshEvents
    ledger: LedgerWriter | None = None
    probe_ledger: LedgerWriter | None = None
    latencies: LatencyLog | None = None
    chance: random.Random = field(default_factory=random.Random)
    _recent: deque[tuple[float, int]] = field(default_factory=deque)
    _known: deque[int] = field(default_factory=lambda: deque(maxlen=KNOWN_CUSTOMERS))

    def publish(self, count: int) -> tuple[int, RefusedError | None]:
        """Put the next `count` events in one request; how many the stream took. Raises CallError."""
        taken, refused = self.stream.put(self.events.take(count))
        _note(self.ledger, taken)
        if taken:
            self._recent.append((time.monotonic() + READABLE_AFTER_SECONDS, taken[0].customer))
        return len(taken), refused

    def put_probe(self) -> FreshEvent:
        """Put one event of a customer that only probes use. Raises CallError and RefusedError."""
        (event,) = self.probe_events.take(1)
        taken, refused = self.stream.put([event])
        _note(self.probe_ledger, taken)
        if refused:
            raise refused
        return event

    def is_readable(self, event: FreshEvent) -> bool:
        """Whether the latest score of the event's customer is this event's, or a newer one's."""
        latest = self.table.latest_key(self.probe_events.customers[event.customer])
        return latest is not None and latest.rpartition("#")[2] >= event.event_id

    def begin_measuring(self) -> None:
        """The warm-up is over: what probes measured in it is no figure."""
        if self.latencies:
            self.latencies.forget()

    def note_latency(self, milliseconds: float) -> None:
        """Keep what a probe measured."""
        if self.latencies:
            self.latencies.add(milliseconds)

    def known_customer(self) -> str | None:
        """A random customer whose score should be readable by now; None while there is none."""
        now = time.monotonic()
        while self._recent and self._recent[0][0] <= now:
            self._known.append(self._recent.popleft()[1])
        return self.events.customers[self.chance.choice(self._known)] if self._known else None

    def close(self) -> None:
        """End the files."""
        for file in (self.ledger, self.probe_ledger, self.latencies):
            if file:
                file.close()


def _note(ledger: LedgerWriter | None, taken: Sequence[FreshEvent]) -> None:
    if ledger and taken:
        ledger.add((event.customer, event.event_id) for event in taken)
