"""`churn loadtest`: a person's mistakes are one line, and its guide names what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from cli.loadtest import seconds_in
from cli.main import app, main
from loadtest.gates import KINDS
from loadtest.shapes import Shape

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "loadtest.md").read_text()
OF_LOCUST = {
    "--headless", "--processes", "--worker", "--master-host", "--web-host", "--master-bind-host",
    "--events-per-user", "--reads", "--tops", "--probes",
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "exit_code", "says"),
    [
        ("--rate 0", 2, "--rate 0: expected events a second above 0"),
        ("--rate nan", 2, "--rate nan: expected"),
        ("--rate inf", 2, "--rate inf: expected"),
        ("--run-time 0", 2, "--run-time 0: expected at least 1s"),
        ("--run-time 5x", 2, "--run-time 5x: expected at least 1s"),
        ("--shape star", 2, "--shape star: choose steady, ramp, steps, spike, soak"),
        ("--find-max --probes-rate 0", 2, "--find-max judges by probes"),
        ("--stage nowhere", 2, "unknown stage 'nowhere': choose local, dev, prod"),
        ("--stage prod", 2, "add --on-production"),
        ("", 1, "stage local is not up"),
    ],
)
def test_a_mistake_is_one_line(
    options: str,
    exit_code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """What was wrong, what was expected; nothing was started and no folder made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHURN_LOCAL_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr("sys.argv", ["churn", "loadtest", *options.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (exit_code, "")
    (line,) = printed.err.splitlines()
    assert line.startswith("churn: ")
    assert says in line
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("1.5s", 1.5), ("5m", 300), ("8h", 28_800)])
def test_a_run_time_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    """As Locust reads it."""
    assert seconds_in(text) == seconds


def options() -> set[str]:
    command = typer.main.get_command(app).commands["loadtest"]  # type: ignore[attr-defined]
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def test_every_option_is_in_the_guide() -> None:
    """And every shape and gate."""
    assert {name for name in options() if name not in GUIDE} <= {"--help"}
    assert all(f"`{shape}`" in GUIDE for shape in Shape)
    assert all(f"--{name.replace('_', '-')}" in GUIDE for name in KINDS)


def test_every_command_of_the_guide_has_the_options_it_shows() -> None:
    """Of `churn loadtest` in blocks and in running text; Locust's are its own."""
    lines = [line.split("  #")[0] for line in GUIDE.splitlines() if line.startswith("churn loadtest")]
    assert len(lines) > 4
    for line in lines:
        assert {word for word in shlex.split(line) if word.startswith("--")} <= options(), line
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*[a-z]", GUIDE))
    of_others = {"--batch-size", "--parallelization", "--data", "--customers", "--users", "--run-time"}
    assert named <= options() | OF_LOCUST | of_others
