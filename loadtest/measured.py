"""Everything that one run found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.accounting import Account
from loadtest.locust_results import LATEST, PROBE, PUBLISH, Generator, Requests


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Times are in seconds or, where the name says so, milliseconds.

    The account is of all events, also those of the warm-up; `made` events, and all other figures, are of the
    time after it.

    `publishing_seconds` runs from the first to the last put, `settled_seconds` from the first put to the last
    score, and neither is shorter than the plan; `asked_events` is what the plan's shape adds up to.
    """

    account: Account
    made: int
    requests: Mapping[str, Requests]
    generator: Generator
    asked_events: float
    publishing_seconds: float
    settled_seconds: float
    iterator_age_ms: float | None
    counted: Mapping[str, float]

    def of(self, name: str) -> Requests:
        """A row of Locust's statistics, empty where there was no such request."""
        return self.requests.get(name, Requests())

    @property
    def published_per_second(self) -> float:
        """What the stream took while the generator ran."""
        return self.made / self.publishing_seconds if self.publishing_seconds else 0.0

    @property
    def events_per_second(self) -> float:
        """What went the whole way: to the last score, so that a backlog does not count as throughput."""
        return self.made / self.settled_seconds if self.settled_seconds else 0.0

    @property
    def achieved_share(self) -> float:
        """How much of what was asked of the generator it published."""
        return self.made / self.asked_events if self.asked_events else 0.0

    @property
    def events_per_write(self) -> float | None:
        """How many events collapsed into one item on average, the written one included."""
        written = self.account.written
        return (written + self.account.collapsed) / written if written else None

    def by_gate(self) -> dict[str, float | None]:
        """The figure that each gate judges."""
        return {
            "min_events_per_second": self.events_per_second,
            "max_p95_ms": self._of_probes("p95"),
            "max_p99_ms": self._of_probes("p99"),
            "max_read_p95_ms": self.of(LATEST).p95,
            "max_missing": self.account.missing,
            "max_rejected": self.account.rejected,
            "max_refused": self.of(PUBLISH).failures,
            "max_iterator_age_ms": self.iterator_age_ms,
        }

    def _of_probes(self, name: str) -> float | None:
        """A percentile of the probes; none where one failed, for its true latency is not among them."""
        probes = self.of(PROBE)
        return None if probes.failures else getattr(probes, name)
