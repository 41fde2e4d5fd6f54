"""docs/parameters.md and the comments of parameters.yml against what limits.js enforces."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from infra import parameters
from infra.errors import ParametersError
from infra.parameters import PAGE, RESOURCES, Parameter
from infra.paths import PROJECT
from scorer.settings import MAX_RETENTION_DAYS
from tests.scorer.test_memory import MAX_MEBIBYTES

HOME = RESOURCES / "parameters.yml"


@pytest.fixture(scope="module")
def ranges() -> dict[str, str]:
    return parameters.read_ranges()


def test_every_parameter_has_a_range_and_every_range_a_parameter(ranges: dict[str, str]) -> None:
    """Nothing can be chosen that is not checked, in any stage."""
    values = yaml.safe_load(HOME.read_text())
    assert set(ranges) == set(values["default"])
    for stage, chosen in values.items():
        assert set(chosen) <= set(values["default"]), stage


def test_every_parameter_is_used(ranges: dict[str, str]) -> None:
    """By serverless.yml, by what it includes, or by another parameter."""
    files = [PROJECT / "serverless.yml", *RESOURCES.glob("*.yml")]
    used = set(re.findall(r"\$\{param:(\w+)", "".join(file.read_text() for file in files)))
    assert used == set(ranges)


def test_comments_and_page_say_what_is_enforced(tmp_path: Path) -> None:
    """`python -m infra.parameters` would change neither file."""
    home, page = tmp_path / "parameters.yml", tmp_path / "parameters.md"
    home.write_text(HOME.read_text())
    page.write_text(PAGE.read_text())
    parameters.write(home, page)
    assert home.read_text() == HOME.read_text(), "run `python -m infra.parameters`"
    assert page.read_text() == PAGE.read_text(), "run `python -m infra.parameters`"


def test_every_parameter_says_what_it_is_for() -> None:
    """In a comment beside it or above it, in a section."""
    found = parameters.read_parameters(HOME.read_text())
    assert [each.name for each in found if not (each.meaning and each.section)] == []


def test_numbers_that_the_code_repeats_are_the_same(ranges: dict[str, str]) -> None:
    """The scorer's own limit of retention, and the memory in which the largest batches were seen to fit."""
    assert ranges["predictionDays"] == f"1..{MAX_RETENTION_DAYS}"
    assert ranges["memoryMegabytes"].startswith(f"{MAX_MEBIBYTES}..")


def test_the_policy_of_a_key_lets_in_whom_the_template_needs() -> None:
    """It is valid JSON; log groups and alarms use the key of themselves, all others as IAM lets them."""
    [block] = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    statements = {statement["Sid"]: statement for statement in json.loads(block)["Statement"]}
    services = {sid: s["Principal"].get("Service", "").partition(".")[0] for sid, s in statements.items()}
    assert services == {
        "LetIamDecide": "",
        "LogGroupsOfThisAccount": "logs",
        "AlarmsOfThisAccount": "cloudwatch",
    }
    assert all("Condition" in statements[sid] for sid, service in services.items() if service)


def test_a_parameter_is_read_with_all_that_is_said_of_it() -> None:
    """The comments above it, and the one beside it, without the range."""
    text = (
        "default:\n  # == Stream\n  # First.\n  # Second.\n  shards: 1 # [1..9] third\n\n"
        '  email: ""\nprod:\n  shards: 2\n'
    )
    assert parameters.read_parameters(text) == [
        Parameter("Stream", "shards", "1..9", "First. Second. third"),
        Parameter("Stream", "email", "", ""),
    ]
    renewed = parameters.with_ranges(text, {"shards": "1..8", "email": "empty"})
    assert renewed == text.replace("[1..9]", "[1..8]").replace('email: ""', 'email: "" # [empty]')
    assert "| `shards` | `1`, prod `2` | 1..9 | First. Second. third |" in parameters.tables(text)


def test_what_is_written_otherwise_is_one_line() -> None:
    """A nested value, a parameter that nothing checks, a page without its marks."""
    with pytest.raises(ParametersError, match="found '    nested: 1', expected"):
        parameters.read_parameters("default:\n  shards: 1\n    nested: 1\n")
    with pytest.raises(ParametersError, match="parameter shards has no range"):
        parameters.with_ranges("default:\n  shards: 1\n", {})
    with pytest.raises(ParametersError, match="lacks one of its marks"):
        parameters.page_with("", "# Parameters\n")
