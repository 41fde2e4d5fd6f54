"""Commands on a stage in AWS that cannot be had: one line that says why and what to do, and no waiting."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer.main
from botocore import exceptions as aws

from cli.main import app, main
from infra.aws_errors import access_line
from scorer.errors import StorageError
from tests.cli.aws_stub import (
    OUTPUTS,
    answering,
    described,
    refused,
    refused_by_dynamodb,
    refused_by_s3,
)
from tests.commands import Shell
from tests.scorer.peer import Peer
from tests.scorer.services import refused_url

ONE_LINE = re.compile(r"\Achurn: [^\n]+\n\Z")
BARE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
SETTINGS = BARE | KEYS | {"AWS_REGION": "eu-west-1", "NO_PROXY": "*"}
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """A command in this process, with the AWS settings that are given and no others."""

    def run(words: str, **settings: str) -> tuple[int, str, str]:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "")  # which the command sets: so it is put back afterwards
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["churn", *words.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def commands_with_a_stage(command: Any, path: str = "") -> Iterator[str]:
    """Every command that takes --stage, with something for each of its arguments."""
    for name, child in getattr(command, "commands", {}).items():
        yield from commands_with_a_stage(child, f"{path} {name}")
    if any("--stage" in parameter.opts for parameter in command.params):
        needed = [parameter for parameter in command.params if parameter.required]
        words = [f"{p.opts[0]} 1" if p.param_type_name == "option" else "1" for p in needed]
        yield " ".join([path.strip(), *words])


@pytest.mark.parametrize("words", list(commands_with_a_stage(typer.main.get_command(app))))
def test_an_unknown_stage_is_wrong_usage_for_every_command(words: str, typed: Typed) -> None:
    """Exit 2 and the stages there are, before anything else is looked at."""
    code, out, err = typed(f"{words} --stage staging", **SETTINGS)
    assert (code, out) == (2, "")
    assert ONE_LINE.match(err), err
    assert re.search(r"stage 'staging'.*: .*dev, prod\n", err), err


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refused("ExpiredToken"), "the AWS credentials have expired: sign in ("),
        (refused("InvalidClientTokenId"), "AWS does not know these credentials (InvalidClientTokenId)"),
        (refused("SignatureDoesNotMatch"), "AWS does not know these credentials (SignatureDoesNotMatch)"),
        (refused("AccessDenied"), "access denied: cloudformation:DescribeStacks on arn:aws:cloudformation:"),
        (refused("ValidationError", 400), "no stack churn-telco-dev in region eu-west-1 of this account"),
        (
            described("ROLLBACK_COMPLETE", {}),
            "churn-telco-dev is ROLLBACK_COMPLETE and has no output StreamName",
        ),
        (described("UPDATE_COMPLETE", OUTPUTS | {"SchemaName": ""}), "access denied: dynamodb:Query on arn:"),
    ],
)
def test_what_aws_refuses_is_said_in_one_line(answer: bytes, says: str, typed: Typed) -> None:
    """Exit 1, what was refused, and what to do next; also where the table refuses and not the stack."""
    with Peer(answering(answer, refused_by_dynamodb("AccessDeniedException"))) as peer:
        code, out, err = typed("scores get x --stage dev", AWS_ENDPOINT_URL=peer.url, **SETTINGS)
    assert (code, out) == (1, "")
    assert ONE_LINE.match(err), err
    assert says in err


@pytest.mark.parametrize(
    ("words", "answer", "says"),
    [
        ("scores top", refused_by_dynamodb("ExpiredTokenException"), "the AWS credentials have expired"),
        (
            "scores forget x --yes",
            refused_by_dynamodb("AccessDeniedException"),
            "access denied: dynamodb:Query",
        ),
        ("rejected list", refused_by_s3("AccessDenied"), "access denied: ListObjectsV2"),
        ("models list", refused_by_s3("ExpiredToken", 400), "the AWS credentials have expired"),
    ],
)
def test_credentials_that_expire_later_are_told_as_such(
    words: str, answer: bytes, says: str, typed: Typed
) -> None:
    """Not as a table or a bucket that cannot be read: the stack could be described a moment ago."""
    with Peer(answering(described(), answer)) as peer:
        code, out, err = typed(f"{words} --stage dev", AWS_ENDPOINT_URL=peer.url, **SETTINGS)
    assert (code, out) == (1, "")
    assert ONE_LINE.match(err), err
    assert says in err


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (BARE | {"AWS_REGION": "eu-west-1"}, "no AWS credentials: sign in"),
        (BARE | KEYS, "no AWS region: set AWS_REGION"),
        (SETTINGS | {"AWS_PROFILE": "nobody"}, "(nobody) could not be found: set AWS_PROFILE to one of"),
        (SETTINGS | {"AWS_REGION": "not a region"}, "set AWS_REGION to a region such as eu-central-1"),
        (SETTINGS | {"AWS_ENDPOINT_URL": refused_url()}, "AWS cannot be reached"),
    ],
)
def test_settings_that_lead_nowhere_are_said_in_one_line(
    settings: dict[str, str], says: str, typed: Typed
) -> None:
    """Before or instead of any request."""
    code, out, err = typed("models list --stage prod", **settings)
    assert (code, out) == (1, "")
    assert ONE_LINE.match(err), err
    assert says in err


def test_a_sign_in_that_has_expired_says_how_to_sign_in(typed: Typed, tmp_path: Path) -> None:
    """A profile of IAM Identity Center whose cached token is not there any more."""
    config = tmp_path / "config"
    config.write_text(
        "[profile sso]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Scientist\n"
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n"
    )
    settings = BARE | {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "sso", "AWS_REGION": "eu-west-1"}
    code, _, err = typed("rejected list --stage dev", HOME=str(tmp_path), **settings)
    assert code == 1
    assert ONE_LINE.match(err), err
    assert "`aws sso login`" in err


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            aws.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
            "the AWS sign-in has expired",
        ),
        (aws.CredentialRetrievalError(provider="p", error_msg="exit 1"), "gives no credentials"),
        (
            aws.ClientError(
                {
                    "Error": {
                        "Code": "InvalidSignatureException",
                        "Message": "Signature expired: 20261120T1000Z is now earlier than 20261120T1010Z",
                    }
                },
                "Query",
            ),
            "this machine's clock is wrong",
        ),
        (
            aws.ClientError({"Error": {"Code": "UnrecognizedClientException", "Message": ""}}, "Query"),
            "AWS does not know these credentials",
        ),
        (
            aws.ClientError({"Error": {"Code": "OptInRequired", "Message": ""}}, "GetObject"),
            "finish its sign-up",
        ),
    ],
)
def test_less_common_refusals_have_their_line_too(error: Exception, says: str) -> None:
    """Also under an error of ours, or of pynamodb's, that was raised because of it."""
    line = access_line(error)
    assert line is not None
    assert says in line
    ours = StorageError("the table cannot be read")
    ours.__cause__ = error
    assert access_line(ours) == line


def test_other_refusals_leave_our_own_words() -> None:
    """A missing bucket is no matter of access."""
    assert (
        access_line(aws.ClientError({"Error": {"Code": "NoSuchBucket", "Message": ""}}, "GetObject")) is None
    )


@pytest.mark.parametrize(
    ("words", "answer", "says"),
    [
        ("scores top --json", refused("ExpiredToken"), "expired"),
        ("publish synthetic:1", refused("ValidationError", 400), "make deploy STAGE=dev"),
    ],
)
def test_the_real_command_ends_in_the_same_line(words: str, answer: bytes, says: str, tmp_path: Path) -> None:
    """In a process of its own, as installed: no traceback, nothing on stdout."""
    with Peer(answering(answer)) as peer:
        settings = SETTINGS | {"AWS_ENDPOINT_URL": peer.url}
        done = Shell(tmp_path, tmp_path).run(f"{words} --stage dev", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert ONE_LINE.match(done.stderr), done.stderr
    assert says in done.stderr
