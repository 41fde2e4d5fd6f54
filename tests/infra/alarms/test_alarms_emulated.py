"""Alarms on the embedded AWS: deployed, going off by themselves, heard, and left as they were."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from cli import alarms as command
from cli.errors import WRONG_USAGE, CommandError
from cli.main import app
from cli.stage import Stage
from infra.alarms.alarm import Alarm, read_alarms
from infra.alarms.mailbox import Notice, open_mailbox
from infra.local.stage import LocalStage

pytestmark = pytest.mark.emulator

ON_THE_EMBEDDED_AWS = {
    "cost", "end-to-end", "errors", "index-throttles", "iterator-age", "lost", "model-load-failures",
    "on-failure", "rejected", "throttles", "write-throttles",
}  # fmt: skip


@pytest.fixture
def client(local_aws: LocalStage) -> Callable[[str], Any]:
    factory: Any = boto3.client
    return lambda service: factory(service, **local_aws.client_arguments())


@pytest.fixture
def churn(local_aws: LocalStage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`churn alarms …` in this process, on the embedded AWS whatever the stage is called."""
    for name, value in local_aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "SETTLE_SECONDS", 0.0)

    def run(line: str, *, stack: str = local_aws.stack, name: str = "local") -> Any:
        found = Stage(name, stack, local_aws.stream, local_aws.table, local_aws.bucket, local_aws.schema)
        monkeypatch.setattr(command, "resolve_stage", lambda *_: found)
        return CliRunner().invoke(app, ["alarms", *line.split()])

    return run


def states(alarms: list[Alarm]) -> dict[str, str]:
    return {each.name: each.state for each in alarms}


def leftovers(client: Callable[[str], Any]) -> list[str]:
    """Queues and subscriptions of a test of alarms."""
    queues = client("sqs").list_queues().get("QueueUrls", [])
    subscriptions = client("sns").list_subscriptions()["Subscriptions"]
    found = [*queues, *(each["Endpoint"] for each in subscriptions)]
    return [each for each in found if "alarm-test" in each]


def test_a_function_that_fails_sets_off_its_alarm_and_the_topic_tells(
    local_aws: LocalStage, client: Callable[[str], Any]
) -> None:
    """One failing invocation of the deployed scorer; nobody sets a state by hand."""
    (errors,) = (each for each in read_alarms(client("cloudwatch"), local_aws.stack) if each.name == "errors")
    with open_mailbox(
        client("sqs"), client("sns"), errors.topics, name="alarm-test", settle_seconds=0
    ) as mailbox:
        answer = client("lambda").invoke(FunctionName=local_aws.function, Payload=b"{}")
        assert answer["FunctionError"] == "Unhandled"
        told: list[Notice] = []
        deadline = time.monotonic() + 20
        while Notice(errors.full_name, "ALARM") not in told and time.monotonic() < deadline:
            told += mailbox.receive(1)
    assert Notice(errors.full_name, "ALARM") in told
    assert leftovers(client) == []


def test_all_alarms_are_listed_with_what_they_watch(churn: Callable[..., Any]) -> None:
    """As JSON for programs; the table says where the runbook is."""
    listed = json.loads(churn("list --json").stdout)
    assert {each["name"] for each in listed} == ON_THE_EMBEDDED_AWS
    for each in listed:
        assert each["runbook"] == f"docs/runbook.md#{each['name']}"
        assert each["state"] in ("OK", "ALARM", "INSUFFICIENT_DATA")
        assert all(each[name] for name in ("since", "means", "watches"))
    errors = next(each for each in listed if each["name"] == "errors")
    assert (errors["watches"], errors["threshold"]) == ("Errors Sum ≥ 1, 3 of 5 × 60 s", 1.0)


def test_every_notification_arrives_and_nothing_is_left_behind(
    churn: Callable[..., Any], client: Callable[[str], Any], local_aws: LocalStage
) -> None:
    """Also that of an alarm that is in ALARM; the states are those from before, and no queue remains."""
    client("cloudwatch").set_alarm_state(
        AlarmName=f"{local_aws.stack}-index-throttles", StateValue="ALARM", StateReason="before the test"
    )  # of a metric without data, which the emulator never evaluates
    before = states(read_alarms(client("cloudwatch"), local_aws.stack))
    done = churn("test --wait 20 --json")
    assert done.exit_code == 0, done.output
    delivered = json.loads(done.stdout)
    assert {each["name"] for each in delivered} == ON_THE_EMBEDDED_AWS
    assert all(each["arrived"] and each["milliseconds"] < 20_000 for each in delivered)
    after = states(read_alarms(client("cloudwatch"), local_aws.stack))
    of_no_data = {"index-throttles", "write-throttles"}
    assert {name: after[name] for name in of_no_data} == {name: before[name] for name in of_no_data}
    assert after["index-throttles"] == "ALARM"
    assert leftovers(client) == []


def test_an_alarm_that_nobody_hears_fails_the_test(
    churn: Callable[..., Any], client: Callable[[str], Any], local_aws: LocalStage
) -> None:
    """Its actions are disabled, as people do and forget; the other one that was named is heard."""
    name = f"{local_aws.stack}-cost"
    client("cloudwatch").disable_alarm_actions(AlarmNames=[name])
    try:
        done = churn("test cost write-throttles --wait 1 --json")
    finally:
        client("cloudwatch").enable_alarm_actions(AlarmNames=[name])
    assert done.exit_code == 1
    cost, throttles = json.loads(done.stdout)
    assert (cost["name"], cost["arrived"], cost["milliseconds"]) == ("cost", False, None)
    assert "its actions are disabled" in cost["problem"]
    assert throttles["arrived"]
    assert "silent-alarms" in done.stderr


def test_ctrl_c_leaves_neither_queue_nor_subscription(
    churn: Callable[..., Any], client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While notifications are waited for."""

    def interrupted(*_: object) -> None:
        assert leftovers(client) != []
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.alarms.mailbox.Mailbox.receive", interrupted)
    done = churn("test write-throttles")
    assert isinstance(done.exception, CommandError)
    assert leftovers(client) == []


def test_on_aws_people_are_warned_first(churn: Callable[..., Any], client: Callable[[str], Any]) -> None:
    """Without --yes nothing is set off; with it the test runs, and says that nobody listens."""
    done = churn("test write-throttles --stage prod", name="prod")
    assert isinstance(done.exception, CommandError)
    assert done.exception.exit_code == WRONG_USAGE
    assert "would be told that 1 of them went off: warn them, then add --yes" in str(done.exception)
    done = churn("test write-throttles --stage prod --yes", name="prod")
    assert done.exit_code == 0, done.output
    assert "nobody hears it; set alarmEmail" in done.stderr


@pytest.mark.parametrize(
    ("line", "stack", "expected"),
    [
        ("test eror", None, "no alarm 'eror': there are "),
        ("test", "churn-none-local", "stack churn-none-local has no alarms: deploy it again"),
    ],
)
def test_what_cannot_be_tested_is_one_line(
    churn: Callable[..., Any], local_aws: LocalStage, line: str, stack: str | None, expected: str
) -> None:
    """An alarm that is not there, and a stack from before there were any."""
    done = churn(line, stack=stack or local_aws.stack)
    assert str(done.exception).startswith(expected)
    assert "\n" not in str(done.exception)
    assert done.stdout == ""


def test_a_stack_without_alarms_lists_none(churn: Callable[..., Any]) -> None:
    """An empty list for programs, a note for people."""
    assert json.loads(churn("list --json", stack="churn-none-local").stdout) == []
    assert "has no alarms" in churn("list", stack="churn-none-local").stderr
