"""The dashboard of the deployed stack, with the scorer's own metric lines, on the embedded AWS."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from infra.local.companions import EXTRACT_EVERY_SECONDS
from infra.local.embedded_metrics import metrics_in
from infra.local.stage import LocalStage
from scorer.metrics import METRIC_UNITS, emit
from tests.commands import Shell

pytestmark = pytest.mark.emulator

LATENCIES_MS = [float(n * n) for n in range(1, 41)]
ENDS = "Every event received ends as one of these"
PUBLISHED = {
    "EventsReceived": 60.0,
    "EventsWritten": 40.0,
    "EventsCollapsed": 10.0,
    "EventsRejected": 6.0,
    "EventsRetried": 4.0,
    "HighRisk": 8.0,
    "MediumRisk": 12.0,
    "ProbabilitySum": 14.0,
    "RejectedBadJson": 6.0,
}


@pytest.fixture(scope="module")
def shell(local_aws: LocalStage, local_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Commands that talk to the session's stage."""
    return Shell(tmp_path_factory.mktemp("dashboard"), local_directory)


@pytest.fixture(scope="module")
def before(shell: Shell) -> Any:
    """What the dashboard said before anything of this test was published, and after what others did."""
    found = shell.json("dashboard --since 15m")
    while shown(found, ENDS) != shown(now := shell.json("dashboard --since 15m"), ENDS):
        found = now
        time.sleep(EXTRACT_EVERY_SECONDS)
    return now


@pytest.fixture(scope="module")
def after(shell: Shell, before: Any, local_aws: LocalStage) -> Any:
    """What it says after the scorer's line has become metrics."""
    lines: list[str] = []
    values = {name: [value] for name, value in PUBLISHED.items()} | {"EndToEndMillis": LATENCIES_MS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda text, **_: lines.append(str(text)))
        emit(local_aws.stack, values)
    (line,) = lines
    cloudwatch = boto3.client("cloudwatch", **local_aws.client_arguments())
    for metric in metrics_in(line):
        cloudwatch.put_metric_data(Namespace=metric.namespace, MetricData=[metric.datum])
    return shell.json("dashboard --since 15m")


def shown(document: Any, title: str) -> dict[str, list[float]]:
    """The values of a panel's lines by their labels."""
    (widget,) = (each for each in document["widgets"] if each["title"] == title)
    assert widget["complaints"] == []
    return {line["label"]: line["values"] for line in widget["lines"]}


def added(before: Any, after: Any, title: str, label: str) -> float:
    return sum(shown(after, title)[label]) - sum(shown(before, title)[label])


def test_the_deployed_definition_is_shown_whole(before: Any, local_aws: LocalStage) -> None:
    """Nothing of it is refused or not understood, whatever it holds."""
    assert before["stack"] == local_aws.stack
    assert len(before["widgets"]) > 20
    wrong = [
        each for each in before["widgets"] if each["type"] not in ("text", "log") and each.get("complaints")
    ]
    assert wrong == []
    (alarms,) = (each["alarms"] for each in before["widgets"] if each["type"] == "alarm")
    assert len([alarm for alarm in alarms if alarm["state"] != "MISSING"]) >= 5


def test_what_was_published_is_shown(before: Any, after: Any) -> None:
    """The five ends of an event, the bands with low from metric math, and the reasons of rejections."""
    assert after["scored"] is True
    assert added(before, after, ENDS, "written") == 40
    assert added(before, after, ENDS, "collapsed into a newer one") == 10
    assert added(before, after, ENDS, "rejected") == 6
    assert added(before, after, ENDS, "retried") == 4
    assert added(before, after, "Scores by risk band", "low") == 20
    assert added(before, after, "Scores by risk band", "medium") == 12
    assert added(before, after, "Rejected, by reason", "not JSON") == 6


def test_percentiles_are_of_every_value_in_an_array(before: Any, after: Any) -> None:
    """As long as nothing else is measured in this quarter of an hour, they are those of the values."""
    (widget,) = (each for each in before["widgets"] if each["title"] == "From event to readable score")
    if any(line["values"] for line in widget["lines"]):
        assert all(values for values in shown(after, "From event to readable score").values())
        return
    found = {label: values[-1] for label, values in shown(after, "From event to readable score").items()}
    assert found["p50"] == pytest.approx(statistics.median(LATENCIES_MS))
    assert found["p95"] == pytest.approx(np.percentile(LATENCIES_MS, 95))
    assert found["p99"] == pytest.approx(np.percentile(LATENCIES_MS, 99))


def test_single_values_are_of_the_whole_time(after: Any) -> None:
    """Whichever way the endpoint aligns periods: the sum of the minutes is the single value."""
    minutes = sum(shown(after, "Every event received ends as one of these")["written"])
    assert shown(after, "In the time shown")["Scores written"] == [minutes]


def test_every_metric_of_the_scorer_can_be_published_under_its_name() -> None:
    """What the test above publishes is what the scorer emits."""
    assert set(PUBLISHED) <= set(METRIC_UNITS)


def test_a_stack_without_a_dashboard_is_one_line(shell: Shell, local_aws: LocalStage) -> None:
    """With what to do; and the dashboard is there again for the others."""
    cloudwatch = boto3.client("cloudwatch", **local_aws.client_arguments())
    body = cloudwatch.get_dashboard(DashboardName=local_aws.stack)["DashboardBody"]
    cloudwatch.delete_dashboards(DashboardNames=[local_aws.stack])
    try:
        done = shell.run("dashboard --json")
    finally:
        cloudwatch.put_dashboard(DashboardName=local_aws.stack, DashboardBody=body)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"churn: stack {local_aws.stack} has no dashboard")
    assert done.stderr.count("\n") == 1
