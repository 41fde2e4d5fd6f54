"""docs/training.md is run: its Python works as it stands, and its commands and options exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app
from producer.synthetic import customers
from tests.training.tables import write_csv
from training.errors import TrainingError
from training.models.candidates import CANDIDATES, DEFAULT_CANDIDATES

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs" / "training.md").read_text()
LINK = re.compile(r"\]\(([^)#]+)")
OF_OTHERS = {"--topic-arn", "--protocol", "--notification-endpoint"}  # of the AWS CLI
ROWS = 300
QUICKLY = """
from training.data import splits
from training.export import parity
splits.REPEATS, parity.FUZZ_ROWS = 1, 1_000
"""


def blocks(language: str = "[a-z]*") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def churn_lines() -> list[str]:
    """Every line of the guide that starts with `churn`, without what is said of it."""
    lines = [line for block in blocks() for line in block.splitlines() if line.startswith("churn ")]
    return [re.split(r"\s{2,}|\s+#", line)[0] for line in lines]


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and the words that are left for it."""
    command: Any = typer.main.get_command(app)
    while words and (children := getattr(command, "commands", None)):
        assert words[0] in children, f"`churn {' '.join(words)}`: no such command"
        command, words = children[words[0]], words[1:]
    return command, words


def options_of(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("-")}


def all_commands(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from all_commands(child)


@pytest.mark.parametrize("line", churn_lines())
def test_a_command_of_the_guide_exists_with_its_options(line: str) -> None:
    """Each `churn` line of a block: the command, and every option of it."""
    command, words = find_command(shlex.split(line.replace("[", "").replace("]", ""))[1:])
    assert not hasattr(command, "commands"), f"{line}: a group, not a command"
    given = {word for word in words if word.startswith("-")}
    assert given <= options_of(command), f"{line}: {sorted(given - options_of(command))}"


def test_every_option_that_the_guide_names_exists() -> None:
    """Also those in running text, of whichever command."""
    known = {name for command in all_commands(typer.main.get_command(app)) for name in options_of(command)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", GUIDE))
    assert len(named) > 15
    assert named <= known | OF_OTHERS, sorted(named - known - OF_OTHERS)


def test_every_option_of_train_is_in_the_guide() -> None:
    """What the guide does not name is not documented; where to write JSON and which stage is the README's."""
    command, _ = find_command(["train"])
    missing = {name for name in options_of(command) if name not in GUIDE}
    assert missing <= {"--stage", "--json", "--schema", "--seed"}


def test_the_guides_candidates_are_those_there_are() -> None:
    """In its table; starred are those that run only when named."""
    rows = re.findall(
        r"^\| (`.*?) \|", GUIDE.partition("### Candidates")[2].partition("###")[0], re.MULTILINE
    )
    starred = {name: bool(star) for row in rows for name, star in re.findall(r"`(\w+)`(\*?)", row)}
    assert set(starred) == set(CANDIDATES)
    optional = {name for name, star in starred.items() if star}
    assert optional == {n for n, kind in CANDIDATES.items() if not kind.baseline} - set(DEFAULT_CANDIDATES)


def test_every_file_that_the_docs_link_to_is_there() -> None:
    """Relative links of every page under docs/."""
    for page in (ROOT / "docs").rglob("*.md"):
        for target in LINK.findall(page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


def test_the_python_of_the_guide_runs_as_it_stands(tmp_path: Path) -> None:
    """In a process of its own, with warnings as errors, on a small table: a graph comes out."""
    (code,) = blocks("python")
    write_csv(tmp_path / "customers.csv", list(customers("telco", ROWS, seed=1)))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUICKLY + code],
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "majority", "one_feature", "logistic", "logistic_bins",
    ]  # fmt: skip
    assert (tmp_path / "model.onnx").stat().st_size > 1000


def test_what_the_guide_says_can_be_caught_is_the_base_of_every_error() -> None:
    """`training.errors.TrainingError`."""
    from training import errors

    assert "training.errors.TrainingError" in GUIDE
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(found) > 8
    assert all(issubclass(each, TrainingError) for each in found)
