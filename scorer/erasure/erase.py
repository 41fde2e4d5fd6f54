"""Forget one customer: every score, and every stored byte of every event that could not be scored.

The bucket keeps old versions, and a replayed object lies in it twice, so all versions are looked at. The
newest is written again without the customer (or hidden, where nothing is left), on the condition that nobody
else has written it meanwhile; then the versions that held them are deleted for good. Interrupted anywhere, it
has lost nothing of anybody else, and a second run completes it. Only the command line imports this package:
it is no part of the Lambda.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from scorer.erasure.holding import Holding, Sought, search
from scorer.erasure.items import CustomerItems
from scorer.erasure.versions import Version, VersionedBucket
from scorer.errors import ObjectMissingError, StillArrivingError
from scorer.rejected import JSON_LINES, REJECTED_PREFIX, REPLAYED_PREFIX, UNDELIVERED_PREFIX

PREFIXES = (REJECTED_PREFIX, REPLAYED_PREFIX, UNDELIVERED_PREFIX)
ROUNDS = 3
READERS = 8  # versions read at once; each is a call that waits

OnProgress = Callable[[int, int], None]  # versions looked at, of how many


@dataclass(slots=True)
class Tally:
    """What there is, or was: scores, distinct events, those of them told by text alone, and object versions.

    `unsure` are ids of events that name the customer and stay: they are another's, or the id may be chance.
    `unknown` are keys of objects of no known form that have the id in them, and stay.
    """

    scores: int = 0
    events: set[str] = field(default_factory=set)
    by_text: set[str] = field(default_factory=set)
    versions: set[Version] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether there is anything to erase."""
        return bool(self.scores or self.versions)

    def add(self, version: Version, holding: Holding) -> None:
        """Count one version of an object."""
        self.events |= holding.erased
        self.by_text |= holding.by_text
        self.unsure |= holding.unsure
        if holding.erased:
            self.versions.add(version)
        if holding.is_unknown:
            self.unknown.add(version.key)


class Erasure:
    """Of one customer, from one table and one bucket. Methods raise StorageError and StillArrivingError."""

    def __init__(self, items: CustomerItems, bucket: VersionedBucket, sought: Sought) -> None:
        self._items = items
        self._bucket = bucket
        self._sought = sought
        self._settled: set[tuple[str, str]] = set()  # versions without the customer; they never change

    def find(self, on_progress: OnProgress = lambda *_: None) -> Tally:
        """What there is. Changes nothing."""
        tally = Tally(scores=self._items.count(self._sought.customer.id))
        self._held(tally, on_progress)
        return tally

    def erase(self, on_progress: OnProgress = lambda *_: None) -> Tally:
        """Erase it, look again, and return what was there once nothing is left.

        Raises StillArrivingError where others write the customer's events again and again.
        """
        tally = Tally()
        for _ in range(ROUNDS):
            tally.scores += self._items.delete(self._sought.customer.id)
            held = self._held(tally, on_progress)
            if not held:
                return tally
            by_key: dict[str, list[Version]] = defaultdict(list)
            for version in held:
                by_key[version.key].append(version)
            for versions in by_key.values():
                self._clear(versions)
        if self._items.count(self._sought.customer.id) or self._held(tally, on_progress):
            raise StillArrivingError("events of this customer are stored as fast as they are erased")
        return tally

    def _held(self, tally: Tally, on_progress: OnProgress) -> list[Version]:
        """The versions with something to erase; those that were looked at before are not read again."""
        listed = [version for prefix in PREFIXES for version in self._bucket.versions(prefix)]
        new = [version for version in listed if version[:2] not in self._settled]
        held = []
        with ThreadPoolExecutor(READERS) as pool:
            for done, (version, holding) in enumerate(zip(new, pool.map(self._look, new), strict=True), 1):
                tally.add(version, holding)
                if holding.erased:
                    held.append(version)
                elif not holding.concerns_customer:
                    self._settled.add(version[:2])
                on_progress(done, len(new))
        return held

    def _look(self, version: Version) -> Holding:
        try:
            holding = search(version.key, self._bucket.read(version), self._sought)
        except ObjectMissingError:  # expired meanwhile
            return Holding()
        holding.rest = None  # thousands of them at once would fill the memory
        return holding

    def _clear(self, versions: Iterable[Version]) -> None:
        """Take the customer out of one key, the newest version first; all are versions that hold them."""
        for version in sorted(versions, key=lambda each: not each.is_latest):
            if version.is_latest and not self._renewed(version):
                return  # someone has written meanwhile; the next round sees what
            self._bucket.delete(version)

    def _renewed(self, version: Version) -> bool:
        try:
            rest = search(version.key, self._bucket.read(version), self._sought).rest
        except ObjectMissingError:
            return False
        if rest is None:
            return self._bucket.hide(version)
        is_lines = not version.key.removeprefix(REPLAYED_PREFIX).startswith(UNDELIVERED_PREFIX)
        return self._bucket.replace(version, rest, JSON_LINES if is_lines else "application/json")
