"""Commands on a real stack: each needs no more than the policy of those who type it."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from cli.main import main
from infra.local.stage import LocalStage
from tests.policies import Recorder, refused

pytestmark = pytest.mark.emulator

ACCOUNT = "000000000000"


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("retention-team", ["scores get nobody", "scores get nobody --history 2", "scores top"]),
        (
            "platform-engineer",
            ["rejected list", "rejected show nothing", "alarms list", "alarms test index-throttles"],
        ),
        ("data-scientist", ["models list", "models show nothing"]),
        ("data-protection", ["scores forget nobody --dry-run"]),
    ],
)
def test_a_policy_allows_all_that_its_commands_ask_for(
    name: str,
    commands: list[str],
    local_aws: LocalStage,
    local_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every call, on the very resource; that of another stack none."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("CHURN_LOCAL_DIR", str(local_directory))
    for variable, value in local_aws.environment().items():  # which the command sets too, and leaves behind
        monkeypatch.setenv(variable, value)
    calls = set()
    for command in commands:
        with monkeypatch.context() as patched, Recorder(patched, local_aws.region, ACCOUNT) as recorder:
            patched.setattr("sys.argv", ["churn", *command.split()])
            with pytest.raises(SystemExit):
                main()
            calls |= recorder.calls
    names = {
        "STACK-ACCOUNT-REGION": local_aws.bucket,
        "STACK": local_aws.stack,
        "SCHEMA": local_aws.schema,
        "ACCOUNT": ACCOUNT,
        "REGION": local_aws.region,
    }
    assert calls
    assert refused(calls, name, names) == set()
    assert refused(calls, name) == calls
