"""What a load test says of itself: the JSON document, and where it is kept."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtest.conduct import Conducted
from loadtest.gates import Verdict
from loadtest.locust_run import Plan
from loadtest.saturation import Finding

SUMMARY_FILE = "summary.json"


def new_folder(parent: Path) -> Path:
    """A folder for one load test, named by the time. Raises OSError."""
    folder = parent / time.strftime("%Y%m%dT%H%M%S")
    number = 1
    while folder.exists():
        number += 1
        folder = folder.with_name(f"{folder.name.partition('-')[0]}-{number}")
    folder.mkdir(parents=True)
    return folder


def document(
    plan: Plan, done: Conducted, verdicts: Sequence[Verdict], found: Sequence[Finding], folder: Path
) -> dict[str, Any]:
    """The summary; rates per second, times in milliseconds where the name says so."""
    measured = done.measured
    return {
        "plan": asdict(plan) | {"publishers": plan.publishers},
        "met": all(verdict.met for verdict in verdicts),
        "gates": [
            {
                "gate": verdict.kind.name,
                "measured": _rounded(verdict.measured),
                "limit": verdict.limit,
                "bound": verdict.kind.bound,
                "unit": verdict.kind.unit,
                "met": verdict.met,
                "how": verdict.kind.how,
            }
            for verdict in verdicts
        ],
        "account": asdict(measured.account),
        "events_per_second": round(measured.events_per_second, 1),
        "published_per_second": round(measured.published_per_second, 1),
        "achieved_share": round(measured.achieved_share, 4),
        "events_per_write": _rounded(measured.events_per_write),
        "iterator_age_ms": _rounded(measured.iterator_age_ms),
        "requests": {name: asdict(row) for name, row in measured.requests.items()},
        "generator": asdict(measured.generator),
        "cores": done.cores,
        "saturated": [asdict(finding) for finding in found],
        "counted": dict(measured.counted),
        "folder": str(folder),
    }


def write(summary: dict[str, Any], folder: Path) -> None:
    """Keep the summary beside what Locust wrote."""
    (folder / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
