"""Prove that alarms are heard: set each into ALARM, wait for its notification, set it back."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.alarms.alarm import IN_ALARM, INSUFFICIENT_DATA, Alarm
from infra.alarms.mailbox import Mailbox

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.literals import StateValueType

POLL_SECONDS = 1
REASON = "This is a test (churn alarms test): nothing is wrong"
OVER = "The test (churn alarms test) is over; this is the state from before it"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether an alarm's notification reached the topic's subscribers, and after how long at most."""

    name: str
    milliseconds: int | None  # None where it did not arrive
    problem: str = ""

    @property
    def arrived(self) -> bool:
        """It did."""
        return self.milliseconds is not None


def run_drill(
    alarms: Sequence[Alarm],
    *,
    cloudwatch: "CloudWatchClient",
    mailbox: Mailbox,
    wait_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[Delivery]:
    """Set every alarm into ALARM and wait up to `wait_seconds` after the last for its notification.

    Composite alarms first: the others take them along, and what is in ALARM already tells nobody again.
    Every alarm has its former state again however this ends; where that has changed meanwhile, CloudWatch
    finds so at its next evaluation.
    """
    told = [alarm for alarm in alarms if alarm.topics]
    asked: dict[str, float] = {}
    arrived: dict[str, float] = {}

    def take(wait: int) -> None:
        for notice in mailbox.receive(wait):
            if notice.state == IN_ALARM and notice.alarm in asked:
                arrived.setdefault(notice.alarm, clock())

    with _set_back_after(cloudwatch) as set_back:
        for alarm in sorted(told, key=lambda each: not each.composite):
            set_back(alarm)
            asked[alarm.full_name] = clock()
            set_into_alarm(cloudwatch, alarm)
            take(0)
        give_up = clock() + wait_seconds
        while len(arrived) < len(told) and clock() < give_up:
            take(POLL_SECONDS)
    return [_delivery(alarm, asked, arrived, wait_seconds) for alarm in alarms]


def set_into_alarm(cloudwatch: "CloudWatchClient", alarm: Alarm) -> None:
    """Only a change of state is told, so an alarm that is in ALARM leaves it for a moment, telling nobody."""
    if alarm.state == IN_ALARM:
        _set(cloudwatch, alarm, INSUFFICIENT_DATA, REASON)
    _set(cloudwatch, alarm, IN_ALARM, REASON)


@contextmanager
def _set_back_after(cloudwatch: "CloudWatchClient") -> Iterator[Callable[[Alarm], None]]:
    """Gives a function that notes an alarm to be set back; all are tried, also where one fails."""
    with ExitStack() as undo:

        def note(alarm: Alarm) -> None:
            undo.callback(_set, cloudwatch, alarm, alarm.state, OVER)

        yield note


def _set(cloudwatch: "CloudWatchClient", alarm: Alarm, state: str, reason: str) -> None:
    value: StateValueType = state  # type: ignore[assignment]
    cloudwatch.set_alarm_state(AlarmName=alarm.full_name, StateValue=value, StateReason=reason)


def _delivery(
    alarm: Alarm, asked: dict[str, float], arrived: dict[str, float], wait_seconds: float
) -> Delivery:
    if not alarm.topics:
        return Delivery(alarm.name, None, "it has no topic to tell, or its actions are disabled")
    if alarm.full_name not in arrived:
        return Delivery(alarm.name, None, f"nothing arrived within {wait_seconds:g} s")
    return Delivery(alarm.name, round((arrived[alarm.full_name] - asked[alarm.full_name]) * 1000))
