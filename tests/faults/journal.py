"""What happened in a run: every run of the function, and every fault that struck."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.function_process import Run

METRIC_KEY = "_aws"


@dataclass(frozen=True, slots=True)
class Entry:
    """One run over the records `event_ids`; `counts` where the event source acted on its answer."""

    event_ids: tuple[str, ...]
    run: Run
    counts: bool
    twin: bool = False  # beside another instance that had the same batch

    @property
    def metrics(self) -> list[dict[str, float]]:
        """The counts in each EMF line that the run printed."""
        found = []
        for line in self.run.lines:
            if is_metrics(line):
                document = json.loads(line)
                found.append({name: sum(document[name]) for name in document if name.startswith("Events")})
        return found

    @property
    def settled(self) -> tuple[str, ...]:
        """The records that the answer finishes: those before the lowest one it reports."""
        returned = self.run.returned
        if returned is None:
            return ()
        failed = {item["itemIdentifier"] for item in returned["batchItemFailures"]}
        for place, event_id in enumerate(self.event_ids):
            if event_id.partition(":")[2] in failed:
                return self.event_ids[:place]
        return self.event_ids


@dataclass
class Journal:
    """Filled by the invoker, read by the judge."""

    entries: list[Entry] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)

    def note(self, fault: str) -> None:
        with self._lock:
            self.faults[fault] += 1


def is_metrics(line: str) -> bool:
    """Whether a line of the function's is its EMF line."""
    return line.startswith("{") and METRIC_KEY in json.loads(line)
