"""The states of alarms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

MAX_NAMES = 100  # of one DescribeAlarms request
MISSING = "MISSING"


class AlarmState(TypedDict):
    """One alarm; `state` is OK, ALARM, INSUFFICIENT_DATA, or MISSING where there is no such alarm."""

    name: str
    state: str
    since: int | None  # epoch seconds
    reason: str
    description: str


def alarm_states(client: CloudWatchClient, names: Iterable[str]) -> dict[str, AlarmState]:
    """The state of every name, metric and composite alarms alike. Raises what botocore raises."""
    wanted = list(dict.fromkeys(names))
    states: dict[str, AlarmState] = {
        name: {"name": name, "state": MISSING, "since": None, "reason": "", "description": ""}
        for name in wanted
    }
    for begin in range(0, len(wanted), MAX_NAMES):
        answer = client.describe_alarms(
            AlarmNames=wanted[begin : begin + MAX_NAMES],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            MaxRecords=MAX_NAMES,
        )
        for found in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
            changed = found.get("StateUpdatedTimestamp")
            states[found["AlarmName"]] = {
                "name": found["AlarmName"],
                "state": found.get("StateValue", "INSUFFICIENT_DATA"),
                "since": int(changed.timestamp()) if changed else None,
                "reason": found.get("StateReason", ""),
                "description": found.get("AlarmDescription", ""),
            }
    return states
