"""What people see is what is there: ids and file names are never taken for markup."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from cli import output
from cli.compare import show_comparison
from cli.known_errors import explain
from training.registry.compare import Comparison, Line

HOSTILE = ["[/x]", "[red]Bob[/red]", ":x:", "Salary [eur]", "\x1b[31mred", "O'Brien <b>", "🙂"]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Captures what goes to stdout."""
    written = io.StringIO()
    monkeypatch.setattr(output, "RESULTS", Console(file=written, width=60))
    monkeypatch.setattr(output, "NOTES", Console(file=written, width=60))
    return written


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_shown_literally_everywhere(text: str, screen: io.StringIO) -> None:
    """Tables, facts, entries and notes show a customer's id as it is, control characters made visible."""
    shown = text.replace("\x1b", "\\x1b")
    output.show_table([text], [[text]], title=text)
    output.show_facts([("customer", text)], title=text)
    output.show_entries([(text, text)])
    output.note(text)
    assert screen.getvalue().count(shown) == 8
    assert "\x1b[31m" not in screen.getvalue()


def test_long_values_are_folded_and_never_cut(screen: io.StringIO) -> None:
    """An id that is longer than the terminal is wide is still whole."""
    name = "shardId-000000000000:" + "49" * 40
    output.show_facts([("event", name)])
    assert "".join(screen.getvalue().split()).endswith(name)
    output.show_entries([(name, "a reason")])
    assert name in screen.getvalue().splitlines()


def test_the_progress_bar_says_what_how_much_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal; where stderr is none, nothing of it is in the way."""
    terminal, pipe = (Console(file=io.StringIO(), width=80, force_terminal=tty) for tty in (True, False))
    for console in (terminal, pipe):
        monkeypatch.setattr(output, "NOTES", console)
        with output.progress_bar("comparing candidates", counts=False) as bar:
            bar(25, 100, "comparing logistic")
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert "comparing logistic" in shown
    assert "25%" in shown
    assert re.search(r"(\d+|-):(\d\d|--):(\d\d|--)", shown)  # time left
    assert pipe.file.getvalue() == ""  # type: ignore[attr-defined]


def test_two_versions_fit_side_by_side_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 80 columns both names are whole, on the first line, with every figure's name beside them."""
    written = io.StringIO()
    monkeypatch.setattr(output, "RESULTS", Console(file=written, width=80))
    first, second = "20261120T151110620Z-336df83d", "20261120T151010932Z-694637c9"
    names = ["precision_top_10", "parity_max_abs_diff", "threshold_rule", "onnx_sha256", "has_reasons"]
    show_comparison(Comparison(first, second, tuple(Line(name, "x", "y") for name in names), (), ""))
    lines = written.getvalue().splitlines()
    assert lines[0].split() == [first, second]
    assert len(lines) == len(names) + 2  # the names of the versions, and a rule


def test_a_defect_of_ours_is_not_dressed_up() -> None:
    """Only what a person can do something about becomes one line; anything else keeps its traceback."""
    assert explain(KeyError("x")) is None
    assert explain(ValueError("x")) is None
    assert explain(FileNotFoundError(2, "No such file or directory", "x.csv")) == (
        "x.csv: No such file or directory",
        1,
    )


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    """`churn … | head -1` closes the pipe early: no traceback, the exit code of a closed pipe."""
    rows = "\n".join(f"c{n},{n},{n % 2}" for n in range(200))
    (tmp_path / "t.csv").write_text(f"customer_id,months,churned\n{rows}\n")
    command = f"{sys.executable} -m cli.main schema infer t.csv | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 141), done.stderr
    assert "Traceback" not in done.stderr
