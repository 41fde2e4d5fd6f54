"""docs/runbook.md names only commands, options, parameters and files that there are."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from infra.paths import PROJECT
from tests.test_docs import find_command, options_of

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()


def churn_lines() -> list[str]:
    """Every command, in a block of its own or in running text."""
    in_blocks = re.findall(r"^churn .*", RUNBOOK, re.MULTILINE)
    in_text = re.findall(r"`(churn [^`]+)`", RUNBOOK)
    return sorted({re.split(r"\s{2,}", line)[0] for line in [*in_blocks, *in_text]})


@pytest.mark.parametrize("line", churn_lines())
def test_a_command_of_the_runbook_exists_with_its_options(line: str) -> None:
    """The command, and every option of it."""
    command, words = find_command(shlex.split(line)[1:])
    assert not hasattr(command, "commands"), f"{line}: a group, not a command"
    given = {word for word in words if word.startswith("-")}
    assert given <= options_of(command), f"{line}: {sorted(given - options_of(command))}"


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
