"""What `--find-max` found, as a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loadtest.advice import settings_for
from loadtest.knee import Bounds, Knee, Step
from loadtest.locust_results import PROBE
from loadtest.saturation import Finding

RECORD_BYTES = 700.0  # an event of telco with its partition key


def knee_document(
    knee: Knee, bounds: Bounds, found: Sequence[Finding], folder: str, plot: str
) -> dict[str, Any]:
    """Rates per second, times in milliseconds. `saturated` is from the lowest rate that broke."""
    best, worse = knee.best, knee.worse
    return {
        "sustained_per_second": round(best.rate, 1) if best else None,
        "broke_at_per_second": round(worse.rate, 1) if worse else None,
        "broken_by": worse.broken_by if worse else "",
        "saturated": [asdict(finding) for finding in found],
        "bounds": asdict(bounds),
        "steps": [_step(step) for step in knee.steps],
        "for_aws": advice(worse or best),
        "folder": folder,
        "plot": plot,
    }


def advice(step: Step | None) -> Mapping[str, Any] | None:
    """The settings that would take a step's rate on AWS; None where nothing is known of its batches."""
    if step is None or step.done.timing is None:
        return None
    settings = settings_for(step.rate, RECORD_BYTES, step.done.timing)
    return {
        "events_per_second": round(step.rate, 1),
        **asdict(settings),
        "because": f"one lane takes {step.done.timing.lane_per_second:,.0f} records a second here, "
        f"in batches of {step.done.timing.records:,.0f}",
    }


def _step(step: Step) -> dict[str, Any]:
    measured = step.done.measured
    return {
        "rate": round(step.rate, 1),
        "published_per_second": round(measured.published_per_second, 1),
        "events_per_second": round(measured.events_per_second, 1),
        "put_to_readable_ms": {name: getattr(measured.of(PROBE), name) for name in ("p50", "p95", "p99")},
        "iterator_age_ms": measured.iterator_age_ms,
        "cores": step.done.cores,
        "generator_cores": measured.generator.cores,
        "broken_by": step.broken_by,
    }
