"""Widgets with their values: what the page draws, and what --json prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.dashboard.definition import Line, Metric, MetricPanel
from infra.dashboard.errors import MathError
from infra.dashboard.metric_data import Answers, Wanted
from infra.dashboard.metric_math import Evaluator
from infra.dashboard.series import Many, Series, Window
from infra.dashboard.time_range import period_for, whole, window

Shape = dict[str, Any]  # one JSON object


def window_of(panel: MetricPanel, line: Line, seconds: int, now: float, own_periods: bool) -> Window:
    """The window in which a widget's line is shown."""
    shown_period = period_for(seconds)
    period = max(line.period or panel.period, shown_period) if own_periods else shown_period
    seen = window(seconds, now, period)
    return whole(seen) if panel.view == "singleValue" and panel.over_whole_range else seen


def wanted_of(panel: MetricPanel, seconds: int, now: float, own_periods: bool) -> Iterator[Wanted]:
    """Every metric that a widget needs, those that only its expressions use included."""
    for line in panel.lines:
        if isinstance(line.source, Metric):
            yield Wanted(line.source, window_of(panel, line, seconds, now, own_periods))


def draw(panel: MetricPanel, answers: Answers, seconds: int, now: float, own_periods: bool) -> Shape:
    """The widget's visible lines with their values, and what to say of those that have none to give."""
    windows = {line.id: window_of(panel, line, seconds, now, own_periods) for line in panel.lines}
    metrics: dict[str, Series] = {}
    complaints: list[str] = []
    for line in panel.lines:
        if isinstance(line.source, Metric):
            wanted = Wanted(line.source, windows[line.id])
            metrics[line.id] = answers.series[wanted]
            if wanted in answers.complaints:
                complaints.append(f"{line.label}: {answers.complaints[wanted]}")
    expressions = {line.id: line.source for line in panel.lines if isinstance(line.source, str)}
    lines: list[Shape] = []
    for line in panel.lines:
        if not line.visible:
            continue
        found: Many = ({},)
        try:
            if isinstance(line.source, str):
                found = Evaluator(windows[line.id], metrics, expressions).evaluate(line.source)
            else:
                found = (metrics[line.id],)
        except MathError as error:
            complaints.append(f"{line.label}: {error}")
        lines += [_shape(line, series) for series in found]
    return {
        "type": panel.view,
        "stacked": panel.stacked,
        "axes": panel.axes,
        "annotations": list(panel.annotations),
        "lines": lines,
        "complaints": complaints,
    }


def _shape(line: Line, series: Series) -> Shape:
    return {
        "id": line.id,
        "label": line.label,
        "color": line.color,
        "right": line.on_the_right,
        "times": list(series),
        "values": list(series.values()),
    }
