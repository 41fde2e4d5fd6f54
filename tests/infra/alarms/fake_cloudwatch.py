"""CloudWatch's alarms, an SNS topic and the queue that hears it, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.alarms.alarm import Alarm
from infra.alarms.mailbox import Notice

STATES = {"OK", "ALARM", "INSUFFICIENT_DATA"}


def alarm(
    name: str, state: str = "OK", *, composite: bool = False, topics: tuple[str, ...] = ("topic",)
) -> Alarm:
    """An alarm of stack `s`."""
    return Alarm(
        name=name,
        full_name=f"s-{name}",
        state=state,
        since="",
        reason="",
        means="",
        runbook="",
        watches="",
        threshold=1.0,
        topics=topics,
        composite=composite,
    )


@dataclass
class FakeCloudWatch:
    """Tells of changes of state and of nothing else, and takes composite alarms along, as CloudWatch does."""

    states: dict[str, str]
    children: dict[str, set[str]] = field(default_factory=dict)  # composite alarm to those it is made of
    deaf: set[str] = field(default_factory=set)  # alarms of which nobody hears that they went off
    refuses_to_set_back: set[str] = field(default_factory=set)
    told: list[Notice] = field(default_factory=list)
    waiting: list[Notice] = field(default_factory=list)
    clock: float = 0.0
    interrupt_after: int = 1000  # receives

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        assert StateValue in STATES
        assert StateReason
        self.clock += 0.25
        if AlarmName in self.refuses_to_set_back and "over" in StateReason:
            raise ConnectionError(AlarmName)
        self._change(AlarmName, StateValue)
        for parent, members in self.children.items():
            if AlarmName in members:
                into = "ALARM" if any(self.states[each] == "ALARM" for each in members) else "OK"
                self._change(parent, into)

    def _change(self, name: str, state: str) -> None:
        if self.states[name] == state:
            return
        self.states[name] = state
        notice = Notice(name, state)
        self.told.append(notice)
        if state != "ALARM" or name not in self.deaf:
            self.waiting.append(notice)

    def receive(self, wait_seconds: int) -> list[Notice]:
        """As Mailbox.receive; waiting passes the time."""
        self.interrupt_after -= 1
        if self.interrupt_after < 0:
            raise KeyboardInterrupt
        self.clock += 0 if self.waiting else wait_seconds
        arrived, self.waiting = self.waiting, []
        return arrived
