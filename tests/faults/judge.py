"""The invariants: every published event has exactly one end, and what is stored is right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.faults.journal import Entry, Journal
from tests.faults.models import Registry
from tests.faults.traffic import Event, Row
from tests.faults.truth import Evidence, Items, Published, newest_of

TOLERANCE = 1e-6
VOLATILE = {"scored_at"}
TIME_LENGTH = len("2026-11-20T10:00:00.123Z")  # of an event key


@dataclass
class Verdict:
    """How many events ended where; `wrong` names each thing that should not be, one line each.

    `work` is what the faults cost: runs that did not finish all they were given, and what came again.
    """

    ends: Counter[str] = field(default_factory=Counter)
    work: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.wrong)

    def __str__(self) -> str:
        shown = "; ".join([*self.missing[:5], *self.wrong[:10]])
        return f"{dict(self.ends)}, {len(self.missing)} missing, {len(self.wrong)} wrong: {shown}"


def judge(
    published: Sequence[Published], evidence: Evidence, journal: Journal, registry: Registry
) -> Verdict:
    """Hold what AWS holds against what was published."""
    verdict = Verdict()
    judge_ends(published, evidence, verdict)
    judge_scores(published, evidence.items, registry, verdict)
    judge_metrics(published, evidence, journal, verdict)
    return verdict


def judge_ends(published: Sequence[Published], evidence: Evidence, verdict: Verdict) -> None:
    """Each event is in exactly one place, and nothing is anywhere that was not published."""
    newest = newest_of(evidence.items)
    expected: dict[str, str] = defaultdict(str)  # customer → newest event that was not discarded
    known: set[tuple[str, str]] = set()
    verdict.wrong += [f"{line_id}: rejected with different bytes" for line_id in evidence.conflicting]
    for record in published:
        discarded = evidence.discarded.get(record.event_id)
        if discarded is not None and discarded != record.publication.data:
            verdict.wrong.append(f"{record.event_id}: discarded with other bytes")
        lines = Counter(evidence.rejected.get(record.event_id, {}).values())
        for event in record.publication.events:
            end = _end(event, newest, evidence.items, lines, is_discarded=discarded is not None)
            if end == "missing":
                verdict.missing.append(f"{record.event_id} {event.kind} {event.customer} {event.key}")
            if event.key:
                known.add((event.customer, event.key))
                if end != "on failure":
                    expected[event.customer] = max(expected[event.customer], event.key)
            verdict.ends[end] += 1
        for data in lines.elements():
            verdict.wrong.append(f"{record.event_id}: rejected, and should not be: {data[:60]!r}")
    strangers = set(evidence.rejected) - {record.event_id for record in published}
    verdict.wrong += [f"{event_id}: rejected, and never published" for event_id in strangers]
    verdict.wrong += [f"{pair}: stored, and never published" for pair in set(evidence.items) - known]
    verdict.wrong += [
        f"{customer}: latest is {newest.get(customer)}, not {key}"
        for customer, key in expected.items()
        if newest.get(customer, "") < key
    ]


def _end(
    event: Event, newest: dict[str, str], items: Items, lines: Counter[bytes], *, is_discarded: bool
) -> str:
    """Where an event is; the line that keeps a rejected one is taken off `lines`."""
    if event.key and (event.customer, event.key) in items:
        return "written"
    if not event.key and lines[event.data]:
        lines[event.data] -= 1
        return "rejected"
    if is_discarded:
        return "on failure"
    return "collapsed" if event.key and newest.get(event.customer, "") > event.key else "missing"


def judge_scores(published: Sequence[Published], items: Items, registry: Registry, verdict: Verdict) -> None:
    """Every stored probability is what the version that it names answers for that event."""
    rows: dict[tuple[str, str], Row] = {}
    for record in published:
        for event in record.publication.events:
            if event.row is not None:
                rows[event.customer, event.key] = event.row
    by_version: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair, item in items.items():
        by_version[item["model_version"]["S"]].append(pair)
        if item["event_time"]["S"] != pair[1][:TIME_LENGTH]:
            verdict.wrong.append(f"{pair}: event_time is {item['event_time']['S']}")
    for version, pairs in by_version.items():
        if not registry.knows(version):
            verdict.wrong.append(f"{version}: scored by a version that cannot serve")
            continue
        pairs = [pair for pair in pairs if pair in rows]
        expected = registry.probabilities(version, [rows[pair] for pair in pairs])
        for pair, probability in zip(pairs, expected, strict=True):
            stored = float(items[pair]["probability"]["N"])
            if abs(stored - probability) > TOLERANCE:
                verdict.wrong.append(f"{pair}: {stored} by {version}, which says {probability}")


def judge_metrics(
    published: Sequence[Published], evidence: Evidence, journal: Journal, verdict: Verdict
) -> None:
    """Each line adds up, says what the answer says, and together they settle every record at least once."""
    events_of = {record.event_id: record.publication.events for record in published}
    settlements: Counter[str] = Counter()
    for entry in journal.entries:
        verdict.work["runs"] += 1
        verdict.work["records given again"] += len(entry.event_ids)
        if entry.run.returned is None:
            verdict.work["runs without an answer"] += 1
            continue
        verdict.work["runs that reported records"] += entry.settled != entry.event_ids
        verdict.work["duplicates absorbed"] += len(entry.settled)
        promised = _promised(entry, events_of)
        verdict.wrong += _odd_metrics(entry, events_of, written=len(promised))
        # Nor may a newer event, of another batch, hide that this one never was written.
        absent = [pair for pair in promised if pair not in evidence.items]
        verdict.wrong += [f"{pair}: answered as written, and not stored" for pair in absent]
        if entry.counts:
            settlements.update(entry.settled)
    never = [e for e in events_of if not settlements[e] and e not in evidence.discarded]
    verdict.wrong += [f"{event_id}: settled by no answer" for event_id in never]
    verdict.work["records given again"] -= len(published)
    verdict.work["duplicates absorbed"] -= len(published) - len(evidence.discarded)


def _promised(entry: Entry, events_of: dict[str, tuple[Event, ...]]) -> list[tuple[str, str]]:
    """What an answer says is in the table: each customer's newest event of the batch, unless reported."""
    newest: dict[str, tuple[str, str]] = {}
    for event_id in entry.event_ids:
        for event in events_of[event_id]:
            if event.key and event.key >= newest.get(event.customer, ("", ""))[0]:
                newest[event.customer] = event.key, event_id
    settled = set(entry.settled)
    return [(customer, key) for customer, (key, event_id) in newest.items() if event_id in settled]


def _odd_metrics(entry: Entry, events_of: dict[str, tuple[Event, ...]], *, written: int) -> list[str]:
    """What one run's EMF line says otherwise than its answer and its records."""
    if len(entry.metrics) != 1:
        return [f"{entry.event_ids[0]}: {len(entry.metrics)} lines of metrics"]
    told = entry.metrics[0]
    received = [event for event_id in entry.event_ids for event in events_of[event_id]]
    settled = [event for event_id in entry.settled for event in events_of[event_id]]
    valid = sum(bool(event.key) for event in settled)
    expected = {
        "EventsReceived": len(received),
        "EventsWritten": written,
        "EventsCollapsed": valid - written,
        "EventsRejected": len(settled) - valid,
        "EventsRetried": len(received) - len(settled),
    }
    found = {name: told[name] for name in expected}
    if found != expected:
        return [f"{entry.event_ids[0]}: metrics say {found}, the records {expected}"]
    return []


def changes(before: Items, after: Items) -> list[str]:
    """What a replay changed, apart from when it scored."""
    found = [f"{pair}: gone" for pair in before if pair not in after]
    for pair, item in after.items():
        if pair not in before:
            found.append(f"{pair}: new")
        elif _lasting(before[pair]) != _lasting(item):
            found.append(f"{pair}: {_lasting(before[pair])} became {_lasting(item)}")
    return found


def _lasting(item: object) -> dict[str, object]:
    assert isinstance(item, dict)
    return {name: value for name, value in item.items() if name not in VOLATILE}


def judge_replay(
    published: Sequence[Published], before: Evidence, after: Items, registry: Registry
) -> list[str]:
    """What a replay in other batches, perhaps by another champion, must not have done.

    Such batches collapse otherwise, so older events of a customer may be stored now that were not before,
    and so may what had been given up. Nothing may be gone, the latest stay the latest, and every score is
    that of its version.
    """
    verdict = Verdict()
    judge_scores(published, after, registry, verdict)
    wrong = [f"{pair}: gone by the replay" for pair in before.items if pair not in after]
    known: set[tuple[str, str]] = set()
    given_up: set[tuple[str, str]] = set()
    for record in published:
        pairs = {(event.customer, event.key) for event in record.publication.events}
        known |= pairs
        given_up |= pairs if record.event_id in before.discarded else set()
    wrong += [f"{pair}: invented by the replay" for pair in set(after) - known]
    newest = newest_of(after)
    for customer, key in newest_of(before.items).items():
        found = newest.get(customer, "")
        if found != key and (customer, found) not in given_up:
            wrong.append(f"{customer}: latest was {key}, is {found}")
    return wrong + verdict.wrong
