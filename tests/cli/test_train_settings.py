"""What is asked of a command is checked before a stage is looked for, a table read or a model fitted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.main import main

ONE_LINE = re.compile(r"\Achurn: [^\n]+\n\Z")


@pytest.mark.parametrize(
    ("command", "exit_code", "says"),
    [
        ("train --data missing.csv --candidates logistik", 2, "choose from logistic,"),
        ("train --data missing.csv --candidates ,", 2, "no candidate was named"),
        ("train --data missing.csv --candidates vote", 2, "needs a linear and a tree candidate"),
        ("train --data missing.csv --cost-missed 400", 2, "--cost-missed and --cost-contact go together"),
        ("train --data missing.csv --cost-contact 25", 2, "--cost-missed and --cost-contact go together"),
        ("train --data missing.csv --cost-missed 4 --cost-contact 25", 2, "expected 0 < contact < missed"),
        ("train --data missing.csv --cost-missed 400 --cost-contact 25 --min-recall 0.8", 2, "leave one out"),
        ("train --data missing.csv --min-recall 1.4", 2, "a share in (0, 1]"),
        ("train --data missing.csv --report nowhere/report.html", 1, "--report nowhere/report.html"),
        ("train --data missing.csv --report .", 1, "expected a file"),
        ("train --data missing.csv --figures file/charts", 1, "--figures file/charts"),
        ("train --data missing.csv --reproduce v1 --seed 0", 2, "leave out --seed"),
        (
            "train --data missing.csv --reproduce v1 --strict --report r.html",
            2,
            "leave out --strict, --report",
        ),
        ("explore missing.csv -o nowhere/page.html", 1, "--output nowhere/page.html"),
    ],
)
def test_a_setting_that_cannot_be_followed_ends_at_once(
    command: str,
    exit_code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line, also where the table is not there and no stage is up: nothing is read before."""
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["churn", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (exit_code, "")
    assert ONE_LINE.match(printed.err), printed.err
    assert says in printed.err
