"""How well the model puts those who leave before those who stay: ROC, precision-recall, gains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.evaluation.evaluation import Evaluation
from training.report.canvas import Chart, Pen
from training.report.words import percent

Numbers: TypeAlias = NDArray[np.float64]
Measure: TypeAlias = Callable[[NDArray[np.int8], Numbers], Numbers]

GRID = np.linspace(0, 1, 101)
SHARES_LISTED = (0.05, 0.1, 0.2, 0.3, 0.5)
SHARE_OF_NOTE = 0.1


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve over GRID: all folds together, and one standard deviation of the folds around their mean."""

    pooled: Numbers
    low: Numbers
    high: Numbers


def roc_chart(chosen: Evaluation, baseline: Evaluation | None) -> Chart:
    """True against false positive rate, out of fold."""
    curve = _over_folds(chosen, _roc)
    auc = chosen.spread("roc_auc").mean

    def draw(pen: Pen) -> None:
        axes = _unit_axes(pen, "Stayers flagged by mistake", "Leavers found")
        axes.plot([0, 1], [0, 1], color=pen.colours.line, linewidth=1, linestyle=(0, (4, 3)))
        _draw_curves(pen, axes, curve, chosen, (baseline, _roc))
        axes.legend(loc="lower right")

    return Chart(
        "roc",
        "ROC curve",
        f"Take one customer who left and one who stayed: in {auc:.0%} of such pairs the one who left has the "
        "higher score. The further the line bends to the upper left, the better.",
        draw,
    )


def precision_recall_chart(chosen: Evaluation, baseline: Evaluation | None) -> Chart:
    """Precision against recall, out of fold."""
    curve = _over_folds(chosen, _precision_recall)
    labels, _ = chosen.pooled()
    share = float(labels.mean())

    def draw(pen: Pen) -> None:
        axes = _unit_axes(pen, "Leavers found (recall)", "Leavers among those flagged (precision)")
        axes.axhline(share, color=pen.colours.other, linewidth=1, linestyle=(0, (4, 3)))
        pen.label(axes, 0.01, share - 0.02, "picking at random", color=pen.colours.muted, va="top")
        _draw_curves(pen, axes, curve, chosen, (baseline, _precision_recall))
        axes.legend(loc="upper right")

    return Chart(
        "precision-recall",
        "Precision and recall",
        "Finding more of those who leave means bothering more who would have stayed. The line shows what "
        f"each step costs; without a model {percent(share)} of those contacted would be about to leave.",
        draw,
    )


def gains_chart(chosen: Evaluation, baseline: Evaluation | None) -> Chart:
    """The share of churners found by contacting the highest scores first."""
    curve = _over_folds(chosen, _gains)
    labels, _ = chosen.pooled()
    rate = float(labels.mean())
    found = float(np.interp(SHARE_OF_NOTE, GRID, curve.pooled))

    def draw(pen: Pen) -> None:
        axes = _unit_axes(pen, "Customers contacted, riskiest first", "Leavers found")
        axes.plot([0, rate, 1], [0, 1, 1], color=pen.colours.other, linewidth=1, linestyle=(0, (1, 2)))
        axes.plot([0, 1], [0, 1], color=pen.colours.line, linewidth=1, linestyle=(0, (4, 3)))
        _draw_curves(pen, axes, curve, chosen, (baseline, _gains))
        axes.plot([SHARE_OF_NOTE], [found], "o", color=pen.colours.accent, markersize=5)
        pen.label(axes, 0.13, found - 0.035, f"{percent(found)} of leavers in the top tenth")
        pen.label(axes, min(rate + 0.03, 0.8), 0.965, "perfect", color=pen.colours.muted, va="top")
        axes.legend(loc="lower right")

    return Chart(
        "gains",
        "Who to contact first",
        f"Contact the tenth of customers with the highest scores and you reach {percent(found)} of all who "
        f"leave; picked at random it would be {percent(SHARE_OF_NOTE)}.",
        draw,
        numbers=_gains_table(curve.pooled, rate),
    )


def found_at(chosen: Evaluation, share: float) -> float:
    """The share of churners among the `share` of customers with the highest scores, all folds together."""
    return float(np.interp(share, GRID, _gains(*chosen.pooled())))


def _gains_table(gains: Numbers, rate: float) -> tuple[tuple[str, ...], ...]:
    header = ("Contacted", "Of all leavers found", "Leavers among them", "Better than random by")
    rows = []
    for share in SHARES_LISTED:
        found = float(np.interp(share, GRID, gains))
        rows.append((percent(share), percent(found), percent(found * rate / share), f"{found / share:.1f}×"))
    return (header, *rows)


def _over_folds(evaluation: Evaluation, curve: Measure) -> Curve:
    folds = np.array([curve(y, p) for y, p in zip(evaluation.labels, evaluation.probabilities, strict=True)])
    mean, spread = folds.mean(axis=0), folds.std(axis=0, ddof=1)
    pooled = curve(*evaluation.pooled())
    return Curve(pooled, np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1))


def _roc(labels: NDArray[np.int8], scored: Numbers) -> Numbers:
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(labels, scored)
    return np.asarray(np.interp(GRID, false, true), dtype=np.float64)


def _precision_recall(labels: NDArray[np.int8], scored: Numbers) -> Numbers:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(labels, scored)
    # Ascending recall; its last point (recall 0, precision 1) is a convention, not a measurement.
    return np.asarray(np.interp(GRID, recall[-2::-1], precision[-2::-1]), dtype=np.float64)


def _gains(labels: NDArray[np.int8], scored: Numbers) -> Numbers:
    """Tied scores count by their share of the places, so the order of rows plays no part."""
    scores, position = np.unique(-scored, return_inverse=True)
    contacted = np.cumsum(np.bincount(position, minlength=len(scores))) / len(labels)
    found = np.cumsum(np.bincount(position, weights=labels, minlength=len(scores))) / labels.sum()
    return np.asarray(np.interp(GRID, np.r_[0, contacted], np.r_[0, found]), dtype=np.float64)


def _unit_axes(pen: Pen, across: str, up: str) -> Any:
    axes = pen.axes()
    axes.set(xlim=(0, 1), ylim=(0, 1.04), xlabel=across)
    pen.heading(axes, up)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(_fifths())
        axis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return axes


def _fifths() -> Any:
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(0.2)


def _draw_curves(
    pen: Pen, axes: Any, curve: Curve, chosen: Evaluation, reference: tuple[Evaluation | None, Measure]
) -> None:
    colours = pen.colours
    axes.fill_between(GRID, curve.low, curve.high, color=colours.accent, alpha=0.18, linewidth=0)
    axes.plot(GRID, curve.pooled, color=colours.accent, label=chosen.title)
    baseline, measure = reference
    if baseline is not None:
        axes.plot(GRID, measure(*baseline.pooled()), color=colours.other, linewidth=1.3, label=baseline.title)
