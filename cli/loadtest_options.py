"""The options of `churn loadtest`, with what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

LOAD, GATES, OUTPUT = "The load", "Gates: exit 3 where one is not met", "What is written"


def _gate(name: str, text: str) -> Any:
    return typer.Option(name, min=0, help=text, rich_help_panel=GATES)


RateOption = Annotated[
    float, typer.Option("--rate", help="Events a second, at the top of the shape.", rich_help_panel=LOAD)
]
RunTimeOption = Annotated[
    str | None,
    typer.Option(
        "--run-time",
        help="How long: 60, 90s, 5m, 8h. Default 60s, and 15s for each step of --find-max.",
        rich_help_panel=LOAD,
    ),
]
WarmUpOption = Annotated[
    float,
    typer.Option(
        "--warm-up",
        min=0,
        max=3600,
        help="Seconds of load before anything is measured: cold starts are no figure of a run.",
        rich_help_panel=LOAD,
    ),
]
ShapeOption = Annotated[
    str,
    typer.Option("--shape", help="steady, ramp, steps, spike or soak.", rich_help_panel=LOAD),
]
UsersOption = Annotated[
    int | None,
    typer.Option(
        "--users",
        min=1,
        help="How many publishing users share the rate; default 3, or 20 of a shape.",
        rich_help_panel=LOAD,
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers", min=0, help="Locust's worker processes; 0: one process does all.", rich_help_panel=LOAD
    ),
]
ReadsOption = Annotated[
    float, typer.Option("--readers-rate", min=0, help="Latest scores read a second.", rich_help_panel=LOAD)
]
TopsOption = Annotated[
    float,
    typer.Option(
        "--tops-rate", min=0, help="How often a second who is most at risk is read.", rich_help_panel=LOAD
    ),
]
ProbesOption = Annotated[
    float,
    typer.Option("--probes-rate", min=0, help="End-to-end probes a second.", rich_help_panel=LOAD),
]
CustomersOption = Annotated[
    int,
    typer.Option(
        "--customers",
        min=1,
        help="How many the events are about; few collapse more events of a batch.",
        rich_help_panel=LOAD,
    ),
]
DataOption = Annotated[
    str, typer.Option("--data", help="synthetic, or a table whose rows are the events.", rich_help_panel=LOAD)
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="Default build/loadtest/TIME.", rich_help_panel=OUTPUT),
]
PatienceOption = Annotated[
    float | None,
    typer.Option(
        "--patience",
        min=1,
        help="Seconds without progress after which what is left counts as missing; "
        "default 30, and 180 on AWS, whose metrics come late.",
        rich_help_panel=LOAD,
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, help="Of synthetic customers.", rich_help_panel=LOAD)
]
MinEventsOption = Annotated[
    float | None, _gate("--min-events-per-second", "From the first put to the last score in the table.")
]
MaxP95Option = Annotated[float | None, _gate("--max-p95-ms", "Put to readable by end-to-end probes, p95.")]
MaxP99Option = Annotated[float | None, _gate("--max-p99-ms", "The same, p99.")]
MaxReadP95Option = Annotated[float | None, _gate("--max-read-p95-ms", "Reading a latest score, p95.")]
MaxMissingOption = Annotated[float, _gate("--max-missing", "Published events that nobody can account for.")]
MaxRejectedOption = Annotated[float, _gate("--max-rejected", "Valid events that were rejected or given up.")]
MaxRefusedOption = Annotated[float | None, _gate("--max-refused", "Puts that failed, even in part.")]
MaxIteratorAgeOption = Annotated[
    float | None, _gate("--max-iterator-age-ms", "How far behind the stream the function may fall.")
]
FindMaxOption = Annotated[
    bool,
    typer.Option(
        "--find-max",
        help="Step up from --rate, --run-time each, until p95 or the iterator age break (1,000 and 2,000 ms, "
        "or the gates given); says what was at its limit.",
    ),
]
WebOption = Annotated[
    bool, typer.Option("--web", help="Locust's web UI on http://127.0.0.1:8089 instead; no gates.")
]
OnProductionOption = Annotated[
    bool, typer.Option("--on-production", help="Needed with --stage prod.", rich_help_panel=LOAD)
]
