"""The README is run: its commands work in the order in which it shows them, and it leaves none out."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from cli.main import app
from contract.event import EventDecoder
from contract.rejection import Rejected
from contract.schema import load_schema
from infra.local.client_settings import clean_environment
from infra.local.stage import down, status
from producer.synthetic import customers
from tests.commands import Shell

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BUDGET_MINUTES = 0.2  # the whole comparison takes minutes, whatever the size of the table
CUSTOMER = "7590-VHVEG"  # the one the README asks for


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def churn_lines() -> list[str]:
    """Every command line of the README that starts with `churn`, without its comment."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("churn ")]
    return [re.sub(r"\s+#.*", "", line) for line in lines]


def command_names(command: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path)
    else:
        for name, child in children.items():
            yield from command_names(child, (*path, name))


def test_every_command_is_in_the_readme() -> None:
    """A command that the README does not name, in a line or its comment, is not documented."""
    text = "\n".join(line for block in blocks("sh") for line in block.splitlines())
    for name in command_names(typer.main.get_command(app)):
        group, _, verb = name.rpartition(" ")
        lines = [line for line in text.splitlines() if line.startswith(f"churn {group}".strip())]
        named = any(re.search(rf"\b{verb}\b", line) for line in lines) or f"make {name}" in text
        assert named, f"`churn {name}` is not in README.md"


def test_every_make_target_of_the_readme_exists() -> None:
    """`make X` in the README is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", README)) <= targets


@pytest.mark.emulator
def test_the_commands_of_the_readme_work_in_its_order(tmp_path: Path) -> None:
    """Each `churn` line succeeds, on a table with the customer the README asks for; so does its example."""
    shell = Shell(tmp_path, tmp_path / "local")
    write_table(tmp_path / "customers.csv")
    try:
        for line in churn_lines():
            if line == "churn local down":
                run_example(shell)
            run_line(shell, line)
    finally:
        down(shell.local)


def run_example(shell: Shell) -> None:
    """The Python example, with the local stream for the one on AWS: the customer gets one more score."""
    stage = status(shell.local)
    assert stage is not None
    before = len(shell.json(f"scores get {CUSTOMER} --history 99"))
    (example,) = blocks("python")
    code = example.replace("churn-telco-dev-events", stage.stream)
    environment = clean_environment(os.environ, stage.endpoint_url)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    shell.json_once(f"scores get {CUSTOMER} --history 99", lambda found: len(found) == before + 1)


def write_table(path: Path) -> None:
    rows = list(customers("telco", 500, seed=1))
    rows[0]["customerID"] = CUSTOMER
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def run_line(shell: Shell, line: str) -> None:
    """One line of the README; what is read must have been scored first, so reading is repeated."""
    command, _, target = line.partition(" > ")
    command = command.removeprefix("churn ")
    assert shlex.split(command) == command.split()
    if command.startswith("train "):
        command += f" --budget {BUDGET_MINUTES}"
    if command.startswith("scores get"):
        shell.json_once(command)
    if command == "dashboard":  # serves until Ctrl-C, so its data is read, once what was published is in it
        shell.json_once(command, lambda found: found and found["scored"])
        return
    done = shell.run(command)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    if target:
        (shell.directory / target.strip()).write_text(done.stdout)


def test_the_python_example_sends_a_valid_event() -> None:
    """The customer of the Python example satisfies the telco schema, so the example is not rejected."""
    (example,) = blocks("python")
    names: dict[str, dict[str, object]] = {}
    exec(re.search(r"customer = \{.*?^\}", example, re.MULTILINE | re.DOTALL)[0], names)  # type: ignore[index]  # noqa: S102
    payload = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "subject": CUSTOMER}
    payload |= {"time": "2026-11-20T10:00:00Z", "data": names["customer"]}  # type: ignore[dict-item]
    outcome = EventDecoder(load_schema("telco"))(json.dumps(payload).encode(), 2_000_000_000_000)
    assert not isinstance(outcome, Rejected), outcome
