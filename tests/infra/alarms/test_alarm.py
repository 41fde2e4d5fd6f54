"""What is said of an alarm, and how people name one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.alarms.alarm import choose, read_alarms
from infra.errors import AlarmError
from tests.infra.alarms.fake_cloudwatch import alarm

TOPIC = "arn:aws:sns:us-east-1:000000000000:s-alarms"
METRIC: dict[str, Any] = {
    "AlarmName": "churn-telco-dev-errors",
    "AlarmDescription": "It raises. Runbook: https://example.com/runbook.md#errors",
    "StateValue": "OK",
    "StateUpdatedTimestamp": datetime(2026, 11, 20, 10, 0, 1, 500, UTC),
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "AlarmActions": [TOPIC, "arn:aws:automate:us-east-1:ec2:stop"],
}
SHARE: dict[str, Any] = {
    "AlarmName": "churn-telco-dev-rejected",
    "StateValue": "ALARM",
    "Metrics": [
        {"Id": "share", "Label": "Events rejected (%)", "Expression": "a / b", "ReturnData": True},
        {"Id": "a", "MetricStat": {"Period": 300}, "ReturnData": False},
    ],
    "EvaluationPeriods": 1,
    "Threshold": 2.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "ActionsEnabled": False,
    "AlarmActions": [TOPIC],
}
PAGE: dict[str, Any] = {
    "AlarmName": "churn-telco-dev-page",
    "StateValue": "OK",
    "AlarmRule": 'ALARM("churn-telco-dev-errors") OR ALARM("churn-telco-dev-lost")',
    "AlarmActions": [TOPIC],
}


class Described:
    """DescribeAlarms in two pages; `asked` is what it was asked for."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: dict[str, Any] = {}

    def get_paginator(self, name: str) -> Described:
        assert name == "describe_alarms"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.asked = asked
        return list(self.pages)


def test_alarms_of_all_kinds_and_pages_are_read() -> None:
    """Those in ALARM come first; composite alarms, which must be asked for, are among them."""
    client = Described({"MetricAlarms": [METRIC]}, {"MetricAlarms": [SHARE], "CompositeAlarms": [PAGE]})
    found = read_alarms(client, "churn-telco-dev")  # type: ignore[arg-type]
    assert [each.name for each in found] == ["rejected", "errors", "page"]
    assert [each.composite for each in found] == [False, False, True]
    assert client.asked["AlarmNamePrefix"] == "churn-telco-dev-"  # not of churn-telco-devtwo
    assert set(client.asked["AlarmTypes"]) == {"MetricAlarm", "CompositeAlarm"}


def test_what_an_alarm_watches_is_one_line() -> None:
    """A metric with its statistic, metric math by its label, a rule by its alarms."""
    client = Described({"MetricAlarms": [METRIC, SHARE], "CompositeAlarms": [PAGE]})
    found = {each.name: each for each in read_alarms(client, "churn-telco-dev")}  # type: ignore[arg-type]
    assert found["errors"].watches == "Errors Sum ≥ 1, 3 of 5 × 60 s"
    assert found["rejected"].watches == "Events rejected (%) > 2.5, 1 × 300 s"
    assert found["page"].watches == "errors or lost in ALARM"
    cost = {**METRIC, "Threshold": 1e6, "ExtendedStatistic": "p99"}
    (read,) = read_alarms(Described({"MetricAlarms": [cost]}), "churn-telco-dev")  # type: ignore[arg-type]
    assert read.watches == "Errors p99 ≥ 1,000,000, 3 of 5 × 60 s"
    rule = {**PAGE, "AlarmRule": "NOT ALARM(churn-telco-dev-lost)"}
    (read,) = read_alarms(Described({"CompositeAlarms": [rule]}), "churn-telco-dev")  # type: ignore[arg-type]
    assert read.watches == "NOT ALARM(churn-telco-dev-lost)"


def test_the_description_ends_with_the_runbook() -> None:
    """Meaning and link are told apart; an alarm that somebody made by hand has neither."""
    client = Described({"MetricAlarms": [METRIC, SHARE]})
    found = {each.name: each for each in read_alarms(client, "churn-telco-dev")}  # type: ignore[arg-type]
    assert (found["errors"].means, found["errors"].runbook) == (
        "It raises.", "https://example.com/runbook.md#errors",
    )  # fmt: skip
    assert found["errors"].since == "2026-11-20T10:00:01+00:00"
    assert (found["rejected"].means, found["rejected"].runbook, found["rejected"].since) == ("", "", "")


def test_only_topics_that_would_be_told_count() -> None:
    """Not what an alarm does besides, and none where its actions are disabled."""
    client = Described({"MetricAlarms": [METRIC, SHARE]})
    found = {each.name: each for each in read_alarms(client, "churn-telco-dev")}  # type: ignore[arg-type]
    assert found["errors"].topics == (TOPIC,)
    assert found["rejected"].topics == ()


def test_an_alarm_is_named_with_or_without_its_stack() -> None:
    """Named twice it is chosen once; no name chooses all; a wrong one is told with those there are."""
    alarms = [alarm("errors"), alarm("lost")]
    assert choose(alarms, ["lost", "s-lost"]) == [alarms[1]]
    assert choose(alarms, []) == alarms
    with pytest.raises(AlarmError, match=r"^no alarm 'eror': there are errors, lost$"):
        choose(alarms, ["errors", "eror"])
