"""The options of `churn train`, with what they mean."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

COMPARISON, DECISION, TABLE, OUTPUT = "What is compared", "What is chosen", "The table", "What is written"


class Promote(StrEnum):
    """When a freshly trained model becomes the serving one."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


DataOption = Annotated[
    str, typer.Option("--data", help="A CSV file or http(s) URL with labels, or synthetic[:ROWS].")
]
SchemaOption = Annotated[
    str | None, typer.Option("--schema", help="A built-in schema or a schema file; default: the stage's.")
]
PromoteOption = Annotated[
    Promote,
    typer.Option(
        "--promote", help="auto: where nothing serves yet, or it is separably better on the same rows."
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of folds, fits, fuzz rows and synthetic data.")
]
CandidatesOption = Annotated[
    str | None,
    typer.Option(
        "--candidates",
        help="Comma-separated: logistic, logistic_bins, sgd, naive_bayes, decision_tree, random_forest, "
        "extra_trees, gradient_boosting, hist_gradient_boosting, vote, xgboost, lightgbm, neural_net. "
        "Default: all but the last three.",
        rich_help_panel=COMPARISON,
    ),
]
BudgetOption = Annotated[
    float,
    typer.Option(
        "--budget",
        min=0.1,
        help="Minutes; fewer settings are tried where it runs short.",
        rich_help_panel=COMPARISON,
    ),
]
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=0,
        help="Processes; 0: one per core. The result is the same.",
        rich_help_panel=COMPARISON,
    ),
]
CostMissedOption = Annotated[
    float | None,
    typer.Option(
        "--cost-missed",
        help="What a churner costs whom nobody contacted; with --cost-contact the "
        "threshold is that of lowest expected cost.",
        rich_help_panel=DECISION,
    ),
]
CostContactOption = Annotated[
    float | None,
    typer.Option(
        "--cost-contact",
        help="What contacting one customer costs, in the same currency.",
        rich_help_panel=DECISION,
    ),
]
MinRecallOption = Annotated[
    float | None,
    typer.Option(
        "--min-recall", help="Find at least this share of churners, such as 0.8.", rich_help_panel=DECISION
    ),
]
NoReasonsOption = Annotated[
    bool,
    typer.Option(
        "--no-reasons",
        help="Let a model win that gives no reasons with its scores.",
        rich_help_panel=DECISION,
    ),
]
GroupOption = Annotated[
    str | None,
    typer.Option(
        "--group",
        help="A column whose rows stay on one side of every fold, such as household.",
        rich_help_panel=TABLE,
    ),
]
TimeOption = Annotated[
    str | None,
    typer.Option(
        "--time", help="A date column: judge on later rows than were trained on.", rich_help_panel=TABLE
    ),
]
SliceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        help="One more column to look at part by part in the report; may be repeated.",
        rich_help_panel=TABLE,
    ),
]
MaxRowsOption = Annotated[
    int,
    typer.Option(
        "--max-rows",
        min=100,
        help="Train on a random sample of this size where the table is larger.",
        rich_help_panel=TABLE,
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop where the table looks wrong (leaks, duplicates, ...), with exit 3.",
        rich_help_panel=TABLE,
    ),
]
ReproduceOption = Annotated[
    str | None,
    typer.Option(
        "--reproduce",
        metavar="VERSION",
        help="Make that version again from its rows, and compare "
        "the graphs; publishes nothing, exit 3 where they differ.",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Also write the version's report.html here.", rich_help_panel=OUTPUT
    ),
]
FiguresOption = Annotated[
    Path | None,
    typer.Option(
        "--figures",
        metavar="FOLDER",
        help="Also write the report's figures here, as PNG.",
        rich_help_panel=OUTPUT,
    ),
]
