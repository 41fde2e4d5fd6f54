"""`churn loadtest --find-max`: the highest rate that a stage sustains, and what gives way above it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.output import note, show_facts, show_table

if TYPE_CHECKING:
    from loadtest.conduct import Conductor
    from loadtest.knee import Bounds, Step
    from loadtest.locust_run import Plan

PLOT_FILE = "knee.png"
RETAINED = 100_000  # records; MiniStack's puts and reads slow down as its stream fills


def find_max(conductor: Conductor, plan: Plan, bounds: Bounds, folder: Path) -> dict[str, Any]:
    """Try rates, each as a run of its own; returns the document, and leaves the plot in `folder`."""
    from loadtest.knee import Step, broken_by, climb
    from loadtest.knee_plot import plot
    from loadtest.knee_report import knee_document
    from loadtest.saturation import findings

    published = 0

    def measure(rate: float) -> Step:
        nonlocal published
        place = folder / f"{rate:.0f}-per-second"
        place.mkdir()
        done = conductor.run(replace(plan, rate=rate), place.absolute())
        step = Step(rate, done, broken_by(done.measured, bounds))
        note(f"{rate:,.0f} events/s: {step.broken_by or 'sustained'}")
        published += done.measured.account.published
        return step

    knee = climb(measure, start=plan.rate)
    if plan.stage == "local" and published > RETAINED:
        note(
            f"{published:,} records are in the emulator's stream, which slows it: `churn local down` and "
            "`churn local up` empty it"
        )
    worse = knee.worse
    found = (
        findings(
            worse.done.measured,
            worse.done.cores,
            os.cpu_count() or 1,
            worse.done.timing,
            behind_ms=bounds.iterator_age_ms,
        )
        if worse
        else []
    )
    plot(knee, folder / PLOT_FILE)
    return knee_document(knee, bounds, found, str(folder), str(folder / PLOT_FILE))


def show_knee(document: dict[str, Any]) -> None:
    """The steps, the highest sustained rate, and what gave way."""
    show_table(
        ["events/s asked", "scored", "p50 ms", "p95 ms", "p99 ms", "age ms", "broken by"],
        [_row(step) for step in sorted(document["steps"], key=lambda step: float(step["rate"]))],
    )
    aws = document["for_aws"]
    show_facts(
        [
            ("sustained", _per_second(document["sustained_per_second"])),
            ("broke at", f"{_per_second(document['broke_at_per_second'])} {document['broken_by']}"),
            *(("at its limit", f"{each['what']}: {each['evidence']}") for each in document["saturated"]),
            *(
                [
                    (
                        "on AWS",
                        f"{aws['events_per_second']:,.0f} events/s take shards={aws['shards']}, "
                        f"parallelization={aws['parallelization']}: {aws['because']}",
                    )
                ]
                if aws
                else []
            ),
            ("plot", document["plot"]),
        ]
    )


def _per_second(rate: float | None) -> str:
    return "none of the rates tried" if rate is None else f"{rate:,.0f} events/s"


def _row(step: dict[str, Any]) -> list[object]:
    times = [step["put_to_readable_ms"][name] for name in ("p50", "p95", "p99")]
    figures = [*times, step["iterator_age_ms"]]
    shown = ["–" if value is None else f"{value:,.0f}" for value in figures]
    return [f"{step['rate']:,.0f}", f"{step['events_per_second']:,.0f}", *shown, step["broken_by"]]
