"""The dashboard as it is deployed: what CloudWatch takes, without overlaps, joined with what is emitted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.dashboard.definition import (
    Line,
    LogPanel,
    Metric,
    MetricPanel,
    TextPanel,
    Unknown,
    read_definition,
)
from infra.dashboard.expression import Binary, Call, Name, Negative, Node, parse
from infra.dashboard.metric_math import supported
from infra.naming import stack_name
from infra.paths import PROJECT
from scorer.metrics import METRIC_UNITS, NAMESPACE
from tests.infra.aws_metrics import AWS_METRICS
from tests.infra.rendering import Service

COLUMNS = 24
QUESTIONS = ["healthy", "keeping up", "How much", "saying", "cost", "broke"]
STAGE = "dev"
ALARM_AT = 90_000
REGION = "${AWS::Region}"  # which CloudFormation fills in
STACK = stack_name("telco", STAGE)
# Of each type of widget, the properties that are required and those that are allowed besides: CloudWatch API
# reference, "Dashboard Body Structure and Syntax".
PROPERTIES = {
    "text": ({"markdown"}, {"background"}),
    "alarm": ({"alarms"}, {"title", "sortBy", "states"}),
    "log": ({"query", "region"}, {"title", "view", "accountId"}),
    "metric": (
        {"metrics", "region"},
        {"title", "view", "stacked", "stat", "period", "yAxis", "annotations", "setPeriodToTimeRange",
         "sparkline", "legend", "liveData", "singleValueFullPrecision", "timezone", "accountId"},
    ),
}  # fmt: skip
RENDERING = {"id", "expression", "label", "color", "stat", "period", "yAxis", "visible", "region"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("dashboard")
    # An option of the command line is a text, where parameters.yml has a number.
    return Service(folder).template(folder / STAGE, STAGE, iteratorAgeAlarmMilliseconds=ALARM_AT)


@pytest.fixture(scope="module")
def substitution(template: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The body before CloudFormation fills in what it alone knows, and what it is told about that."""
    body, told = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    return body, told


@pytest.fixture(scope="module")
def text(substitution: tuple[str, dict[str, Any]]) -> str:
    return substitution[0]


@pytest.fixture(scope="module")
def body(text: str) -> dict[str, Any]:
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def panels(text: str) -> list[MetricPanel]:
    return [w.panel for w in read_definition(text, REGION).widgets if isinstance(w.panel, MetricPanel)]


def metrics_of(panels: list[MetricPanel]) -> Iterator[Metric]:
    for panel in panels:
        yield from (line.source for line in panel.lines if isinstance(line.source, Metric))


def test_every_widget_is_one_that_cloudwatch_takes(body: dict[str, Any]) -> None:
    """Types, properties and their values; 500 widgets of 100 metrics at most."""
    assert set(body) <= {"widgets", "start", "end", "periodOverride", "variables"}
    assert re.fullmatch(r"-PT?\d+[MHDW]", body["start"])
    assert len(body["widgets"]) <= 500
    for widget in body["widgets"]:
        assert set(widget) == {"type", "x", "y", "width", "height", "properties"}
        required, allowed = PROPERTIES[widget["type"]]
        properties = widget["properties"]
        assert required <= set(properties) <= required | allowed, properties.get("title")
        if widget["type"] == "metric":
            assert properties["view"] in ("timeSeries", "singleValue")
            assert properties["period"] % 60 == 0
            assert 1 <= len(properties["metrics"]) <= 100
            for entry in properties["metrics"]:
                assert set(entry[-1]) <= RENDERING
                assert re.fullmatch(r"#[0-9a-f]{6}", entry[-1].get("color", "#000000"))
        if widget["type"] == "alarm":
            assert properties["alarms"] == ["${Alarms}"]
            assert properties["sortBy"] in ("default", "stateUpdatedTimestamp", "timestamp")


def test_widgets_fill_the_grid_without_overlaps(body: dict[str, Any]) -> None:
    """24 columns; every cell from the first to the last row belongs to exactly one widget."""
    cells = [
        (x, y)
        for w in body["widgets"]
        for x in range(w["x"], w["x"] + w["width"])
        for y in range(w["y"], w["y"] + w["height"])
    ]
    assert all(isinstance(w[name], int) for w in body["widgets"] for name in ("x", "y", "width", "height"))
    assert len(cells) == len(set(cells))
    rows = max(y for _, y in cells) + 1
    assert set(cells) == {(x, y) for x in range(COLUMNS) for y in range(rows)}


def test_it_answers_the_questions_from_top_to_bottom(text: str) -> None:
    """Each is a heading, in the order in which somebody asks."""
    headings = [
        w.panel.markdown for w in read_definition(text, REGION).widgets if isinstance(w.panel, TextPanel)
    ]
    assert len(headings) == len(QUESTIONS)
    assert all(part in heading for part, heading in zip(QUESTIONS, headings, strict=True))


def test_the_guide_says_what_each_panel_means(text: str) -> None:
    """docs/dashboard.md has a row for every title."""
    guide = (PROJECT / "docs" / "dashboard.md").read_text()
    cells = re.findall(r"^\| ([^|]+) \|", guide, re.MULTILINE)
    explained = {title for cell in cells for title in cell.split(", ")} | set(cells)
    titles = [widget.title for widget in read_definition(text, REGION).widgets if widget.title]
    assert len(titles) > 20
    assert set(titles) <= explained


def test_everything_on_it_is_drawn_by_churn_dashboard_too(text: str) -> None:
    """No widget that only the console shows."""
    assert not [
        widget for widget in read_definition(text, REGION).widgets if isinstance(widget.panel, Unknown)
    ]


def test_every_metric_of_ours_is_emitted_and_every_emitted_metric_is_shown(panels: list[MetricPanel]) -> None:
    """With the one dimension that the scorer emits."""
    ours = [metric for metric in metrics_of(panels) if metric.namespace == NAMESPACE]
    assert {metric.name for metric in ours} == set(METRIC_UNITS)
    assert {metric.dimensions for metric in ours} == {(("service", STACK),)}


def test_there_are_no_more_metrics_than_a_free_dashboard_has(panels: list[MetricPanel]) -> None:
    """Amazon CloudWatch pricing: three dashboards of up to 50 metrics each are free."""
    assert len({(m.namespace, m.name, m.dimensions) for m in metrics_of(panels)}) <= 50


def test_every_metric_of_aws_is_documented_with_its_dimensions(panels: list[MetricPanel]) -> None:
    """A misspelt one would be an empty graph that nobody notices."""
    others = [metric for metric in metrics_of(panels) if metric.namespace != NAMESPACE]
    assert len({metric.name for metric in others}) > 10
    for metric in others:
        dimensions = tuple(name for name, _ in metric.dimensions)
        assert dimensions in AWS_METRICS[metric.namespace][metric.name], metric


def test_dimensions_name_what_the_stack_deploys(panels: list[MetricPanel], template: dict[str, Any]) -> None:
    """The function, the stream, the table with its index, and the mapping by reference."""
    resources = {name: each["Properties"] for name, each in template["Resources"].items()}
    index = resources["PredictionsTable"]["GlobalSecondaryIndexes"][0]["IndexName"]
    assert {pair for m in metrics_of(panels) if m.namespace != NAMESPACE for pair in m.dimensions} == {
        ("FunctionName", resources["ScorerLambdaFunction"]["FunctionName"]),
        ("StreamName", resources["EventStream"]["Name"]),
        ("TableName", resources["PredictionsTable"]["TableName"]),
        ("GlobalSecondaryIndexName", index),
        ("EventSourceMappingUUID", "${EventSource}"),
    }
    assert "EventSource" in resources


def test_limits_are_drawn_as_numbers(panels: list[MetricPanel]) -> None:
    """CloudWatch refuses an annotation whose value is a text."""
    marks = [mark for panel in panels for mark in panel.annotations]
    assert [mark["value"] for mark in marks] == [ALARM_AT]


def test_cloudformation_fills_in_what_it_alone_knows(text: str) -> None:
    """No variable of the deployment tool is left over."""
    assert set(re.findall(r"\$\{([^}]*)\}", text)) == {"AWS::Region", "EventSource", "Alarms"}


def test_every_alarm_of_the_stack_is_on_it(
    substitution: tuple[str, dict[str, Any]], template: dict[str, Any]
) -> None:
    """Whoever adds an alarm cannot forget it here; one with a condition is there where that holds."""
    text, told = substitution
    assert '"alarms":["${Alarms}"]' in text
    between, arns = told["Alarms"]["Fn::Join"]
    assert between == '","'
    alarms = {
        name: each.get("Condition")
        for name, each in template["Resources"].items()
        if each["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
    }
    assert len(alarms) >= 5
    expected = [
        {"Fn::If": [condition, arn_of(name), {"Ref": "AWS::NoValue"}]} if condition else arn_of(name)
        for name, condition in alarms.items()
    ]
    assert sorted(arns, key=json.dumps) == sorted(expected, key=json.dumps)


def arn_of(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def names_in(node: Node) -> set[str]:
    match node:
        case Name(name):
            return {name}
        case Negative(of):
            return names_in(of)
        case Binary(_, left, right):
            return names_in(left) | names_in(right)
        case Call(function, arguments):
            assert function in supported()
            return set[str]().union(*map(names_in, arguments))
    return set()


def test_expressions_use_what_their_widget_has(panels: list[MetricPanel]) -> None:
    """Ids are CloudWatch's (a small letter first) and unique; what is hidden is used."""
    for panel in panels:
        lines: dict[str, Line] = {line.id: line for line in panel.lines}
        assert len(lines) == len(panel.lines)
        assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*|_\d+", name) for name in lines)
        sources = [line.source for line in panel.lines if isinstance(line.source, str)]
        used = set[str]().union(*(names_in(parse(source)) for source in sources))
        assert used <= set(lines)
        assert {name for name, line in lines.items() if not line.visible} <= used


def test_logs_are_those_of_the_deployed_function(text: str, template: dict[str, Any]) -> None:
    """The group is the one that the template makes."""
    groups = {
        each["Properties"]["LogGroupName"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Logs::LogGroup"
    }
    panels = [w.panel for w in read_definition(text, REGION).widgets if isinstance(w.panel, LogPanel)]
    assert len(panels) == 2
    assert {group for panel in panels for group in panel.groups} <= groups
