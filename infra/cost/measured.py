"""CPU that the scorer and its peers were measured to take: build/bench.json, else docs/performance.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.errors import CostError

PUBLISHED = Path(__file__).parent / "measured.json"
FULL_BATCH = 500  # events of `make bench`; a `--quick` run has 50, and is not to be relied on

# Names of bench.json's rows as they begin and end, and which side of the comparison is meant.
ROWS = {
    "kernel_micros": (r"^kernel against json, pandas, scikit-learn, batched$", "ours"),
    "write_micros": (r"^DynamoDB write, (\d+) items against boto3 client$", "ours"),
    "observability_micros": (r"^observability per invocation against its budget$", "ours"),
    "handler_millis": (r"^handler, (\d+) events, writes at 6 ms against ", "ours"),
    "cold_start_millis": (r"^cold start, \d+ events against the naive handler", "ours"),
    "naive_handler_millis": (r"^handler, (\d+) events, writes at 6 ms against ", "peer"),
    "single_predict_micros": (r"^kernel against pandas, scikit-learn, one event at a time$", "peer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """CPU time on one core. `handler_millis` is for `handler_events` events from call to answer, all of it.

    The peers': `naive_handler_millis` for as many events by onnxruntime and boto3's put_item, one by one;
    `single_predict_micros` for one event through pandas and scikit-learn.
    """

    kernel_micros: float
    write_micros: float
    observability_micros: float
    handler_millis: float
    handler_events: int
    cold_start_millis: float
    naive_handler_millis: float
    single_predict_micros: float
    source: str
    as_of: str

    def __post_init__(self) -> None:
        for name in (*ROWS, "handler_events"):
            if not 0 < getattr(self, name) < float("inf"):
                raise CostError(f"{self.source}: {name} is {getattr(self, name)}: expected a number above 0")

    @property
    def overhead_micros(self) -> float:
        """CPU of an invocation besides kernel, writes and metrics: reading the event, accounting for it.

        Counted per invocation: too much for small batches, never too little.
        """
        explained = (self.kernel_micros + self.write_micros) * self.handler_events + self.observability_micros
        return max(0.0, self.handler_millis * 1000 - explained)

    @property
    def naive_event_micros(self) -> float:
        """One event by itself: decoded, scored by onnxruntime, written by boto3's put_item."""
        return self.naive_handler_millis * 1000 / self.handler_events


def published() -> Measured:
    """The figures of docs/performance.md."""
    return Measured(**json.loads(PUBLISHED.read_text()))


def measured(bench: Path) -> Measured:
    """The figures of bench.json where that file is there and of a full run, else the published ones.

    Raises CostError for a file that is there and cannot be read as one of `make bench`.
    """
    if not bench.exists():
        return published()
    try:
        rows = {row["name"]: row for row in json.loads(bench.read_text())}
        found = {name: _find(rows, *where) for name, where in ROWS.items()}
    except (ValueError, TypeError, KeyError, LookupError, OSError) as error:
        raise CostError(f"{bench}: {error}; run `make bench` again, or remove the file") from error
    events = found["handler_millis"][1]
    if events != FULL_BATCH:
        return replace(published(), source=f"docs/performance.md, since {bench.name} is of a quick run")
    return Measured(
        **{name: value for name, (value, _) in found.items()},
        handler_events=events,
        source=f"{bench.name} of `make bench` on this machine",
        as_of=datetime.fromtimestamp(bench.stat().st_mtime, UTC).date().isoformat(),
    )


def _find(rows: dict[str, dict[str, Any]], pattern: str, side: str) -> tuple[float, int]:
    """A row's figure, and how many events its name speaks of (0 where it speaks of none)."""
    for name, row in rows.items():
        if match := re.match(pattern, name):
            return float(row[side]), int(match[1]) if match.groups() else 0
    raise LookupError(f"no row {pattern.strip('^$')!r}")
