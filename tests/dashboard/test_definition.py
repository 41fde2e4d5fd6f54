"""A dashboard's body is read as CloudWatch documents it, or refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.dashboard.definition import Metric, MetricPanel, Unknown, read_definition
from infra.dashboard.errors import DashboardError
from tests.dashboard.fakes import REGION, FakeCloudWatch
from tests.dashboard.test_snapshot import WRITTEN, body, graph, only_widget


def test_short_forms_are_written_out() -> None:
    """A dot is the word above, three dots are all the words above that are not given."""
    shown = graph(["AWS/Lambda", "Errors", "FunctionName", "f"], [".", "Throttles", ".", "."], ["...", "g"])
    panel = read_definition(json.dumps(body(shown)), REGION).widgets[0].panel
    assert isinstance(panel, MetricPanel)
    assert [line.source for line in panel.lines] == [
        Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),), "Sum"),
        Metric("AWS/Lambda", "Throttles", (("FunctionName", "f"),), "Sum"),
        Metric("AWS/Lambda", "Throttles", (("FunctionName", "g"),), "Sum"),
    ]


@pytest.mark.parametrize(
    "widget", [{"type": "explorer"}, graph(WRITTEN, view="gauge"), graph(WRITTEN, region="us-west-2")]
)
def test_what_is_not_drawn_says_so(widget: dict[str, Any]) -> None:
    """A widget of another kind or of another region keeps its place, and names the console."""
    panel = read_definition(json.dumps(body(widget)), REGION).widgets[0].panel
    assert isinstance(panel, Unknown)
    assert "CloudWatch console" in panel.reason
    assert only_widget(FakeCloudWatch(body(widget)))["complaints"] == [panel.reason]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"widgets": [{}]}', '{"widgets": 3}', '{"widgets": [{"type": "log"}]}']
)
def test_a_body_that_is_no_definition_is_one_line(text: str) -> None:
    """It says what was missing and what to do."""
    with pytest.raises(
        DashboardError, match=r"^the dashboard's body is no definition \(.*deploy the stack again$"
    ):
        read_definition(text, REGION)
