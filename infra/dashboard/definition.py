"""A dashboard's definition, as PutDashboard took it, read into typed widgets.

Format: CloudWatch API reference, "Dashboard Body Structure and Syntax". What CloudWatch would draw and this
project does not know becomes an `Unknown` widget that says so; nothing is left out silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.dashboard.errors import DashboardError

DEFAULT_SIZE = 6  # grid units
DEFAULT_PERIOD_SECONDS = 300
DEFAULT_STAT = "Average"
SAME_AS_ABOVE = "."
ALL_AS_ABOVE = "..."
SOURCE = re.compile(r"""SOURCE\s+['"]([^'"]+)['"]\s*\|\s*""")


@dataclass(frozen=True, slots=True)
class Metric:
    """What GetMetricData is asked for."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str


@dataclass(frozen=True, slots=True)
class Line:
    """One metric or expression of a widget; `period` is None where the widget's counts."""

    id: str
    source: Metric | str  # a str is an expression
    label: str
    visible: bool
    on_the_right: bool
    color: str | None
    period: int | None


@dataclass(frozen=True, slots=True)
class MetricPanel:
    """Metrics as a graph, or as single values."""

    lines: tuple[Line, ...]
    view: str
    stacked: bool
    period: int
    over_whole_range: bool  # single values of all the time shown, not of the newest period
    axes: Mapping[str, Any]
    annotations: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TextPanel:
    """Markdown."""

    markdown: str


@dataclass(frozen=True, slots=True)
class AlarmPanel:
    """Alarms by name, in the order of the definition."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogPanel:
    """A query of Logs Insights over log groups."""

    groups: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A widget that is not drawn here, and why."""

    reason: str


Panel = MetricPanel | TextPanel | AlarmPanel | LogPanel | Unknown


@dataclass(frozen=True, slots=True)
class Widget:
    """A panel with its place on the grid of 24 columns."""

    x: int
    y: int
    width: int
    height: int
    title: str
    panel: Panel


@dataclass(frozen=True, slots=True)
class Definition:
    """All widgets in reading order; periods follow the time that is shown unless `own_periods`."""

    widgets: tuple[Widget, ...]
    own_periods: bool


def read_definition(body: str, region: str) -> Definition:
    """The definition in a dashboard's body, of which the panels of one region are read.

    Raises DashboardError where the body has none.
    """
    try:
        whole = json.loads(body)
        widgets = [_widget(each, region) for each in whole["widgets"]]
        own_periods = whole.get("periodOverride") == "inherit"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DashboardError(
            f"the dashboard's body is no definition ({type(error).__name__}: {error}); deploy the stack again"
        ) from None
    return Definition(tuple(sorted(widgets, key=lambda each: (each.y, each.x))), own_periods)


def _widget(raw: Mapping[str, Any], region: str) -> Widget:
    properties = raw.get("properties", {})
    return Widget(
        x=int(raw.get("x", 0)),
        y=int(raw.get("y", 0)),
        width=int(raw.get("width", DEFAULT_SIZE)),
        height=int(raw.get("height", DEFAULT_SIZE)),
        title=str(properties.get("title", "")),
        panel=_panel(str(raw["type"]), properties, region),
    )


def _panel(kind: str, properties: Mapping[str, Any], region: str) -> Panel:
    if (elsewhere := properties.get("region", region)) != region:
        return Unknown(f"a panel of {elsewhere}, and {region} is read here; it is in the CloudWatch console")
    match kind:
        case "metric" if properties.get("view", "timeSeries") in ("timeSeries", "singleValue"):
            return _metrics(properties)
        case "metric":
            return Unknown(
                f"the view {properties['view']} is not drawn here; it is in the CloudWatch console"
            )
        case "text":
            return TextPanel(str(properties.get("markdown", "")))
        case "alarm":
            return AlarmPanel(tuple(str(arn).split(":alarm:", 1)[-1] for arn in properties["alarms"]))
        case "log":
            return _log(properties)
    return Unknown(f"a widget of type {kind} is not drawn here; it is in the CloudWatch console")


def _metrics(properties: Mapping[str, Any]) -> MetricPanel:
    stat = str(properties.get("stat", DEFAULT_STAT))
    lines: list[Line] = []
    above: list[str] = []
    for number, entry in enumerate(properties.get("metrics", [])):
        words = [word for word in entry if isinstance(word, str)]
        shown: Mapping[str, Any] = entry[-1] if entry and isinstance(entry[-1], dict) else {}
        if words:
            above = _written_out(words, above)
        lines.append(_line(number, above if words else [], shown, stat))
    return MetricPanel(
        lines=tuple(lines),
        view=str(properties.get("view", "timeSeries")),
        stacked=bool(properties.get("stacked")),
        period=int(properties.get("period", DEFAULT_PERIOD_SECONDS)),
        over_whole_range=bool(properties.get("setPeriodToTimeRange")),
        axes=properties.get("yAxis", {}),
        annotations=properties.get("annotations", {}).get("horizontal", []),
    )


def _written_out(words: list[str], above: list[str]) -> list[str]:
    """`.` stands for the word above it, `...` for all words above that are not given."""
    if ALL_AS_ABOVE in words:
        place = words.index(ALL_AS_ABOVE)
        words = words[:place] + above[place : len(above) - (len(words) - place - 1)] + words[place + 1 :]
    return [above[place] if word == SAME_AS_ABOVE else word for place, word in enumerate(words)]


def _line(number: int, words: list[str], shown: Mapping[str, Any], stat: str) -> Line:
    if words:
        namespace, name, *rest = words
        dimensions = tuple(zip(rest[::2], rest[1::2], strict=True))
        source: Metric | str = Metric(namespace, name, dimensions, str(shown.get("stat", stat)))
    else:
        name = source = str(shown["expression"])
    period = shown.get("period")
    return Line(
        # Ids that a person gives begin with a small letter, so these are nobody's.
        id=str(shown.get("id", f"_{number}")),
        source=source,
        label=str(shown.get("label", name)),
        visible=shown.get("visible", True) is not False,
        on_the_right=shown.get("yAxis") == "right",
        color=shown.get("color"),
        period=None if period is None else int(period),
    )


def _log(properties: Mapping[str, Any]) -> LogPanel:
    """The query begins with the groups that it reads: `SOURCE 'group' | SOURCE 'other' | fields …`."""
    groups: list[str] = []
    query = str(properties["query"]).strip()
    while found := SOURCE.match(query):
        groups.append(found[1])
        query = query[found.end() :]
    return LogPanel(tuple(groups), query)
