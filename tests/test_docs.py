"""docs/training.md is run: its Python works as it stands, and every option that it names exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from producer.synthetic import customers
from tests.doc_commands import all_commands, find_command, options_of
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


def test_every_option_that_the_guide_names_exists() -> None:
    """Also those in running text, of whichever command."""
    known = {name for command in all_commands() for name in options_of(command)}
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
