"""The results as a picture: a panel for each figure, a line for each contestant, ours in another colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from loadtest.compare.result import Result
from loadtest.compare.streamed import Ours
from training.report.canvas import Chart, Pen, png

WIDTH, ROW_HEIGHT, PANEL_GAP, TOP = 980, 24, 44, 50  # CSS pixels
LEFT, RIGHT, BETWEEN = 0.2, 0.04, 0.07  # shares of the width
COLUMNS = 2


class Panel(NamedTuple):
    """One figure of all contestants: dots on a log axis where they differ by magnitudes, else bars from 0."""

    heading: str
    value: Callable[[Result], float]
    log: bool = True


PANELS = (
    Panel("events per second, more is better", lambda each: each.events_per_second),
    Panel("CPU seconds per million events", lambda each: each.cpu),
    Panel("put → readable, p50 ms", lambda each: each.readable_p50),
    Panel("put → readable, p99 ms", lambda each: each.readable_p99),
    Panel("memory, MB", lambda each: each.peak_memory, log=False),
    Panel("cold start, ms", lambda each: each.cold_start),
    Panel("lines a user writes", lambda each: float(each.lines), log=False),
    Panel("lost when killed, % of what was sent", lambda each: lost_percent(each), log=False),
)


def lost_percent(result: Result) -> float:
    """Share of the events around the crash that never got a score."""
    return 100 * result.crash_missing / result.crash_sent


def draw(results: Sequence[Result]) -> bytes:
    """A PNG."""
    rows = -(-len(PANELS) // COLUMNS)
    return png(
        Chart(
            name="compare",
            title="The same events, model and table, scored by each",
            says="Fewer is better everywhere but in the first panel.",
            draw=lambda pen: _draw(pen, results),
            width=WIDTH,
            height=TOP + rows * (ROW_HEIGHT * len(results) + PANEL_GAP),
        )
    )


def _draw(pen: Pen, results: Sequence[Result]) -> None:
    rows = -(-len(PANELS) // COLUMNS)
    total = TOP + rows * (ROW_HEIGHT * len(results) + PANEL_GAP)
    height = ROW_HEIGHT * len(results) / total
    width = (1 - LEFT - RIGHT - BETWEEN) / COLUMNS
    for place, panel in enumerate(PANELS):
        row, column = divmod(place, COLUMNS)
        bottom = 1 - (TOP + 10 + row * (ROW_HEIGHT * len(results) + PANEL_GAP)) / total - height
        axes = pen.axes_at(LEFT - 0.06 + column * (width + BETWEEN), bottom, width, height)
        _panel(pen, axes, panel, results, named=column == 0)


def _panel(pen: Pen, axes: Any, panel: Panel, results: Sequence[Result], *, named: bool) -> None:
    colours = pen.colours
    values = [panel.value(each) for each in results]
    tints = [colours.accent if each.name == Ours.name else colours.other for each in results]
    rows = range(len(results))
    if panel.log:
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 2, max(values) * 5)
        axes.hlines(rows, min(values) / 2, max(values) * 5, color=colours.line, linewidth=0.8)
        axes.scatter(values, rows, color=tints, s=62, zorder=3)
    else:
        axes.set_xlim(0, max(*values, 1) * 1.25)
        axes.barh(rows, values, color=tints, height=0.6)
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.set_yticks(rows, [each.name if named else "" for each in results])
    axes.grid(False)
    axes.set_xticks([])
    axes.minorticks_off()
    axes.spines[:].set_visible(False)
    pen.heading(axes, panel.heading + (", log axis" if panel.log else ""))
    for row, value in enumerate(values):
        low, high = axes.get_xlim()
        beside = value * (high / low) ** 0.02 if panel.log else value + high * 0.02
        pen.label(axes, beside, row, short(value), va="center")


def short(value: float) -> str:
    """A whole number, but what is small and not nothing with a digit more."""
    return f"{value:,.1f}" if 0 < value < 10 else f"{value:,.0f}"
