"""The candidates side by side: what each scored, and whether it can be told from the chosen one."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract.manifest import Candidate, Manifest
from training.evaluation.paired import SEPARABLE_T
from training.report.canvas import Chart, Pen
from training.report.words import columns
from training.wording import printable

NEAR = (
    0.04  # of ROC AUC; what is further from the best is written at the edge, or it would press all together
)
ROW_HEIGHT, FRAME_HEIGHT = 29, 52  # pixels
LINE_CHARS = 21


@dataclass(frozen=True, slots=True)
class Entry:
    """One candidate as the comparison shows it. `low` and `high` hold its difference to the chosen one.

    The interval is two corrected standard errors wide on either side, so it spans 0 where |t| is below 2.
    """

    candidate: Candidate
    role: str  # chosen, candidate, baseline or not eligible
    title: str
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """In words, whether it does better or worse than the chosen one."""
        if self.role == "chosen":
            return "chosen"
        if self.candidate.difference is None:
            return ""
        if self.low <= 0 <= self.high:
            return "cannot be told apart"
        return "better" if self.difference > 0 else "worse"


def entries(manifest: Manifest) -> list[Entry]:
    """Every candidate, highest mean ROC AUC first."""
    ranked = sorted(manifest.candidates, key=lambda each: -each.roc_auc.mean)
    return [_entry(each, manifest.chosen) for each in ranked]


def _entry(candidate: Candidate, chosen: str) -> Entry:
    role = "candidate" if candidate.eligible else "not eligible"
    if candidate.baseline:
        role = "baseline"
    if candidate.name == chosen:
        role = "chosen"
    difference, half = candidate.difference or 0.0, 0.0
    if candidate.t and math.isfinite(candidate.t):
        half = SEPARABLE_T * abs(difference / candidate.t)
    title = candidate.title or candidate.name
    return Entry(candidate, role, title, difference, difference - half, difference + half)


def scores_chart(ranked: Sequence[Entry]) -> Chart:
    """Mean ROC AUC and its spread over folds, candidate by candidate."""
    best = ranked[0]
    return Chart(
        "candidates",
        "ROC AUC of every candidate",
        f"Dots are means over the folds, lines one standard deviation. The highest is {best.title} with "
        f"{best.candidate.roc_auc.mean:.3f}; hollow dots could not have been chosen.",
        lambda pen: _draw_scores(pen, ranked),
        height=FRAME_HEIGHT + ROW_HEIGHT * len(ranked),
    )


def differences_chart(ranked: Sequence[Entry]) -> Chart | None:
    """How far each candidate is from the chosen one on the same folds; None where nothing can be paired."""
    paired = [each for each in ranked if each.role == "chosen" or each.candidate.difference is not None]
    if len(paired) < 2:
        return None
    close = [each for each in paired if each.verdict == "cannot be told apart"]
    return Chart(
        "differences",
        "Difference to the chosen model",
        "Paired on the same folds. Where a line crosses zero the two cannot be told apart "
        f"({len(close)} of {len(paired) - 1} here), and the simpler one is preferred.",
        lambda pen: _draw_differences(pen, paired),
        numbers=columns(
            ("Candidate", "Difference", "t", "Verdict"),
            *(
                (each.title, f"{each.difference:+.4f}", _t(each.candidate.t), each.verdict)
                for each in paired
                if each.role != "chosen"
            ),
        ),
        height=FRAME_HEIGHT + ROW_HEIGHT * len(paired),
    )


def _t(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}"


def _draw_scores(pen: Pen, ranked: Sequence[Entry]) -> None:
    spreads = [each.candidate.roc_auc for each in ranked]
    means = [spread.mean for spread in spreads]
    near = [spread for spread in spreads if spread.mean > max(means) - NEAR]
    low = min(spread.mean - spread.std for spread in near) - 0.005
    rows = [(spread.mean - spread.std, spread.mean, spread.mean + spread.std) for spread in spreads]
    _draw_rows(pen, ranked, rows, low, "ROC AUC")


def _draw_differences(pen: Pen, paired: Sequence[Entry]) -> None:
    near = [each for each in paired if each.difference > -NEAR]
    lowest, highest = min(each.low for each in near), max(each.high for each in near)
    low = lowest - 0.1 * (highest - lowest) - 1e-4
    axes = _draw_rows(pen, paired, [(e.low, e.difference, e.high) for e in paired], low, "ROC AUC")
    axes.axvline(0, color=pen.colours.accent, linewidth=1, zorder=1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3f}" if abs(value) > 1e-9 else "0")


def _draw_rows(
    pen: Pen,
    ranked: Sequence[Entry],
    rows: Sequence[tuple[float, float, float]],
    low: float,
    across: str,
) -> Any:
    axes = pen.axes()
    for y, (each, (left, middle, right)) in enumerate(zip(ranked, rows, strict=True)):
        colour = pen.colours.accent if each.role == "chosen" else pen.colours.other
        if middle < low:
            pen.label(axes, low, y, f"◂ {middle:.3f}", va="center", color=pen.colours.muted)
            continue
        filled = colour if each.role in ("chosen", "candidate") else pen.colours.paper
        axes.plot([left, right], [y, y], color=colour, linewidth=2)
        axes.plot(middle, y, "o", color=colour, markerfacecolor=filled, markersize=7)
    axes.set(ylim=(len(ranked) - 0.5, -0.5), xlabel=across)
    axes.set_xlim(left=low)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.locator_params(axis="x", nbins=5)
    axes.set_yticks(range(len(ranked)), [_in_two_lines(each.title) for each in ranked])
    for tick, each in zip(axes.get_yticklabels(), ranked, strict=True):
        tick.set_color(pen.colours.accent if each.role == "chosen" else pen.colours.ink)
    return axes


def _in_two_lines(title: str) -> str:
    return "\n".join(textwrap.wrap(printable(title), LINE_CHARS, max_lines=2, placeholder="…"))
