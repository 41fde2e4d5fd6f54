"""Widgets with their values: what the page draws, and what --json prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from infra.dashboard.definition import Line, Metric, MetricPanel
from infra.dashboard.errors import MathError
from infra.dashboard.metric_data import Answers, Wanted
from infra.dashboard.metric_math import Evaluator
from infra.dashboard.series import Many, Series, Window
from infra.dashboard.time_range import Shown

Shape = dict[str, Any]  # one JSON object


@dataclass(frozen=True)
class Lines:
    """A metric panel over the time that is shown."""

    panel: MetricPanel
    shown: Shown

    def wanted(self) -> Iterator[Wanted]:
        """Every metric that the panel needs, those that only its expressions use included."""
        for line in self.panel.lines:
            if isinstance(line.source, Metric):
                yield Wanted(line.source, self._window(line))

    def draw(self, answers: Answers) -> Shape:
        """The visible lines with their values, and what to say of those that have none to give."""
        metrics: dict[str, Series] = {}
        complaints: list[str] = []
        for line in self.panel.lines:
            if isinstance(line.source, Metric):
                wanted = Wanted(line.source, self._window(line))
                metrics[line.id] = answers.series[wanted]
                complaints += [f"{line.label}: {each}" for each in answers.complaints_about(wanted)]
        lines: list[Shape] = []
        for line in filter(attrgetter("visible"), self.panel.lines):
            try:
                lines += [_shape(line, series) for series in self._series(line, metrics)]
            except MathError as error:
                lines.append(_shape(line, {}))
                complaints.append(f"{line.label}: {error}")
        return {
            "type": self.panel.view,
            "stacked": self.panel.stacked,
            "axes": self.panel.axes,
            "annotations": list(self.panel.annotations),
            "lines": lines,
            "complaints": complaints,
        }

    def _series(self, line: Line, metrics: Mapping[str, Series]) -> Many:
        if isinstance(line.source, Metric):
            return (metrics[line.id],)
        texts = {each.id: each.source for each in self.panel.lines if isinstance(each.source, str)}
        return Evaluator(self._window(line), metrics, texts).evaluate(line.source)

    def _window(self, line: Line) -> Window:
        as_one = self.panel.view == "singleValue" and self.panel.over_whole_range
        return self.shown.window_of(line.period or self.panel.period, as_one=as_one)


def _shape(line: Line, series: Series) -> Shape:
    return {
        "id": line.id,
        "label": line.label,
        "color": line.color,
        "right": line.on_the_right,
        "times": list(series),
        "values": list(series.values()),
    }
