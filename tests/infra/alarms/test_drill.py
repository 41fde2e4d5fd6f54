"""Alarms are set off, heard and set back, whatever comes between."""

from __future__ import annotations

from typing import Any

import pytest

from infra.alarms.alarm import Alarm
from infra.alarms.drill import Delivery, run_drill
from infra.alarms.mailbox import Notice
from tests.infra.alarms.fake_cloudwatch import FakeCloudWatch, alarm


def drill(alarms: list[Alarm], **settings: Any) -> tuple[FakeCloudWatch, list[Delivery]]:
    cloudwatch = FakeCloudWatch({each.full_name: each.state for each in alarms}, **settings)
    return cloudwatch, run(cloudwatch, alarms)


def run(cloudwatch: FakeCloudWatch, alarms: list[Alarm]) -> list[Delivery]:
    return run_drill(
        alarms,
        cloudwatch=cloudwatch,  # type: ignore[arg-type]
        mailbox=cloudwatch,  # type: ignore[arg-type]
        wait_seconds=5,
        clock=lambda: cloudwatch.clock,
    )


def test_each_alarm_is_heard_and_has_its_state_again() -> None:
    """Also the one that had no data; how long each took is told in milliseconds."""
    cloudwatch, found = drill([alarm("errors"), alarm("lost", "INSUFFICIENT_DATA")])
    assert [(each.name, each.arrived) for each in found] == [("errors", True), ("lost", True)]
    assert found[0].milliseconds == 250  # what setting the state takes here
    assert cloudwatch.states == {"s-errors": "OK", "s-lost": "INSUFFICIENT_DATA"}


def test_an_alarm_that_is_in_alarm_tells_again() -> None:
    """Only a change is told, so it leaves ALARM for a moment, into a state that tells nobody."""
    cloudwatch, (found,) = drill([alarm("errors", "ALARM")])
    assert found.arrived
    assert cloudwatch.told == [Notice("s-errors", "INSUFFICIENT_DATA"), Notice("s-errors", "ALARM")]
    assert cloudwatch.states == {"s-errors": "ALARM"}


def test_a_pager_goes_off_once() -> None:
    """The composite alarm comes first and stays until those it is made of are back; then it is back."""
    alarms = [alarm("errors"), alarm("lost"), alarm("page", composite=True)]
    cloudwatch, found = drill(alarms, children={"s-page": {"s-errors", "s-lost"}})
    assert all(each.arrived for each in found)
    assert [notice.alarm for notice in cloudwatch.told if notice.state == "ALARM"] == [
        "s-page", "s-errors", "s-lost",
    ]  # fmt: skip
    assert set(cloudwatch.states.values()) == {"OK"}


def test_what_does_not_arrive_is_said_and_keeps_nothing_in_alarm() -> None:
    """One is deaf and one tells nobody; the third is heard all the same."""
    alarms = [alarm("errors"), alarm("lost"), alarm("cost", topics=())]
    cloudwatch, found = drill(alarms, deaf={"s-lost"})
    assert [each.arrived for each in found] == [True, False, False]
    assert found[1].problem == "nothing arrived within 5 s"
    assert found[2].problem == "it has no topic to tell, or its actions are disabled"
    assert cloudwatch.clock < 10
    assert "s-cost" not in {notice.alarm for notice in cloudwatch.told}  # why set off what nobody would hear
    assert set(cloudwatch.states.values()) == {"OK"}


def test_only_going_off_counts() -> None:
    """That it left ALARM for a moment is told as well here, but proves nothing of the pager."""
    cloudwatch, (found,) = drill([alarm("errors", "ALARM")], deaf={"s-errors"})
    assert Notice("s-errors", "INSUFFICIENT_DATA") in cloudwatch.told
    assert not found.arrived


@pytest.mark.parametrize("receives", [0, 1, 3])
def test_ctrl_c_leaves_no_alarm_as_it_is_not(receives: int) -> None:
    """Whenever it comes: while they are set off, or while their notifications are waited for."""
    alarms = [alarm("errors"), alarm("lost", "ALARM")]
    cloudwatch = FakeCloudWatch(
        {"s-errors": "OK", "s-lost": "ALARM"}, deaf={"s-lost"}, interrupt_after=receives
    )
    with pytest.raises(KeyboardInterrupt):
        run(cloudwatch, alarms)
    assert cloudwatch.states == {"s-errors": "OK", "s-lost": "ALARM"}


def test_where_one_cannot_be_set_back_the_others_are() -> None:
    """And the reason is not swallowed."""
    alarms = [alarm("cost"), alarm("errors"), alarm("lost")]
    cloudwatch = FakeCloudWatch({each.full_name: "OK" for each in alarms}, refuses_to_set_back={"s-errors"})
    with pytest.raises(ConnectionError, match="s-errors"):
        run(cloudwatch, alarms)
    assert cloudwatch.states == {"s-cost": "OK", "s-errors": "ALARM", "s-lost": "OK"}
