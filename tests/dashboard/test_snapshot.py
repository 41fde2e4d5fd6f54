"""A dashboard that CloudWatch holds becomes one document with everything that a page draws."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.dashboard.definition import Metric
from infra.dashboard.errors import DashboardError
from infra.dashboard.metric_data import Wanted, fetch
from infra.dashboard.series import Window
from infra.dashboard.snapshot import Deployed
from tests.dashboard.fakes import NOW, STACK, FakeCloudWatch, FakeLogs, refused

HOUR = 3600


def graph(*metrics: list[Any], **properties: Any) -> dict[str, Any]:
    shown = {"title": "A graph", "stat": "Sum", "period": 60, "metrics": list(metrics), **properties}
    return {"type": "metric", "x": 0, "y": 1, "width": 12, "height": 6, "properties": shown}


def body(*widgets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"widgets": list(widgets), **more}


def deployed(cloudwatch: FakeCloudWatch, logs: FakeLogs | None = None, **settings: Any) -> Deployed:
    return Deployed(
        stage="dev",
        stack=STACK,
        cloudwatch=cloudwatch,  # type: ignore[arg-type]
        logs=logs or FakeLogs(),  # type: ignore[arg-type]
        model=lambda: None,
        train_command="churn train",
        publish_command="churn publish FILE",
        log_seconds=60.0,
        **settings,
    )


def only_widget(cloudwatch: FakeCloudWatch, logs: FakeLogs | None = None) -> dict[str, Any]:
    (widget,) = deployed(cloudwatch, logs).snapshot(HOUR, NOW)["widgets"]
    return dict(widget)


WRITTEN = ["ChurnStream", "EventsWritten", "service", STACK]
SHARE = graph(
    [{"expression": "100 * rejected / received", "label": "share", "id": "share"}],
    ["ChurnStream", "EventsReceived", "service", STACK, {"id": "received", "visible": False}],
    [".", "EventsRejected", ".", ".", {"id": "rejected", "visible": False}],
)


def test_metrics_and_expressions_become_lines() -> None:
    """Values in the order of time whatever the pages' order, hidden metrics only inside of expressions."""
    cloudwatch = FakeCloudWatch(body(SHARE), {"EventsReceived": [10, 20, 40], "EventsRejected": [1, 1, 1]})
    widget = only_widget(cloudwatch)
    assert (widget["type"], widget["title"], widget["width"], widget["complaints"]) == (
        "timeSeries",
        "A graph",
        12,
        [],
    )
    (line,) = widget["lines"]
    assert (line["label"], line["values"]) == ("share", [10, 5, 2.5])
    assert line["times"] == sorted(line["times"])


@pytest.mark.parametrize(("written", "scored"), [([], False), ([0, 0], False), ([0, 3], True)])
def test_it_knows_whether_anything_was_scored(written: list[float], scored: bool) -> None:
    """Not by whether there are metrics: a scorer without a model counts what it receives, too."""
    cloudwatch = FakeCloudWatch(
        body(SHARE, graph(WRITTEN)), {"EventsReceived": [5], "EventsWritten": written}
    )
    assert deployed(cloudwatch).snapshot(HOUR, NOW)["scored"] is scored


def test_a_metric_is_asked_for_once_however_often_it_is_drawn() -> None:
    """CloudWatch is paid by the metric asked for."""
    cloudwatch = FakeCloudWatch(body(SHARE, SHARE, graph(WRITTEN)), {})
    deployed(cloudwatch).snapshot(HOUR, NOW)
    (request,) = cloudwatch.requests
    assert len(request["MetricDataQueries"]) == 3


def test_single_values_are_of_the_whole_time() -> None:
    """One period that holds all of it, where the definition says so."""
    widget = graph(WRITTEN, view="singleValue", setPeriodToTimeRange=True)
    cloudwatch = FakeCloudWatch(body(widget), {"EventsWritten": [3]})
    assert only_widget(cloudwatch)["type"] == "singleValue"
    (query,) = cloudwatch.requests[0]["MetricDataQueries"]
    assert query["MetricStat"]["Period"] > HOUR


def test_a_wrong_expression_spoils_only_its_line() -> None:
    """The widget says what is wrong, and draws the rest."""
    widget = only_widget(
        FakeCloudWatch(
            body(graph([{"expression": "SEARCH('x', 'Sum')", "label": "found"}], WRITTEN)),
            {"EventsWritten": [1]},
        )
    )
    assert [len(line["values"]) for line in widget["lines"]] == [0, 1]
    (complaint,) = widget["complaints"]
    assert complaint.startswith("found: SEARCH is not supported here")


def test_what_only_cloudwatch_can_evaluate_is_asked_there() -> None:
    """With the panel's other lines, which it may use; a search has several series with their own labels."""
    searching = graph(WRITTEN, [{"expression": "SEARCH('x', 'Sum')", "id": "found"}])
    cloudwatch = FakeCloudWatch(body(searching), {"EventsWritten": [1]}, searched={"one": 1.0, "two": 2.0})
    widget = only_widget(cloudwatch)
    assert [(line["label"], line["values"]) for line in widget["lines"]] == [
        ("EventsWritten", [1]), ("one", [1.0]), ("two", [2.0]),
    ]  # fmt: skip
    assert widget["complaints"] == []
    asked = {query["Id"]: query["ReturnData"] for query in cloudwatch.requests[-1]["MetricDataQueries"]}
    assert asked == {"line_0": False, "found": True}


def test_what_cloudwatch_could_not_answer_is_said() -> None:
    """A metric whose status is an error has no values, and says so."""
    widget = only_widget(FakeCloudWatch(body(graph(WRITTEN)), {}, status="Forbidden"))
    assert widget["complaints"] == ["EventsWritten: CloudWatch gave no values: Forbidden"]


def test_alarms_are_shown_in_any_state() -> None:
    """Metric and composite alarms by the name in their ARN, and those that are not there as missing."""
    arn = "arn:aws:cloudwatch:us-east-1:1:alarm:"
    alarms = {"type": "alarm", "properties": {"alarms": [arn + name for name in ("a", "b", "gone")]}}
    widget = only_widget(FakeCloudWatch(body(alarms), alarms={"a": "OK", "b": "ALARM"}))
    assert [(each["name"], each["state"]) for each in widget["alarms"]] == [
        ("a", "OK"), ("b", "ALARM"), ("gone", "MISSING"),
    ]  # fmt: skip


LOG = {
    "type": "log",
    "properties": {"query": "SOURCE '/aws/lambda/f' | fields @timestamp, version | limit 5"},
}


def test_log_rows_have_the_fields_of_json_lines() -> None:
    """Also where the endpoint finds only the line: what it left empty is looked up there."""
    line = json.dumps({"message": "model loaded", "version": "v1"})
    logs = FakeLogs([{"@timestamp": "2026-11-20 10:00:00.000", "version": "", "@message": line, "@ptr": "x"}])
    widget = only_widget(FakeCloudWatch(body(LOG)), logs)
    assert widget["columns"] == ["@timestamp", "version"]
    assert widget["rows"] == [["2026-11-20 10:00:00.000", "v1"]]
    (query,) = logs.queries
    assert query["logGroupNames"] == ["/aws/lambda/f"]
    assert "SOURCE" not in query["queryString"]


def test_log_queries_are_not_repeated_at_once() -> None:
    """They are paid by the bytes they read, so rows are good for a while."""
    logs = FakeLogs()
    read = deployed(FakeCloudWatch(body(LOG)), logs)
    for now in (NOW, NOW + 59, NOW + 61):
        read.snapshot(HOUR, now)
    assert len(logs.queries) == 2


@pytest.mark.parametrize(
    ("logs", "says"),
    [
        (FakeLogs(answers=["Failed"]), "the log query did not finish: Failed"),
        (FakeLogs(error=refused("ResourceNotFoundException", "StartQuery", "no log group")), "no log group"),
    ],
)
def test_a_log_that_cannot_be_read_spoils_only_its_panel(logs: FakeLogs, says: str) -> None:
    """The log group of a function that never ran is not there yet."""
    assert only_widget(FakeCloudWatch(body(LOG)), logs)["complaints"] == [says]


def test_a_stack_without_a_dashboard_is_one_line() -> None:
    """Whoever deployed before there was one has to deploy again; any other refusal stays what it is."""
    with pytest.raises(
        DashboardError, match="stack churn-telco-dev has no dashboard of its name in this region"
    ):
        deployed(FakeCloudWatch(None)).snapshot(HOUR, NOW)
    with pytest.raises(ClientError):
        deployed(FakeCloudWatch(None, error=refused("ExpiredToken", "GetDashboard"))).snapshot(HOUR, NOW)


def test_more_metrics_than_a_request_takes_are_asked_for_in_several() -> None:
    """The fake refuses more than 500, as GetMetricData does."""
    seen = Window(0, 600, 60)
    wanted = [Wanted(Metric("A", f"m{n}", (), "Sum"), seen) for n in range(501)]
    cloudwatch = FakeCloudWatch()
    assert len(fetch(cloudwatch, wanted).series) == 501  # type: ignore[arg-type]
    assert [len(request["MetricDataQueries"]) for request in cloudwatch.requests] == [500, 1]
