"""docs/runbook.md and the parameters of the alarms: neither names what the other lacks."""

from __future__ import annotations

import re

import yaml

from infra.paths import PROJECT

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()


def test_every_parameter_of_the_runbook_exists() -> None:
    """What an operator is told to change at night is there to be changed."""
    known = yaml.safe_load((PROJECT / "infra" / "resources" / "parameters.yml").read_text())["default"]
    named = set(re.findall(r"`([a-z]+[A-Z]\w*)(?:=\w+)?`", RUNBOOK))
    named |= set(re.findall(r'--param "(\w+)=', RUNBOOK))
    assert len(named) > 15
    assert named <= set(known), sorted(named - set(known))


def test_every_parameter_of_the_alarms_is_in_the_runbook() -> None:
    """And so is each one that an alarm or its topic takes from parameters.yml."""
    used = "".join(
        (PROJECT / "infra" / "resources" / f"{name}.yml").read_text()
        for name in ("alarms", "alarm_topic", "page_topic")
    )
    taken = set(re.findall(r"\$\{param:(\w+)\}", used))
    assert len(taken) > 10
    missing = {name for name in taken if f"`{name}" not in RUNBOOK and f"{name}=" not in RUNBOOK}
    assert missing <= {"runbookUrl"}
