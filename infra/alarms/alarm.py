"""The alarms of a stack as CloudWatch has them: state, what each watches, and its section of the runbook."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.errors import AlarmError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

IN_ALARM, INSUFFICIENT_DATA = "ALARM", "INSUFFICIENT_DATA"
RUNBOOK = " Runbook: "  # separates the two halves of every AlarmDescription of alarms.yml
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": "≥",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `name` is without the stack's name, by which people speak of it."""

    name: str
    full_name: str
    state: str  # OK, ALARM or INSUFFICIENT_DATA
    since: str  # UTC, ISO 8601, whole seconds; empty where CloudWatch does not say
    reason: str
    means: str
    runbook: str  # empty where the description names none
    watches: str  # for people
    threshold: float | None  # None of a composite alarm
    topics: tuple[str, ...]  # ARNs of those told when it goes into ALARM; none where its actions are off
    composite: bool


def read_alarms(client: "CloudWatchClient", stack: str) -> list[Alarm]:
    """All alarms of a stack, those in ALARM first, then by name; the empty list where it has none."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stack}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found: list[Alarm] = []
    for page in pages:
        found += [_alarm(each, stack, _metric(each)) for each in page.get("MetricAlarms", [])]
        found += [_alarm(each, stack, _rule(each, stack)) for each in page.get("CompositeAlarms", [])]
    return sorted(found, key=lambda alarm: (alarm.state != IN_ALARM, alarm.name))


def choose(alarms: Sequence[Alarm], names: Iterable[str]) -> list[Alarm]:
    """The alarms of these names, with or without the stack's; all of them where none is named.

    Raises AlarmError for a name that none has, with those there are.
    """
    wanted = list(dict.fromkeys(names))
    known = {name: alarm for alarm in alarms for name in (alarm.name, alarm.full_name)}
    if unknown := [name for name in wanted if name not in known]:
        there_are = ", ".join(alarm.name for alarm in alarms)
        raise AlarmError(f"no alarm {unknown[0]!r}: there are {there_are}")
    return list(dict.fromkeys(known[name] for name in wanted)) if wanted else list(alarms)


def _alarm(described: Mapping[str, Any], stack: str, watches: str) -> Alarm:
    means, _, runbook = (described.get("AlarmDescription") or "").partition(RUNBOOK)
    actions = described.get("AlarmActions") or []
    return Alarm(
        name=described["AlarmName"].removeprefix(f"{stack}-"),
        full_name=described["AlarmName"],
        state=described["StateValue"],
        since=_instant(described.get("StateTransitionedTimestamp") or described.get("StateUpdatedTimestamp")),
        reason=described.get("StateReason") or "",
        means=means,
        runbook=runbook.strip(),
        watches=watches,
        threshold=described.get("Threshold"),
        topics=tuple(a for a in actions if ":sns:" in a) if described.get("ActionsEnabled", True) else (),
        composite="AlarmRule" in described,
    )


def _instant(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _metric(alarm: Mapping[str, Any]) -> str:
    """`Errors Sum ≥ 1, 3 of 5 × 60 s`."""
    periods = alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm") or periods
    times = f"{periods}" if needed == periods else f"{needed} of {periods}"
    period = alarm.get("Period") or _period_of(alarm)
    sign = COMPARISONS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
    limit = f"{sign} {_number(alarm['Threshold'])}"
    return f"{_measured(alarm)} {limit}, {times} × {period} s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,}"


def _measured(alarm: Mapping[str, Any]) -> str:
    if alarm.get("MetricName"):
        return f"{alarm['MetricName']} {alarm.get('ExtendedStatistic') or alarm.get('Statistic')}"
    (returned,) = (query for query in alarm["Metrics"] if query.get("ReturnData", True))
    return str(returned.get("Label") or returned.get("Expression") or returned["Id"])


def _period_of(alarm: Mapping[str, Any]) -> int:
    return max(int(query["MetricStat"]["Period"]) for query in alarm["Metrics"] if "MetricStat" in query)


def _rule(alarm: Mapping[str, Any], stack: str) -> str:
    """`iterator-age or errors in ALARM`, from ALARM("…") OR ALARM("…"); any other rule as it is."""
    rule: str = alarm["AlarmRule"]
    names = re.findall(r'ALARM\("?([^")]+)"?\)', rule)
    if re.sub(r'ALARM\("?[^")]+"?\)|OR|\s', "", rule):
        return rule
    return f"{' or '.join(name.removeprefix(f'{stack}-') for name in names)} in ALARM"
