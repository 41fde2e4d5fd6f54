"""Rate against latency, as a picture."""

from __future__ import annotations

from pathlib import Path

from loadtest.knee import Knee, Step
from loadtest.locust_results import PROBE

COLOURS = {"p50": "#4477aa", "p95": "#ee8866", "p99": "#aa3377"}


def plot(knee: Knee, path: Path) -> None:
    """Write a PNG: put to readable at p50, p95 and p99 over the rate that was published."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    steps = sorted(knee.steps, key=lambda step: step.rate)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=120)
    for name, colour in COLOURS.items():
        points = [(step.rate, value) for step in steps if (value := _latency(step, name)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", color=colour, label=name)
    for step in steps:
        if step.broken_by:
            axes.axvline(step.rate, color="#bbbbbb", linewidth=0.8, linestyle=":")
    if knee.best:
        axes.axvline(knee.best.rate, color="#228833", linestyle="--")
        axes.annotate(
            f" sustained: {knee.best.rate:,.0f}/s",
            (knee.best.rate, 0.02),
            xycoords=("data", "axes fraction"),
            va="bottom",
            ha="right" if knee.best is steps[-1] else "left",
            color="#228833",
        )
    axes.set(xlabel="events per second asked (dotted: a rate that broke)", ylabel="put to readable (ms)")
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    axes.set_ylim(lowest / 1.5, highest * 1.5)  # room for the note and the legend
    axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    axes.yaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", ncols=3, frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _latency(step: Step, name: str) -> float | None:
    value: float | None = getattr(step.done.measured.of(PROBE), name)
    return value
