"""The alarms of a rendered template, as CloudFormation would make them."""

from __future__ import annotations

from typing import Any

Resource = dict[str, Any]


def holds(template: dict[str, Any], condition: Any) -> bool:
    """Whether a condition is true; its values are constants once a template is rendered."""
    if "Condition" in condition:
        return holds(template, template["Conditions"][condition["Condition"]])
    ((function, arguments),) = condition.items()
    if function == "Fn::Not":
        return not holds(template, arguments[0])
    if function == "Fn::And":
        return all(holds(template, each) for each in arguments)
    assert function == "Fn::Equals"
    left, right = (str(each) for each in arguments)
    return left == right


def chosen(template: dict[str, Any], value: Any) -> Any:
    """The branch of an Fn::If that counts; anything else as it is."""
    if not (isinstance(value, dict) and "Fn::If" in value):
        return value
    name, yes, no = value["Fn::If"]
    return yes if holds(template, template["Conditions"][name]) else no


def present(template: dict[str, Any], *kinds: str) -> dict[str, Resource]:
    """The properties of all resources of these types that are made, by logical name."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
        and ("Condition" not in resource or holds(template, {"Condition": resource["Condition"]}))
    }


def alarms(template: dict[str, Any]) -> dict[str, Resource]:
    """All alarms that are made, metric and composite, by logical name."""
    return present(template, "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


def metrics(alarm: Resource) -> list[tuple[str, str, dict[str, Any]]]:
    """Namespace, name and dimensions of every metric an alarm looks at; none for a composite alarm."""
    single = [alarm] if "MetricName" in alarm else []
    several = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
    return [
        (each["Namespace"], each["MetricName"], {d["Name"]: d["Value"] for d in each["Dimensions"]})
        for each in single + several
    ]
