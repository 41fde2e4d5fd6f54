"""How long is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds of each kind, how many events a batch holds, and how many customers the model is trained on."""

    training_rows: int
    events: int
    kernel: int
    write: int
    handler: int
    start: int
    observe: int

    @property
    def rounds(self) -> int:
        """Of all kinds, each with the one that does not count."""
        return (
            (self.kernel + 1)
            + 2 * (self.write + 1)
            + (self.handler + 1)
            + (self.start + 1)
            + self.observe
            + 1
        )


FULL = Effort(training_rows=7000, events=500, kernel=41, write=25, handler=7, start=11, observe=41)
QUICK = Effort(training_rows=1000, events=50, kernel=2, write=2, handler=1, start=1, observe=2)
