"""Cost by load, this system and the others: one line each, all axes logarithmic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from training.report.canvas import Chart, Pen, png

if TYPE_CHECKING:
    from infra.cost.estimate import Point

WIDTH, HEIGHT = 760, 560  # CSS pixels


def draw(points: Sequence[Point], events_per_day: float) -> bytes:
    """A PNG; `events_per_day` is the load that was asked for, marked by a dashed line."""
    return png(
        Chart(
            name="cost",
            title="What scoring costs a month, by events a day",
            says="Dollars a month at each load, this system and the usual ways.",
            draw=lambda pen: _draw(pen, points, events_per_day),
            width=WIDTH,
            height=HEIGHT,
        )
    )


def _draw(pen: Pen, points: Sequence[Point], events_per_day: float) -> None:
    everything, difference = pen.axes(rows=2, sharex=True)
    pen.heading(everything, "$ a month, everything")
    pen.heading(difference, "$ a month without DynamoDB, which each of them needs")
    shades = pen.colours
    colours = (shades.accent, shades.other, shades.warn, shades.good, shades.leave)
    for place, (bill, colour) in enumerate(zip(points[0].bills, colours, strict=True)):
        style = {
            "color": colour,
            "label": bill.name,
            "linewidth": 1.6 if place else 2.6,
            "linestyle": "--" if "container" in bill.name else "-",
            "zorder": 3 if place else 2,
        }
        loads = [point.events_per_day for point in points]
        everything.plot(loads, [point.bills[place].total for point in points], **style)
        difference.plot(loads, [point.bills[place].besides_table for point in points], **style)
    for axes in (everything, difference):
        _scale(pen, axes, events_per_day)
    difference.set_xlabel("events a day (one a second is 86,400)")
    everything.legend(loc="upper left")


def _scale(pen: Pen, axes: Any, events_per_day: float) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axvline(events_per_day, color=pen.colours.ink, linewidth=0.9, linestyle=":", zorder=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: short(value))
        axis.set_minor_formatter(lambda *_: "")


def short(value: float) -> str:
    """A power of ten as people say it: 100, 10 k, 1 M, 1 G."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"
