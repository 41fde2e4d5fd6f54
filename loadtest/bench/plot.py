"""The comparisons as a picture: one line each, ours and target on a log axis where the peer is 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadtest.bench.figure import Figure
from training.report.canvas import Chart, Pen, png

WIDTH, ROW_HEIGHT, MARGIN = 900, 44, 110  # CSS pixels
ABOVE = 0.36  # of a row, from a line to its text


def draw(figures: Sequence[Figure]) -> bytes:
    """A PNG."""
    return png(
        Chart(
            name="bench",
            title="What the scorer takes, of what others take for the same",
            says="Ours ÷ peer: what lies left of 1 is quicker than the peer.",
            draw=lambda pen: _draw(pen, figures),
            width=WIDTH,
            height=ROW_HEIGHT * len(figures) + MARGIN,
        )
    )


def _draw(pen: Pen, figures: Sequence[Figure]) -> None:
    axes = pen.axes()
    axes.set_xscale("log")
    axes.set_xlim(min(each.ratio for each in figures) / 1.5, 2.6)
    axes.set_ylim(len(figures) - 0.5, -0.9)
    axes.set_yticks([])
    axes.grid(True, axis="x")
    axes.grid(False, axis="y")
    axes.set_xlabel("ours ÷ peer; further left is quicker")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.axvline(1, color=pen.colours.other, linewidth=1.2)
    for row, each in enumerate(figures):
        _row(pen, axes, row, each)
    _legend(pen, axes, figures)


def _row(pen: Pen, axes: Any, row: int, each: Figure) -> None:
    colours = pen.colours
    colour = colours.good if each.met else colours.leave
    axes.plot([each.ratio, 1], [row, row], color=colour, linewidth=2.2, alpha=0.55, zorder=2)
    axes.plot([1], [row], "o", color=colours.other, markersize=6, zorder=3)
    axes.plot([each.target] * 2, [row - 0.18, row + 0.18], color=colours.ink, linewidth=1.8, zorder=4)
    axes.plot([each.ratio], [row], "o", color=colour, markersize=8, zorder=5)
    at = axes.get_yaxis_transform()  # across the axes, at the row's height
    pen.label(
        axes, 0.006, row - ABOVE, each.name.replace(" against ", "  against  "), transform=at, va="center"
    )
    numbers = f"{short(each.ours)} ÷ {short(each.peer)} {each.unit}"
    settings = {"transform": at, "va": "center", "clip_on": False}
    axes.text(1.015, row - 0.13, short(each.ratio), fontweight="bold", color=colour, **settings)
    axes.text(1.015, row + 0.24, numbers, fontsize=9, color=colours.muted, **settings)


def _legend(pen: Pen, axes: Any, figures: Sequence[Figure]) -> None:
    colours = pen.colours
    entries = [("the peer", "o", colours.other, 6), ("target", "|", colours.ink, 11)]
    if not all(each.met for each in figures):
        entries.insert(0, ("ours, target missed", "o", colours.leave, 8))
    if any(each.met for each in figures):
        entries.insert(0, ("ours, target met", "o", colours.good, 8))
    for label, marker, colour, size in entries:
        axes.plot([], [], marker, color=colour, markersize=size, markeredgewidth=1.8, label=label)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0, columnspacing=1.6)


def short(value: float) -> str:
    """Three significant digits, never in exponent notation."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
