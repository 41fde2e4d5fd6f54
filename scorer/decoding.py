"""From records to events: what can be scored, in which order, and what cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contract.event import EPOCH, MAX_CLOCK_SKEW_MS, MILLISECOND, MS_PER_DAY, Event, judge_time
from contract.rejection import Rejected
from scorer.records import Records

# Of aggregated records in one batch; no batch of valid events has so many. The rest is reported for another
# batch: 740,000 parts of no bytes, which fit into 6 MB, would not fit into memory.
MAX_PARTS = 50_000


class Decoded(NamedTuple):
    """A batch after decoding: every record's place is in `places`, which tells where each event came from,
    or in `rejections`.
    """

    records: Records
    events: list[Event]
    places: Sequence[int]
    rejections: list[tuple[int, Rejected]]


def decode_records(
    raws: Iterable[Mapping[str, Any]], decode: Callable[[bytes], Event | Rejected], *, retention_days: int
) -> Decoded:
    """Sort records into events and rejections, keeping their order. Raises only as `Records` does."""
    records = Records(raws, at_most=MAX_PARTS)
    results = [decode(payload) for payload in records.payloads]
    for place, fault in records.faults.items():
        results[place] = fault
    for place, event in _out_of_time(records, results, retention_days):
        arrived_ms = records.arrived_ms(place)
        results[place] = judge_time(event, arrived_ms, retention_days=retention_days) or event
    events = [result for result in results if not isinstance(result, Rejected)]
    if len(events) == len(results):
        return Decoded(records, events, range(len(results)), [])
    return Decoded(
        records,
        events,
        [place for place, result in enumerate(results) if not isinstance(result, Rejected)],
        [(place, result) for place, result in enumerate(results) if isinstance(result, Rejected)],
    )


def _out_of_time(
    records: Records, results: Sequence[Event | Rejected], retention_days: int
) -> list[tuple[int, Event]]:
    """Events whose time has to be judged by their own arrival; every other one's is good for any of them."""
    if not results:
        return []
    first_ms, last_ms = records.arrivals_ms()
    earliest = EPOCH + MILLISECOND * max(0, last_ms - retention_days * MS_PER_DAY)
    latest = EPOCH + MILLISECOND * (first_ms + MAX_CLOCK_SKEW_MS)
    return [
        (place, result)
        for place, result in enumerate(results)
        if not isinstance(result, Rejected) and not earliest <= result.time <= latest
    ]


def newest_per_customer(events: Sequence[Event], keys: Sequence[str]) -> list[int]:
    """Which events are the newest of their customer, by their `event_keys`; of equals the last to arrive.

    Order is that of the events' own time, never of arrival: a record refused by the stream is resent after
    its successors.
    """
    newest: dict[str, int] = {}
    for index, event in enumerate(events):
        known = newest.setdefault(event.customer_id, index)
        if keys[index] >= keys[known]:
            newest[event.customer_id] = index
    return list(newest.values())
