"""What can be said of a load and its deployment, as options of `churn cost`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CAPACITIES = ("on-demand", "provisioned", "cheapest")

Events = Annotated[float, typer.Option("--events-per-day", help="Events a day, on average; 1e6 will do.")]
Customers = Annotated[float, typer.Option("--customers", help="Customers whom the events are about.")]
EventBytes = Annotated[float, typer.Option("--event-bytes", help="Size of an event as JSON.")]
Peak = Annotated[float, typer.Option("--peak-factor", help="The busiest minute ÷ the average: sizes shards.")]
Region = Annotated[str, typer.Option("--region", help="Whose prices.")]
Stage = Annotated[str, typer.Option("--stage", help="Whose parameters, where no option says otherwise.")]
Capacity = Annotated[
    str | None,
    typer.Option("--capacity", help="On-demand, provisioned or cheapest, of Kinesis; default the stage's."),
]
Batch = Annotated[int | None, typer.Option("--batch-size", help="Events an invocation takes at most.")]
Window = Annotated[float | None, typer.Option("--window", help="Seconds that a batch may take to fill.")]
Lanes = Annotated[
    int | None, typer.Option("--parallelization", help="Batches of a shard at a time, 1 to 10.")
]
Memory = Annotated[int | None, typer.Option("--memory", help="Of the function, in MB; 1769 is one vCPU.")]
Retention = Annotated[
    float | None, typer.Option("--retention-hours", help="The stream keeps events so long.")
]
FanOut = Annotated[bool | None, typer.Option("--fan-out/--no-fan-out", help="Enhanced fan-out.")]
Days = Annotated[float | None, typer.Option("--prediction-days", help="The table keeps predictions so long.")]
WriteMillis = Annotated[
    float | None,
    typer.Option(
        "--write-millis",
        help="Until DynamoDB answers a request of 25 items; assumed 10, the metric WriteMillis tells yours.",
    ),
]
OwnKey = Annotated[bool, typer.Option("--own-key", help="A KMS key of your own.")]
Risky = Annotated[float, typer.Option("--high-risk-share", help="Of the scores, which are indexed as well.")]
Rejected = Annotated[float, typer.Option("--rejected-share", help="Of the events, which S3 keeps.")]
Collapse = Annotated[
    float | None,
    typer.Option(
        "--collapse-share",
        help="Of the events, replaced by a newer one of their customer in their batch; default: derived.",
    ),
]
Reads = Annotated[float, typer.Option("--reads-per-day", help="Scores looked up in the table.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="A PNG to write: cost by events a day, for all.")]
