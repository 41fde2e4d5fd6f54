"""Widgets with their values: what the page draws, and what --json prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

from infra.dashboard.definition import Line, Metric, MetricPanel
from infra.dashboard.errors import MathError, UnsupportedMathError
from infra.dashboard.metric_data import Answers, Wanted
from infra.dashboard.metric_math import Evaluator
from infra.dashboard.series import Series, Window
from infra.dashboard.time_range import Shown

Shape: TypeAlias = dict[str, Any]  # one JSON object
Labelled: TypeAlias = tuple[str, Series]


class Elsewhere(Protocol):
    """Evaluates a line whose expression is not supported here, or raises the error that said so."""

    def __call__(
        self, lines: Sequence[Line], line: Line, window: Window, error: UnsupportedMathError
    ) -> list[Labelled]: ...


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

    def draw(self, answers: Answers, elsewhere: Elsewhere) -> Shape:
        """The visible lines with their values, and what to say of those that have none to give.

        `elsewhere` evaluates an expression that only CloudWatch knows, or raises MathError.
        """
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
                found = self._labelled(line, metrics, elsewhere)
            except MathError as error:
                found = [(line.label, {})]
                complaints.append(f"{line.label}: {error}")
            lines += [_shape(line, label, series) for label, series in found]
        return {
            "type": self.panel.view,
            "stacked": self.panel.stacked,
            "axes": self.panel.axes,
            "annotations": list(self.panel.annotations),
            "lines": lines,
            "complaints": complaints,
        }

    def _labelled(self, line: Line, metrics: Mapping[str, Series], elsewhere: Elsewhere) -> list[Labelled]:
        if isinstance(line.source, Metric):
            return [(line.label, metrics[line.id])]
        texts = {each.id: each.source for each in self.panel.lines if isinstance(each.source, str)}
        try:
            found = Evaluator(self._window(line), metrics, texts).evaluate(line.source)
        except UnsupportedMathError as error:
            return elsewhere(self.panel.lines, line, self._window(line), error)
        return [(line.label, series) for series in found]

    def _window(self, line: Line) -> Window:
        as_one = self.panel.view == "singleValue" and self.panel.over_whole_range
        return self.shown.window_of(line.period or self.panel.period, as_one=as_one)


def _shape(line: Line, label: str, series: Series) -> Shape:
    return {
        "id": line.id,
        "label": label,
        "color": line.color,
        "right": line.on_the_right,
        "times": list(series),
        "values": list(series.values()),
    }
