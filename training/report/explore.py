"""A page on raw data: what is in it, what looks wrong, and what goes with leaving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.report.association import Coded, association, code, single_feature_auc
from training.report.explore_charts import associations_chart, column_charts
from training.report.headline import KeyFigure, Remark
from training.report.layout import render
from training.report.levels import FEW_ROWS
from training.report.oddities import find_oddities, missing_rows
from training.report.raw import RawColumn, RawTable
from training.report.words import number, percent
from training.wording import printable

MAX_CHARTS = 40  # columns drawn, those that go most with leaving first
MAX_IN_MATRIX = 24
SECTIONS = (
    ("summary", "Summary"),
    ("stands-out", "What stands out"),
    ("leaving", "What goes with leaving"),
    ("columns", "Columns"),
    ("distributions", "Distributions"),
    ("missing", "Missing values"),
    ("matrix", "Associations"),
)


@dataclass(frozen=True, slots=True)
class Exploration:
    """Everything that was found in a table. `aucs` holds each column's ROC AUC alone; empty without a label.

    `pairs` holds the association of every two columns that are shown together, in both orders.
    """

    table: RawTable
    aucs: dict[str, float]
    shown: tuple[RawColumn, ...]
    pairs: dict[tuple[str, str], float]
    remarks: list[Remark]

    def summary(self) -> dict[str, Any]:
        """What `churn explore --json` prints."""
        table, label = self.table, self.table.label
        return {
            "source": table.source,
            "rows": table.total_rows,
            "sampled_rows": table.rows,
            "label": None if label is None else {"column": label.column, "positive": label.positive},
            "churn_rate": None if label is None else round(label.rate, 6),
            "columns": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "missing": int((~column.present).sum()),
                    "distinct": column.distinct,
                    "roc_auc": round(self.aucs[column.name], 4) if column.name in self.aucs else None,
                }
                for column in table.columns
            ],
            "findings": [remark.text for remark in self.remarks],
        }


@dataclass(frozen=True, slots=True)
class Line:
    """A column as the page lists it."""

    name: str
    kind: str
    missing: str
    distinct: str
    auc: str
    holds: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of the association matrix: `of` is its strength, 0 to 1."""

    text: str
    of: float
    negative: bool
    itself: bool


def explore(table: RawTable) -> Exploration:
    """Measure a table. Nothing of a single row is kept."""
    usable = [column for column in table.of_kind("number", "category") if column.present.any()]
    coded = {column.name: code(column) for column in usable}
    label = table.label
    aucs = {} if label is None else {name: single_feature_auc(c, label) for name, c in coded.items()}
    shown = sorted(usable, key=lambda column: -aucs.get(column.name, 0.0))
    pairs = _pairs([coded[column.name] for column in shown[:MAX_IN_MATRIX]])
    remarks = find_oddities(table, aucs, {key: v for key, v in pairs.items() if key[0] < key[1]})
    return Exploration(table, aucs, tuple(shown), pairs, remarks)


def render_exploration(found: Exploration) -> bytes:
    """The page as one HTML file: no script, nothing fetched, aggregates only."""
    table = found.table
    return render(
        "explore.html.j2",
        sections=[each for each in SECTIONS if found.aucs or each[0] != "leaving"],
        name=printable(table.source.rstrip("/").rpartition("/")[2], 60),
        table=table,
        lead=_lead(found),
        key_figures=_key_figures(found),
        remarks=found.remarks,
        lines=[_line(column, found) for column in table.columns],
        associations=[associations_chart(found.aucs)] if found.aucs else [],
        charts=column_charts(found.shown[:MAX_CHARTS], table.label),
        not_drawn=max(0, len(found.shown) - MAX_CHARTS),
        missing=missing_rows(table),
        matrix=_matrix(found),
        not_in_matrix=max(0, len(found.shown) - MAX_IN_MATRIX),
    )


def _pairs(shown: Sequence[Coded]) -> dict[tuple[str, str], float]:
    pairs = {}
    for i, one in enumerate(shown):
        for other in shown[:i]:
            names = one.column.name, other.column.name
            pairs[names] = pairs[names[::-1]] = association(one, other)
    return pairs


def _lead(found: Exploration) -> str:
    table, label = found.table, found.table.label
    if label is None:
        return f"{table.total_rows:,} rows with {len(table.columns)} columns. {table.note}"
    strongest = max(found.aucs, key=lambda name: found.aucs[name], default="")
    told = f" What goes most with it is {printable(strongest)}." if strongest else ""
    return f"{percent(label.rate)} of {table.total_rows:,} customers left.{told}"


def _key_figures(found: Exploration) -> list[KeyFigure]:
    table, label = found.table, found.table.label
    cells = table.rows * max(len(table.columns), 1)
    blank = sum(int((~column.present).sum()) for column in table.columns)
    figures = [
        KeyFigure("Rows", f"{table.total_rows:,}", "", "one per customer"),
        KeyFigure("Numbers", str(len(table.of_kind("number"))), "", "columns of measurements"),
        KeyFigure("Categories", str(len(table.of_kind("category"))), "", "columns of few different values"),
        KeyFigure("Missing", percent(blank / cells), "", "of all cells"),
    ]
    if label is not None:
        means = f"{printable(label.column)} is {printable(label.positive)}"
        figures.insert(1, KeyFigure("Left", percent(label.rate), "", means))
    others = len(table.columns) - len(table.of_kind("number", "category"))
    return [*figures, KeyFigure("Other columns", str(others), "", "identifiers, dates, long texts, empty")]


def _line(column: RawColumn, found: Exploration) -> Line:
    missing = int((~column.present).sum())
    return Line(
        name=printable(column.name) or "(no name)",
        kind=column.kind,
        missing=percent(missing / found.table.rows) if missing else "",
        distinct=f"{column.distinct:,}",
        auc=f"{found.aucs[column.name]:.3f}" if column.name in found.aucs else "",
        holds=_holds(column),
    )


def _holds(column: RawColumn) -> str:
    """A range or the frequent categories; of what may point at a person nothing."""
    if column.kind == "number" and column.present.any():
        numbers = column.values[column.present].astype(np.float64)
        low, middle, high = (number(float(np.quantile(numbers, share))) for share in (0, 0.5, 1))
        return f"{low} to {high}, median {middle}"
    if column.kind == "category":
        texts, count = np.unique(column.values[column.present].astype(str), return_counts=True)
        order = [i for i in np.argsort(-count, kind="stable") if count[i] >= FEW_ROWS]
        names = ", ".join(printable(str(texts[i])) for i in order[:4])
        return names if len(texts) <= 4 else f"{names} and {len(texts) - 4} more"
    return ""


def _matrix(found: Exploration) -> list[tuple[str, list[Cell]]]:
    shown = found.shown[:MAX_IN_MATRIX]
    return [
        (
            printable(one.name),
            [_cell(found.pairs.get((one.name, other.name)), one is other) for other in shown],
        )
        for one in shown
    ]


def _cell(strength: float | None, itself: bool) -> Cell:
    if itself or strength is None or math.isnan(strength):
        return Cell("", 0.0, False, itself)
    text = f"{strength:.2f}".replace("0.", ".", 1) if abs(strength) < 0.995 else f"{strength:.0f}"
    return Cell(text, round(abs(strength), 3), strength < 0, False)
