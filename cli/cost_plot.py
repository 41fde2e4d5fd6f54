"""Cost by load, this system and the others: one line each, both axes logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from training.report.canvas import Chart, Pen, png

if TYPE_CHECKING:
    from infra.cost.estimate import Point

WIDTH, HEIGHT = 760, 470  # CSS pixels
PER_SECOND = 86_400


def draw(points: Sequence[Point], events_per_day: float) -> bytes:
    """A PNG; `events_per_day` is the load that was asked for, marked by a line."""
    return png(
        Chart(
            name="cost",
            title="Dollars per million events, by events a day",
            says="What a million events cost at each load, this system and the usual ways.",
            draw=lambda pen: _draw(pen, points, events_per_day),
            width=WIDTH,
            height=HEIGHT,
        )
    )


def _draw(pen: Pen, points: Sequence[Point], events_per_day: float) -> None:
    costs, bills = pen.axes(rows=2, sharex=True)
    pen.heading(bills, "$ a month")
    pen.heading(costs, "$ per million events")
    colours = (pen.colours.accent, pen.colours.other, pen.colours.leave, pen.colours.good)
    loads = [point.events_per_day for point in points]
    for name, colour in zip(points[0].dollars, colours, strict=True):
        totals = [point.dollars[name] for point in points]
        ours = name == next(iter(points[0].dollars))
        style = {
            "color": colour,
            "linewidth": 2.6 if ours else 1.6,
            "label": name,
            "zorder": 4 if ours else 3,
        }
        bills.plot(loads, totals, **style)
        per_million = [total / (load * 730 / 24) * 1e6 for total, load in zip(totals, loads, strict=True)]
        costs.plot(loads, per_million, **style)
    for axes in (costs, bills):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.axvline(events_per_day, color=pen.colours.ink, linewidth=0.9, linestyle="--", zorder=1)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value / 1e6:g}M")
    bills.set_xlabel("events a day (dashed: the load asked for; 86,400 is one a second)")
    costs.legend(loc="upper right")
