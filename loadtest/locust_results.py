"""What Locust and the generator's processes left in the folder of a run, as values.

Response times are Locust's: whole milliseconds, and above 100 ms rounded to two digits (120, 1300). Those of
probes, which have limits there, are exact.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadtest.latency_log import read_latencies
from loadtest.percentiles import percentile

PUBLISH, PROBE, LATEST, TOP = "publish", "put to readable", "latest score", "top"  # request names
STATS_FILE = "locust.json"
GENERATOR_FILES = "*.generator.json"


@dataclass(frozen=True, slots=True)
class Requests:
    """One row of Locust's statistics. Times in milliseconds; None where nothing was measured."""

    count: int = 0
    failures: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    worst: float | None = None
    mean_size: float = 0.0  # events per PutRecords


@dataclass(frozen=True, slots=True)
class Generator:
    """How busy the generator's processes were: the busiest one's cores, and the latest one's lateness."""

    processes: int
    cores: float
    busiest_cores: float
    loop_late_p99_ms: float
    memory_megabytes: float
    measuring_since: float  # seconds since 1970, after the warm-up of the last process


def read_requests(folder: Path) -> dict[str, Requests]:
    """Locust's statistics by request name; the probes' latencies exactly, from their own log."""
    rows = json.loads((folder / STATS_FILE).read_text())
    found = {row["name"]: _requests(row) for row in rows}
    if PROBE in found and (exact := read_latencies(folder)):
        found[PROBE] = replace(found[PROBE], **_percentiles(exact))
    return found


def _requests(row: Mapping[str, object]) -> Requests:
    times: dict[str, int] = row["response_times"]  # type: ignore[assignment]
    count, failures = int(row["num_requests"]), int(row["num_failures"])  # type: ignore[call-overload]
    if not times:
        return Requests(count, failures)
    found = Counter({float(time): number for time, number in times.items()})
    size = float(row["total_content_length"]) / max(count, 1)  # type: ignore[arg-type]
    return Requests(count, failures, mean_size=size, **_percentiles(found))


def _percentiles(times: Mapping[float, int]) -> dict[str, Any]:
    shares = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "worst": 1.0}
    return {name: percentile(times, share) for name, share in shares.items()}


def read_generator(folder: Path) -> Generator:
    """The generator's processes together."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob(GENERATOR_FILES))]
    return Generator(
        processes=len(found),
        cores=round(sum(each["cores"] for each in found), 3),
        busiest_cores=max((each["cores"] for each in found), default=0.0),
        loop_late_p99_ms=max((each["loop_late_p99_ms"] for each in found), default=0.0),
        memory_megabytes=round(sum(each["memory_megabytes"] for each in found), 1),
        measuring_since=max((each["measuring_since"] for each in found), default=0.0),
    )
