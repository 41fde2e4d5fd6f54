"""The alarms of a rendered template, as CloudFormation would make them."""

from __future__ import annotations

from typing import Any

from tests.infra.conditions import Resources

Properties = dict[str, Any]


def of_types(deployed: Resources, *types: str) -> dict[str, Properties]:
    """The properties of all resources of these types, by logical name."""
    return {name: each["Properties"] for name, each in deployed.items() if each["Type"] in types}


def alarms(deployed: Resources) -> dict[str, Properties]:
    """All alarms, metric and composite, by logical name."""
    return of_types(deployed, "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


def metrics(alarm: Properties) -> list[tuple[str, str, dict[str, Any]]]:
    """Namespace, name and dimensions of every metric an alarm looks at; none for a composite alarm."""
    single = [alarm] if "MetricName" in alarm else []
    several = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return [
        (each["Namespace"], each["MetricName"], {d["Name"]: d["Value"] for d in each["Dimensions"]})
        for each in single + several
    ]
