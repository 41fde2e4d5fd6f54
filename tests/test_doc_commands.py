"""Every command that the documentation shows can be typed: its name, its options, its variables exist."""

from __future__ import annotations

import re

import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import Session

from tests.doc_commands import ROOT, Shown, find_command, make_names, options_of, pages, shown

# Commands of the AWS CLI that are no operation of a service.
OF_THE_CLI = {"configure", "sso", "login", "s3"}
SERVICES = {"s3api": "s3", "deploy": "codedeploy"}  # as the AWS CLI calls them
RENAMED = {"--notification-endpoint": "--endpoint"}  # of `aws sns subscribe`
FOR_ALL = {"--query", "--output", "--region", "--profile", "--endpoint-url", "--no-cli-pager"}


@pytest.mark.parametrize("command", shown("churn"), ids=str)
def test_a_churn_command_exists_with_its_options(command: Shown) -> None:
    """Of a block it is one that runs; in running text it may also be a group."""
    found, words = find_command(list(command.words[1:]))
    given = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
    known = options_of(found) | {"--help", "-h"}
    assert given <= known, f"{command}: no {sorted(given - known)}"


@pytest.mark.parametrize("command", shown("make"), ids=str)
def test_a_make_command_names_targets_and_variables_that_exist(command: Shown) -> None:
    """`make target VARIABLE=value`."""
    targets, variables = make_names()
    for word in command.words[1:]:
        name, is_variable, _ = word.partition("=")
        known = variables if is_variable else targets
        assert name in known, f"{command}: no {name}"


def test_an_aws_command_is_an_operation_with_its_parameters() -> None:
    """By the models of botocore, from which the AWS CLI makes its commands."""
    session = Session()
    commands = [each for each in shown("aws") if len(each.words) > 2 and each.words[1] not in OF_THE_CLI]
    assert len(commands) > 10
    for command in commands:
        service, verb, *rest = command.words[1:]
        try:
            model = session.get_service_model(SERVICES.get(service, service))
        except UnknownServiceError:
            raise AssertionError(f"{command}: no such service") from None
        names = {xform_name(each, "-"): each for each in model.operation_names}
        assert verb in names, f"{command}: no such operation"
        shape = model.operation_model(names[verb]).input_shape
        members = {f"--{xform_name(each, '-')}" for each in (shape.members if shape else ())}
        members |= {each.replace("--", "--no-", 1) for each in members} | FOR_ALL
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        given = {RENAMED.get(each, each) for each in given}
        assert given <= members, f"{command}: no {sorted(given - members)}"


def test_the_pages_show_commands_at_all() -> None:
    """Nothing above passes because nothing was found."""
    assert len(shown("churn")) > 40
    assert len(shown("make")) > 15


def test_a_file_of_ours_that_a_page_names_is_there() -> None:
    """And so is the test that it names in one: `tests/….py::test_…`."""
    named = re.compile(
        r"`((?:cli|contract|infra|loadtest|producer|scorer|tests|training)/[\w/.-]+\.\w+)(?:::(\w+))?`"
    )
    for page in pages():
        for path, test in named.findall(page.read_text()):
            assert (ROOT / path).is_file(), f"{page.name}: {path}"
            assert not test or f"def {test}(" in (ROOT / path).read_text(), f"{page.name}: {path}::{test}"
