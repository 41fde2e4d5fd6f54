"""Drawings of raw columns: how their values are spread, and how many left at each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.report.canvas import Chart, Pen
from training.report.levels import FEW_ROWS, Level, as_table, by_category, by_decile, extremes
from training.report.raw import RawColumn
from training.report.raw_label import Label
from training.report.words import columns, number, percent
from training.wording import printable

HISTOGRAM_BINS = 30
LABEL_CHARS = 18
WIDTH, NUMBER_HEIGHT = 320, 245
FRAME_HEIGHT, ROW_HEIGHT = 60, 21  # pixels

Left: TypeAlias = NDArray[np.float64] | None


def associations_chart(aucs: Mapping[str, float], limit: int = 25) -> Chart:
    """Single-feature ROC AUC, strongest first."""
    ranked = sorted(aucs.items(), key=lambda each: -each[1])[:limit]
    names = ", ".join(printable(name) for name, _ in ranked[:3])
    return Chart(
        "associations",
        "Each column alone",
        "ROC AUC: 0.5 is chance, 1 tells all leavers and stayers apart. Strongest: " + names + ".",
        lambda pen: _draw_associations(pen, ranked),
        numbers=columns(("Column", "ROC AUC alone"), *((printable(n), f"{auc:.3f}") for n, auc in ranked)),
        height=50 + 18 * len(ranked),
    )


def _draw_associations(pen: Pen, ranked: Sequence[tuple[str, float]]) -> None:
    axes = pen.axes()
    gains = [max(auc - 0.5, 0.0) for _, auc in ranked]
    axes.barh(range(len(ranked)), gains, left=0.5, height=0.62, color=pen.colours.accent)
    for y, ((_, auc), gain) in enumerate(zip(ranked, gains, strict=True)):
        axes.annotate(
            f"{auc:.2f}", (0.5 + gain, y), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=9.5, color=pen.colours.muted,
        )  # fmt: skip
    axes.set_yticks(range(len(ranked)), [printable(name, LABEL_CHARS) for name, _ in ranked])
    axes.tick_params(axis="y", labelcolor=pen.colours.ink)
    axes.set(ylim=(len(ranked) - 0.4, -0.6), xlim=(0.5, min(1.04, max(0.62, 0.54 + max(gains)))))
    axes.set_xlabel("ROC AUC alone")
    axes.grid(visible=False)


def column_charts(chosen: Sequence[RawColumn], label: Label | None) -> list[Chart]:
    """One chart per column of numbers or categories."""
    left = None if label is None else label.values
    rate = None if label is None else label.rate
    make = {"number": _number_chart, "category": _category_chart}
    return [make[column.kind](f"column-{i:02d}", column, left, rate) for i, column in enumerate(chosen, 1)]


def _number_chart(name: str, column: RawColumn, left: Left, rate: float | None) -> Chart:
    present = column.present
    numbers = column.values[present].astype(np.float64)
    low, high = np.quantile(numbers, (0.005, 0.995))
    if low == high:
        low, high = float(numbers.min()), float(numbers.max())
    deciles = [] if left is None else by_decile(numbers, left[present])
    middle = f"Half of all between {number(_quantile(numbers, 0.25))} and {number(_quantile(numbers, 0.75))}."
    return Chart(
        name,
        printable(column.name),
        f"{middle} {extremes(deciles)}".strip(),
        lambda pen: _draw_number(pen, numbers, (float(low), float(high)), deciles, rate),
        numbers=as_table("Range", deciles),
        width=WIDTH,
        height=NUMBER_HEIGHT if deciles else NUMBER_HEIGHT - 90,
    )


def _quantile(numbers: NDArray[np.float64], share: float) -> float:
    return float(np.quantile(numbers, share, method="inverted_cdf"))


def _draw_number(
    pen: Pen,
    numbers: NDArray[np.float64],
    ends: tuple[float, float],
    deciles: Sequence[Level],
    rate: float | None,
) -> None:
    colours = pen.colours
    panels = pen.axes(2, sharex=True, height_ratios=(3, 2)) if deciles else [pen.axes()]
    panels[0].hist(numbers, bins=HISTOGRAM_BINS, range=ends, color=colours.stay, alpha=0.55)
    panels[0].set_yticks([])
    pen.heading(panels[0], "Customers")
    panels[0].set_xlim(*(ends if ends[0] < ends[1] else (ends[0] - 1, ends[1] + 1)))
    if deciles:
        axes = panels[1]
        axes.axhline(rate, color=colours.other, linewidth=1, linestyle=(0, (4, 3)))
        places = [level.at for level in deciles]
        axes.vlines(
            places,
            [d.low for d in deciles],
            [d.high for d in deciles],
            color=colours.leave,
            alpha=0.55,
            lw=1.6,
        )
        axes.plot(places, [level.rate for level in deciles], "o-", color=colours.leave, markersize=4, lw=1.4)
        axes.set_ylim(0, min(1.0, 1.1 * max(level.high for level in deciles)))
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.locator_params(axis="y", nbins=4)
        pen.heading(axes, "Left, by tenth of customers")
    panels[-1].locator_params(axis="x", nbins=5)
    panels[-1].xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")


def _category_chart(name: str, column: RawColumn, left: Left, rate: float | None) -> Chart:
    levels = by_category(column, left)
    common = max(levels, key=lambda level: level.rows)
    share = common.rows / len(column.values)
    return Chart(
        name,
        printable(column.name),
        f"Most often {printable(common.name)} ({percent(share)}). {extremes(levels)}".strip(),
        lambda pen: _draw_category(pen, levels, len(column.values), rate),
        numbers=as_table("Value", levels),
        width=WIDTH,
        height=FRAME_HEIGHT + ROW_HEIGHT * len(levels),
    )


def _draw_category(pen: Pen, levels: Sequence[Level], rows: int, rate: float | None) -> None:
    colours = pen.colours
    height = FRAME_HEIGHT + ROW_HEIGHT * len(levels)
    bottom, top = 24 / height, 1 - 22 / height
    places = range(len(levels))
    bars = pen.axes_at(0.37, bottom, 0.27 if rate is not None else 0.58, top - bottom)
    bars.barh(places, [level.rows / rows for level in levels], height=0.62, color=colours.stay, alpha=0.55)
    bars.set_yticks(places, [printable(level.name, LABEL_CHARS) for level in levels])
    bars.tick_params(axis="y", labelcolor=colours.ink)
    pen.heading(bars, "Customers")
    panels = [bars]
    if rate is not None:
        dots = pen.axes_at(0.73, bottom, 0.24, top - bottom)
        dots.axvline(rate, color=colours.other, linewidth=1, linestyle=(0, (4, 3)))
        dots.hlines(
            places, [d.low for d in levels], [d.high for d in levels], color=colours.leave, alpha=0.55, lw=1.6
        )
        dots.plot([level.rate for level in levels], places, "o", color=colours.leave, markersize=5)
        dots.set_yticks([])
        highest = max([level.high for level in levels if level.rows >= FEW_ROWS] or [1.0])
        dots.set_xlim(0, min(1.02, 1.1 * highest))
        pen.heading(dots, "Left")
        panels.append(dots)
    for axes in panels:
        _share_axis(axes, len(levels))


def _share_axis(axes: Any, count: int) -> None:
    axes.set_ylim(count - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
