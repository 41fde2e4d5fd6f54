"""The story of one batch: decode, collapse, score, write, account."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from contract.event import Event
from contract.prediction import HIGH_BAND, Prediction
from contract.rejection import Rejected
from scorer.champion import ChampionWatcher
from scorer.errors import StorageError
from scorer.records import Record, read_record
from scorer.rejected import RejectedStore
from scorer.table import PredictionTable


class Decoded(NamedTuple):
    """A batch after decoding: every record is in `records`, and in exactly one of the other two."""

    records: list[Record]
    events: list[tuple[Record, Event]]
    rejections: list[tuple[Record, Rejected]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch. Every record is counted once: written, collapsed, rejected or retried.

    `retry` is what to report to Lambda: sequence numbers, lowest first. Lambda restarts at the first of them
    and delivers everything from there again, so all of that counts as retried here, and as something else
    when it comes again. `latencies_ms` has one entry per written event, from its own time to written.
    """

    received: int
    written: int = 0
    collapsed: int = 0
    rejected: int = 0
    retried: int = 0
    high_risk: int = 0
    unseen_categories: int = 0
    score_ms: float | None = None
    write_ms: float | None = None
    latencies_ms: Sequence[float] = ()
    rejected_kinds: Mapping[str, int] = field(default_factory=dict)
    retry: Sequence[str] = ()
    trouble: str = ""

    def __post_init__(self) -> None:
        accounted = self.written + self.collapsed + self.rejected + self.retried
        assert accounted == self.received, f"{self.received} received, {accounted} accounted for"


class BatchScorer:
    """Takes batches from the stream to the table; keeps nothing between them."""

    def __init__(
        self,
        *,
        champion: ChampionWatcher,
        table: PredictionTable,
        rejected: RejectedStore,
        retention_days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._champion = champion
        self._table = table
        self._rejected = rejected
        self._retention_days = retention_days
        self._clock = clock

    def __call__(self, raws: Iterable[Mapping[str, Any]], *, deadline: float) -> Outcome:
        """Score one batch of Kinesis records, writing until `deadline` (on the monotonic clock).

        Raises NoUsableModelError, ModelError, and whatever nobody foresaw; then nothing counts as consumed.
        """
        model = self._champion.current()
        decoded = decode_records(raws, model.decode)
        newest = newest_per_customer(decoded.events)

        started = time.perf_counter()
        predictions = model.predict(
            [event for _, event in newest.values()],
            scored_at_ms=int(self._clock() * 1000),
            retention_days=self._retention_days,
        )
        scored = time.perf_counter()
        unwritten = self._table.put(predictions, deadline=deadline)
        written = time.perf_counter()

        retry = sequences_of(decoded.events, {prediction.customer_id for prediction in unwritten})
        try:
            self._store(decoded, retry)
        except StorageError as error:
            return retry_all(decoded.records, f"rejected records not stored: {error}")
        outcome = account(decoded, newest, predictions, retry, written_ms=self._clock() * 1000)
        return replace(outcome, score_ms=(scored - started) * 1000, write_ms=(written - scored) * 1000)

    def _store(self, decoded: Decoded, retry: Sequence[str]) -> None:
        settled = [(record, why) for record, why in decoded.rejections if is_settled(record, retry)]
        if settled:
            ordered = sorted(decoded.records, key=_position)
            self._rejected.put(settled, first=ordered[0], last=ordered[-1])


def decode_records(
    raws: Iterable[Mapping[str, Any]], decode: Callable[[bytes, int], Event | Rejected]
) -> Decoded:
    """Sort records into events and rejections, keeping their order. Raises only as `read_record` does."""
    decoded = Decoded([], [], [])
    for raw in raws:
        record, rejected = read_record(raw)
        decoded.records.append(record)
        result = rejected or decode(record.payload, record.arrived_ms)
        if isinstance(result, Rejected):
            decoded.rejections.append((record, result))
        else:
            decoded.events.append((record, result))
    return decoded


def newest_per_customer(events: Iterable[tuple[Record, Event]]) -> dict[str, tuple[Record, Event]]:
    """Of each customer the newest event by (time, id), with its record; of equals the last to arrive.

    Order is that of the events' own time, never of arrival: a record refused by the stream is resent after
    its successors.
    """
    newest: dict[str, tuple[Record, Event]] = {}
    for record, event in events:
        known = newest.get(event.customer_id)
        if known is None or (event.time_ms, event.event_id) >= (known[1].time_ms, known[1].event_id):
            newest[event.customer_id] = (record, event)
    return newest


def sequences_of(events: Iterable[tuple[Record, Event]], customers: Collection[str]) -> list[str]:
    """Sequence numbers of all records of some customers, lowest first.

    All of a customer's, so that an older event that was collapsed is delivered again with the newest.
    """
    if not customers:
        return []
    return sorted((record.sequence for record, event in events if event.customer_id in customers), key=int)


def is_settled(record: Record, retry: Sequence[str]) -> bool:
    """Whether a record will not come again: it lies before the lowest sequence number reported.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    return not retry or _position(record) < int(retry[0])


def account(
    decoded: Decoded,
    newest: Mapping[str, tuple[Record, Event]],
    predictions: Sequence[Prediction],
    retry: Sequence[str],
    *,
    written_ms: float,
) -> Outcome:
    """Count every record once. `predictions` belong to `newest`, in its order."""
    written = [
        (event, prediction)
        for (record, event), prediction in zip(newest.values(), predictions, strict=True)
        if is_settled(record, retry)
    ]
    settled_events = sum(is_settled(record, retry) for record, _ in decoded.events)
    kinds = Counter(str(why.kind) for record, why in decoded.rejections if is_settled(record, retry))
    return Outcome(
        received=len(decoded.records),
        written=len(written),
        collapsed=settled_events - len(written),
        rejected=kinds.total(),
        retried=len(decoded.records) - settled_events - kinds.total(),
        high_risk=sum(prediction.band == HIGH_BAND for _, prediction in written),
        unseen_categories=sum(len(prediction.unseen) for _, prediction in written),
        latencies_ms=[max(0.0, written_ms - event.time_ms) for event, _ in written],
        rejected_kinds=kinds,
        retry=retry,
    )


def retry_all(records: Sequence[Record], trouble: str) -> Outcome:
    """The outcome that has the whole batch delivered again: its first record is reported."""
    first = min(records, key=_position)
    return Outcome(received=len(records), retried=len(records), retry=[first.sequence], trouble=trouble)


def _position(record: Record) -> int:
    return int(record.sequence)
