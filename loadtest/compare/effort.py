"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Events of each phase. `crash_rate` is events a second, `training_rows` customers of the table."""

    training_rows: int
    events: int
    starts: int
    agreement: int
    probes: int
    crash_events: int
    crash_rate: int

    @property
    def total(self) -> int:
        """Events that one contestant is sent, each of another customer."""
        return self.starts + self.agreement + self.events + self.probes + self.crash_events


FULL = Effort(
    training_rows=7000,
    events=10_000,
    starts=5,
    agreement=400,
    probes=300,
    crash_events=1000,
    crash_rate=100,
)
QUICK = Effort(
    training_rows=1000,
    events=300,
    starts=1,
    agreement=50,
    probes=10,
    crash_events=60,
    crash_rate=60,
)
