"""What follows from acting on the score: who is found, who is bothered, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.evaluation import Evaluation
from training.evaluation.thresholds import ConfusionCurve, ThresholdRule, confusion_curve
from training.report.canvas import Chart, Pen
from training.report.words import columns, number, percent

THRESHOLDS = np.linspace(0, 1, 201)[1:-1]
THRESHOLDS_LISTED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
COST_RATIOS = (2, 5, 10)  # a missed churner's cost in contacts, where nobody has said what they cost
PER = 1000


@dataclass(frozen=True, slots=True)
class Confusion:
    """Shares of all customers, out of fold, at one threshold; they add up to 1."""

    found: float
    missed: float
    false_alarm: float
    left_alone: float

    @property
    def precision(self) -> float:
        """Of those flagged, how many leave; 0 where nobody is."""
        flagged = self.found + self.false_alarm
        return self.found / flagged if flagged else 0.0

    @property
    def recall(self) -> float:
        """Of those who leave, how many are flagged."""
        return self.found / (self.found + self.missed)


def confusion_at(chosen: Evaluation, threshold: float) -> Confusion:
    """The four outcomes over all folds together; flagged from `threshold` on."""
    labels, scored = chosen.pooled()
    flagged, left = scored >= threshold, labels == 1
    return Confusion(
        found=float((flagged & left).mean()),
        missed=float((~flagged & left).mean()),
        false_alarm=float((flagged & ~left).mean()),
        left_alone=float((~flagged & ~left).mean()),
    )


def confusion_chart(chosen: Evaluation, threshold: float, rows: int) -> Chart:
    """The four outcomes per 1,000 customers."""
    each = confusion_at(chosen, threshold)
    flagged = each.found + each.false_alarm
    cells = (
        (0, 1, each.found, "left, and flagged"),
        (1, 1, each.missed, "left, not flagged"),
        (0, 0, each.false_alarm, "stayed, but flagged"),
        (1, 0, each.left_alone, "stayed, not flagged"),
    )
    return Chart(
        "confusion",
        "Of 1,000 customers",
        f"At the threshold {threshold:.3f}, {PER * flagged:.0f} of 1,000 customers would be contacted; "
        f"{PER * each.found:.0f} of them are about to leave, and {PER * each.missed:.0f} leavers are missed.",
        lambda pen: _draw_confusion(pen, cells),
        numbers=columns(
            ("Outcome", "Per 1,000", f"Of {rows:,}"),
            *((text, f"{PER * share:.0f}", f"{rows * share:,.0f}") for _, _, share, text in cells),
        ),
    )


def _draw_confusion(pen: Pen, cells: tuple[tuple[int, int, float, str], ...]) -> None:
    axes = pen.axes()
    axes.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    for x, y, share, text in cells:
        colour = pen.colours.leave if y else pen.colours.stay
        axes.add_patch(_square(x, y, colour, 0.1 + 0.5 * share))
        axes.text(x, y + 0.03, f"{PER * share:.0f}", ha="center", va="bottom", fontsize=26)
        axes.text(x, y - 0.08, text, ha="center", va="top", fontsize=11, color=pen.colours.ink)


def _square(x: float, y: float, colour: str, alpha: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.485, y - 0.475), 0.97, 0.95, facecolor=colour, alpha=alpha, linewidth=0)


def trade_off_chart(chosen: Evaluation, threshold: float) -> Chart:
    """Precision, recall and F1 against the threshold."""
    curve = confusion_curve(*chosen.pooled())
    flagged, found = _counts(curve)
    some = flagged > 0
    lines = {
        "precision": np.where(some, found / np.maximum(flagged, 1), np.nan),
        "recall": found / curve.positives,
        "F1": 2 * found / (flagged + curve.positives),
    }
    return Chart(
        "trade-off",
        "Precision, recall and F1 by threshold",
        "A lower threshold finds more of those who leave (recall), a higher one bothers fewer who stay "
        "(precision); F1 weighs both.",
        lambda pen: _draw_trade_off(pen, lines, threshold),
        numbers=columns(
            ("Threshold", "Precision", "Recall", "F1", "Flagged"), *_listed(lines, flagged / curve.rows)
        ),
    )


def _draw_trade_off(pen: Pen, lines: dict[str, NDArray[np.float64]], threshold: float) -> None:
    axes = pen.axes()
    colours = (pen.colours.stay, pen.colours.leave, pen.colours.other)
    for (name, line), colour, style in zip(lines.items(), colours, ("-", "-", (0, (5, 1.5))), strict=True):
        axes.plot(THRESHOLDS, line, color=colour, linestyle=style, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.12), xlabel="Threshold")
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    pen.threshold(axes, threshold)
    axes.legend(loc="lower center", ncols=3, bbox_to_anchor=(0.5, 0.98))


def _listed(lines: dict[str, NDArray[np.float64]], share: NDArray[np.float64]) -> list[tuple[str, ...]]:
    rows = []
    for threshold in THRESHOLDS_LISTED:
        i = int(np.argmin(np.abs(THRESHOLDS - threshold)))
        figures = ["–" if np.isnan(line[i]) else f"{line[i]:.3f}" for line in lines.values()]
        rows.append((f"{threshold:.1f}", *figures, percent(float(share[i]))))
    return rows


def cost_chart(chosen: Evaluation, rule: ThresholdRule, threshold: float) -> Chart:
    """Expected cost per customer against the threshold: in the rule's own currency where it has one."""
    curve = confusion_curve(*chosen.pooled())
    if rule.cost_missed is not None and rule.cost_contact is not None:
        lines = {"this model": _costs(curve, rule.cost_missed, rule.cost_contact)}
        best = float(lines["this model"].min())
        nobody = rule.cost_missed * curve.positives / curve.rows
        says = (
            f"With {rule.cost_missed:g} for each missed leaver and {rule.cost_contact:g} for each contact, "
            f"the best threshold costs {number(best)} per customer; contacting nobody costs "
            f"{number(nobody)}, everybody {number(rule.cost_contact)}. Every leaver contacted counts as kept."
        )
        references = {"nobody": nobody, "everybody": rule.cost_contact}
    else:
        lines = {f"{ratio}×": _costs(curve, ratio, 1) for ratio in COST_RATIOS}
        says = (
            "No costs were given (--cost-missed, --cost-contact), so they are counted in contacts: missing a "
            "leaver as dear as 2, 5 or 10 of them. Dots mark the cheapest thresholds; the dearer a miss, the "
            "lower."
        )
        references = {}
    return Chart(
        "cost",
        "What mistakes cost",
        says,
        lambda pen: _draw_costs(pen, lines, references, threshold),
        numbers=columns(("Cost of a miss", "Best threshold", "Cost per customer"), *_cheapest(lines)),
    )


def _draw_costs(
    pen: Pen, lines: dict[str, NDArray[np.float64]], references: dict[str, float], threshold: float
) -> None:
    axes = pen.axes()
    strength = np.linspace(0.45, 1, len(lines)) if len(lines) > 1 else [1.0]
    for (name, line), alpha in zip(lines.items(), strength, strict=True):
        axes.plot(THRESHOLDS, line, color=pen.colours.accent, alpha=alpha)
        i = int(np.argmin(line))
        axes.plot(THRESHOLDS[i], line[i], "o", color=pen.colours.accent, markersize=6)
        pen.label(axes, 0.985, line[-1], name, ha="right", va="bottom", color=pen.colours.accent)
    for name, cost in references.items():
        axes.axhline(cost, color=pen.colours.other, linewidth=1, linestyle=(0, (4, 3)))
        pen.label(axes, 0.5, cost, f"contacting {name}", va="bottom", color=pen.colours.muted)
    highest = max(float(line.max()) for line in lines.values())
    axes.set(xlim=(0, 1), ylim=(0, 1.12 * max([highest, *references.values()])), xlabel="Threshold")
    pen.heading(axes, "Cost per customer" + ("" if references else ", in contacts"))
    pen.threshold(axes, threshold)


def _cheapest(lines: dict[str, NDArray[np.float64]]) -> list[tuple[str, ...]]:
    best = {name: int(np.argmin(line)) for name, line in lines.items()}
    return [(name, f"{THRESHOLDS[i]:.2f}", number(float(lines[name][i]))) for name, i in best.items()]


def _costs(curve: ConfusionCurve, missed: float, contact: float) -> NDArray[np.float64]:
    """Expected cost per customer at THRESHOLDS."""
    flagged, found = _counts(curve)
    total = (curve.positives - found) * missed + flagged * contact
    return np.asarray(total / curve.rows, dtype=np.float64)


def _counts(curve: ConfusionCurve) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many are flagged, and leavers among them, at THRESHOLDS; above the highest score nobody is."""
    at = np.searchsorted(curve.thresholds, THRESHOLDS, side="left")
    return np.append(curve.flagged, 0.0)[at], np.append(curve.found, 0.0)[at]
