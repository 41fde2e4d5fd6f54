"""Whether the probabilities can be taken at their word, and how they are spread."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Calibration
from training.evaluation.evaluation import Evaluation
from training.report.canvas import Chart, Pen
from training.report.words import columns, percent

SCORE_BINS = 40
Z95 = 1.96  # two-sided 95 %


def wilson(positives: float, rows: float) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) where there are no rows."""
    if rows <= 0:
        return 0.0, 1.0
    share, spread = positives / rows, Z95**2 / rows
    centre = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / rows + spread / (4 * rows))
    return max(0.0, centre - half), min(1.0, centre + half)


def calibration_chart(measured: Calibration, repeats: int) -> Chart:
    """Predicted against observed shares in ten bins. `count` covers every repeat, so each row counts once."""
    rows = [count / repeats for count in measured.count]
    bins = list(zip(measured.mean_predicted, measured.share_observed, rows, strict=True))
    return Chart(
        "calibration",
        "Calibration",
        "Of customers scored at about 30%, about 30 of 100 should really leave. Points on the diagonal keep "
        f"that promise; on average they are {100 * measured.ece:.1f} percentage points away.",
        lambda pen: _draw_calibration(pen, bins),
        numbers=columns(
            ("Mean score", "Really left", "Customers"),
            *((percent(predicted), percent(seen), f"{count:,.0f}") for predicted, seen, count in bins),
        ),
    )


def _draw_calibration(pen: Pen, bins: list[tuple[float, float, float]]) -> None:
    colours = pen.colours
    axes, counts = pen.axes(2, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=colours.other, linewidth=1, linestyle=(0, (4, 3)))
    for predicted, observed, rows in bins:
        low, high = wilson(observed * rows, rows)
        axes.plot([predicted, predicted], [low, high], color=colours.accent, alpha=0.55, linewidth=1.6)
    axes.plot(*zip(*[each[:2] for each in bins], strict=True), "o-", color=colours.accent, markersize=5)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    pen.heading(axes, "Really left, with 95% interval")
    counts.bar(
        [each[0] for each in bins], [each[2] for each in bins], width=0.055, color=colours.accent, alpha=0.45
    )
    counts.set_xlabel("Score")
    counts.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    counts.set_yticks([])
    pen.heading(counts, "Customers")


def distribution_chart(chosen: Evaluation, threshold: float) -> Chart:
    """How scores are spread among those who left and those who stayed."""
    labels, scored = chosen.pooled()
    edges = np.linspace(0, 1, SCORE_BINS + 1)
    groups = {"stayed": _shares(scored[labels == 0], edges), "left": _shares(scored[labels == 1], edges)}
    above = float((scored[labels == 1] >= threshold).mean())

    def draw(pen: Pen) -> None:
        axes = pen.axes()
        for (name, shares), colour in zip(groups.items(), (pen.colours.stay, pen.colours.leave), strict=True):
            axes.stairs(shares, edges, fill=True, color=colour, alpha=0.28, linewidth=0)
            axes.stairs(shares, edges, color=colour, linewidth=1.5, label=name)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="Score")
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        pen.heading(axes, "Share of each group")
        pen.threshold(axes, threshold)
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.9))

    return Chart(
        "scores",
        "Scores of those who left and those who stayed",
        "The less the two shapes overlap, the better the model tells the groups apart. "
        f"Right of the threshold are {percent(above)} of those who left.",
        draw,
    )


def _shares(scored: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.histogram(scored, edges)[0] / max(len(scored), 1), dtype=np.float64)
