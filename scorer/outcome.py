"""Where every record of a batch ended: written, collapsed, rejected, or reported for retry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from contract.prediction import HIGH_BAND, MEDIUM_BAND
from contract.put import Scores
from scorer.decoding import Decoded
from scorer.records import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch. Every record is counted once: written, collapsed, rejected or retried.

    `retry` is what to report to Lambda: sequence numbers, lowest first. Lambda restarts at the first of them
    and delivers everything from there again, so all of that counts as retried here, and as something else
    when it comes again. `latencies_ms` has one entry per written event, from its own time to written;
    `medium_risk`, `high_risk` and `probability_sum` are over the written events.
    """

    received: int
    written: int = 0
    collapsed: int = 0
    rejected: int = 0
    retried: int = 0
    medium_risk: int = 0
    high_risk: int = 0
    probability_sum: float = 0.0
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


def unsettled(decoded: Decoded, customers: Collection[str]) -> list[str]:
    """What to report, lowest sequence number first: all records of some customers, and what was postponed.

    All of a customer's, so that an older event that was collapsed is delivered again with the newest.
    """
    if not customers:
        return sorted(decoded.records.postponed, key=int)
    found = {
        decoded.records.sequence(place)
        for place, event in zip(decoded.places, decoded.events, strict=True)
        if event.customer_id in customers
    }
    return sorted(found.union(decoded.records.postponed), key=int)


def is_settled(records: Records, place: int, retry: Sequence[str]) -> bool:
    """Whether a record will not come again: it lies before the lowest sequence number reported.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    return not retry or records.position(place) < int(retry[0])


def account(
    decoded: Decoded, newest: Sequence[int], scores: Scores, retry: Sequence[str], *, written_at: float
) -> Outcome:
    """Count every record once. `scores` belong to the events that `newest` names, in its order."""
    records, places = decoded.records, decoded.places
    written = [row for row, index in enumerate(newest) if is_settled(records, places[index], retry)]
    settled_events = sum(is_settled(records, place, retry) for place in places)
    bands = Counter(scores.bands[row] for row in written)
    kinds = Counter(str(why.kind) for place, why in decoded.rejections if is_settled(records, place, retry))
    return Outcome(
        received=records.received,
        written=len(written),
        collapsed=settled_events - len(written),
        rejected=kinds.total(),
        retried=records.received - settled_events - kinds.total(),
        medium_risk=bands[MEDIUM_BAND],
        high_risk=bands[HIGH_BAND],
        probability_sum=sum(scores.probabilities[row] for row in written),
        unseen_categories=sum(len(scores.unseen.get(row, ())) for row in written),
        latencies_ms=[
            max(0.0, (written_at - decoded.events[newest[row]].time.timestamp()) * 1000) for row in written
        ],
        rejected_kinds=kinds,
        retry=retry,
    )


def retry_all(records: Records, trouble: str) -> Outcome:
    """The outcome that has the whole batch delivered again: its first record is reported."""
    first = min(range(len(records)), key=records.position)
    received = records.received
    return Outcome(received=received, retried=received, retry=[records.sequence(first)], trouble=trouble)
