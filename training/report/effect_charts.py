"""Drawings of what each feature does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from training.report.canvas import Chart, Pen
from training.report.effects import Effect, Level
from training.report.words import columns, number
from training.wording import printable

MAX_FEATURES = 30  # shown one by one, the most important first
SHORT_WIDTH = 300  # small multiples: three in a row on a wide screen
LABEL_CHARS = 20
HARDLY = 0.05  # log-odds; 5 % of the odds
FRAME_HEIGHT, ROW_HEIGHT = 48, 22  # pixels
LABELS_SHARE = 0.42  # of the width; the same in every chart, so that their scales line up
FACTORS = {-5: "÷32", -4: "÷16", -3: "÷8", -2: "÷4", -1: "÷2", 0: "×1", 1: "×2", 2: "×4", 3: "×8", 4: "×16"}


def importance_chart(effects: Sequence[Effect]) -> Chart:
    """Mean absolute contribution, feature by feature."""
    shown = effects[:MAX_FEATURES]
    top = ", ".join(printable(effect.feature.name) for effect in shown[:3])
    return Chart(
        "importance",
        "Which features matter",
        "How far each feature moves a customer's score on average, up or down, in log-odds. Those that move "
        f"it most: {top}.",
        lambda pen: _draw_importance(pen, shown),
        numbers=columns(
            ("Feature", "Mean |contribution|"),
            *((printable(each.feature.name), f"{each.importance:.3f}") for each in shown),
        ),
        height=50 + 18 * len(shown),
    )


def _draw_importance(pen: Pen, shown: Sequence[Effect]) -> None:
    axes = pen.axes()
    places = range(len(shown))
    axes.barh(places, [each.importance for each in shown], height=0.62, color=pen.colours.accent)
    for y, each in zip(places, shown, strict=True):
        axes.annotate(
            f"{each.importance:.2f}", (each.importance, y), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9.5, color=pen.colours.muted,
        )  # fmt: skip
    axes.set_yticks(places, [_short(each.feature.name) for each in shown])
    axes.tick_params(axis="y", labelcolor=pen.colours.ink)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("Mean change of the log-odds")
    axes.grid(visible=False)
    axes.margins(x=0.08)


def effect_charts(effects: Sequence[Effect]) -> list[Chart]:
    """One small chart per feature, all on one scale, so that they can be compared at a glance."""
    shown = effects[:MAX_FEATURES]
    reach = _reach(shown)
    return [_effect_chart(place, effect, reach) for place, effect in enumerate(shown, 1)]


def _effect_chart(place: int, effect: Effect, reach: float) -> Chart:
    name = printable(effect.feature.name)
    if effect.feature.is_categorical:
        says = _contrast(effect.levels)
        return Chart(
            f"effect-{place:02d}",
            name,
            says,
            lambda pen: _draw_levels(pen, effect.levels, reach),
            numbers=_level_table(effect.levels),
            width=SHORT_WIDTH,
            height=FRAME_HEIGHT + ROW_HEIGHT * len(effect.levels),
        )
    return Chart(
        f"effect-{place:02d}",
        name,
        _trend(effect),
        lambda pen: _draw_line(pen, effect, reach),
        numbers=_line_table(effect),
        width=SHORT_WIDTH,
        height=180,
    )


def _contrast(levels: Sequence[Level]) -> str:
    if levels[0].mean - levels[-1].mean < HARDLY:
        return "Hardly changes the score."
    return f"Highest for {printable(levels[0].value)}, lowest for {printable(levels[-1].value)}."


def _trend(effect: Effect) -> str:
    if len(effect.mean) < 2 or float(np.ptp(effect.mean)) < HARDLY:
        return "Hardly changes the score."
    highest, lowest = (effect.values[pick(effect.mean)] for pick in (np.argmax, np.argmin))
    return f"Risk is highest around {number(float(highest))} and lowest around {number(float(lowest))}."


def _reach(effects: Sequence[Effect]) -> float:
    """The largest contribution drawn, so that all charts share one scale; at least a doubling."""
    sizes = [math.log(2) * 1.15]
    for effect in effects:
        sizes += [abs(edge) for level in effect.levels for edge in (level.low, level.high, level.mean)]
        if len(effect.mean):
            sizes += [float(np.abs(edge).max()) for edge in (effect.low, effect.high)]
    return max(sizes) * 1.08


def _odds_axis(axis: Any, reach: float) -> None:
    """Ticks where the odds double or halve: log-odds for those who know them, factors for all others."""
    largest = int(reach / math.log(2))
    step = 1 if largest <= 2 else 2
    powers = [p for p in range(-largest, largest + 1) if p % step == 0 and p in FACTORS]
    axis.set_ticks([p * math.log(2) for p in powers], [FACTORS[p] for p in powers])


def _draw_levels(pen: Pen, levels: Sequence[Level], reach: float) -> None:
    height = FRAME_HEIGHT + ROW_HEIGHT * len(levels)
    bottom = (FRAME_HEIGHT - 8) / height
    axes = pen.axes_at(LABELS_SHARE, bottom, 0.97 - LABELS_SHARE, 1 - bottom - 4 / height)
    for y, level in enumerate(levels):
        colour = pen.colours.leave if level.mean > 0 else pen.colours.stay
        axes.barh(y, level.mean, height=0.6, color=colour)
        if level.high - level.low > 1e-3:
            axes.plot([level.low, level.high], [y, y], color=pen.colours.ink, linewidth=1.2)
    axes.axvline(0, color=pen.colours.other, linewidth=1)
    axes.set_yticks(range(len(levels)), [_short(level.value) for level in levels])
    axes.tick_params(axis="y", labelcolor=pen.colours.ink)
    axes.set(xlim=(-reach, reach), ylim=(len(levels) - 0.4, -0.6), xlabel="Odds of leaving")
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    _odds_axis(axes.xaxis, reach)


def _draw_line(pen: Pen, effect: Effect, reach: float) -> None:
    axes = pen.axes()
    colours = pen.colours
    axes.axhline(0, color=colours.other, linewidth=1)
    if len(effect.values):
        style = "steps-mid" if effect.exact else "default"
        above, below = np.maximum(effect.mean, 0), np.minimum(effect.mean, 0)
        step = "mid" if effect.exact else None
        for part, colour in ((above, colours.leave), (below, colours.stay)):
            axes.fill_between(effect.values, part, step=step, color=colour, alpha=0.3, linewidth=0)
        if not effect.exact:
            axes.fill_between(
                effect.values, effect.low, effect.high, color=colours.other, alpha=0.2, linewidth=0
            )
        axes.plot(effect.values, effect.mean, color=colours.ink, linewidth=1.4, drawstyle=style)
    for level in effect.levels:
        axes.axhline(level.mean, color=colours.muted, linewidth=1, linestyle=(0, (2, 2)))
        pen.label(
            axes, 0.99, level.mean, level.value, transform=axes.get_yaxis_transform(), ha="right", va="bottom"
        )
    axes.set(ylim=(-reach, reach))
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    pen.heading(axes, "Odds of leaving")
    _odds_axis(axes.yaxis, reach)


def _level_table(levels: Sequence[Level]) -> tuple[tuple[str, ...], ...]:
    rows = [(printable(level.value), f"{level.mean:+.3f}", f"{level.rows:,}") for level in levels]
    return columns(("Value", "Mean contribution", "Customers"), *rows)


def _line_table(effect: Effect) -> tuple[tuple[str, ...], ...]:
    at = np.unique(np.linspace(0, len(effect.values) - 1, min(len(effect.values), 8)).astype(np.int64))
    rows = [(f"{effect.values[i]:,.6g}", f"{effect.mean[i]:+.3f}") for i in at] if len(effect.values) else []
    rows += [(level.value, f"{level.mean:+.3f}") for level in effect.levels]
    return columns(("Value", "Mean contribution"), *rows)


def _short(text: str) -> str:
    return printable(text, LABEL_CHARS)
