"""Nothing that a user has set for AWS or for proxies reaches the local stage, or leads away from it."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.local import deploy
from infra.local.client_settings import clean_environment, client_arguments, isolated_session
from infra.local.stage import LocalStage, local_stage
from infra.local.state import LocalStage as State

ENDPOINT = "http://127.0.0.1:4566"
SWITCHES = {
    "AWS_PROFILE": "nope",
    "AWS_DEFAULT_PROFILE": "nope",
    "AWS_SESSION_TOKEN": "theirs",
    "AWS_ACCESS_KEY_ID": "theirs",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_MAX_ATTEMPTS": "many",
    "AWS_RETRY_MODE": "never",
    "AWS_CA_BUNDLE": "/nonexistent",
    "AWS_REGION": "eu-west-3",
    "AWS_DEFAULT_REGION": "no region",
    "AWS_USE_FIPS_ENDPOINT": "true",
}
TRAPPED = ("AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "proxy")
SERVICES = ("S3", "DYNAMODB", "KINESIS", "LAMBDA", "CLOUDFORMATION", "CLOUDWATCH", "CLOUDWATCH_LOGS")


class Trap:
    """Listens on loopback and keeps the first bytes of whoever comes."""

    def __init__(self) -> None:
        self.caught: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            with visitor:
                visitor.settimeout(1)
                self.caught.append(visitor.recv(200))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def trap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Trap]:
    """A hostile environment, all of whose addresses are the trap's."""
    trap = Trap()
    malformed = tmp_path / "config"
    malformed.write_text("[[[ not an ini file")
    hostile = SWITCHES | {"AWS_CONFIG_FILE": str(malformed), "AWS_SHARED_CREDENTIALS_FILE": str(malformed)}
    hostile |= dict.fromkeys(TRAPPED, trap.url)
    hostile |= {f"AWS_ENDPOINT_URL_{service}": trap.url for service in SERVICES}
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield trap
    trap.close()


def logged(stage: LocalStage) -> list[str]:
    """What the function printed, read as a command would that follows the environment."""
    logs = boto3.Session().client("logs")
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{stage.function}")["events"]
    return [line["message"].strip() for line in found]


@pytest.mark.emulator
def test_a_hostile_environment_changes_nothing(
    trap: Trap, tiny_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage comes up, a record reaches the function, and no request leaves for anything else."""
    with local_stage(tmp_path / "stage", artifact=tiny_zip) as stage:
        environ = dict(os.environ)
        stage.apply_to(environ)
        monkeypatch.setattr(os, "environ", environ)
        boto3.Session().client("kinesis").put_record(StreamName=stage.stream, Data=b"{}", PartitionKey="c")
        deadline = time.monotonic() + 30
        while "received 1" not in (lines := logged(stage)) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert "received 1" in lines
    line = next(line for line in lines if line.startswith("environment "))
    inherited = json.loads(line.removeprefix("environment "))
    theirs = {*SWITCHES.values(), trap.url} - {"true"}
    assert not [name for name, value in inherited.items() if value in theirs]
    assert trap.caught == []


@pytest.mark.parametrize("service", ["cloudformation", "dynamodb", "s3"])
def test_an_isolated_client_goes_to_its_endpoint_only(trap: Trap, service: str) -> None:
    """Under the hostile environment its request reaches the endpoint it was given."""
    chosen = Trap()
    try:
        client = isolated_session().client(service, **client_arguments(chosen.url))  # type: ignore[call-overload]
        client.meta.events.register("needs-retry", lambda **_: None)
        ask = {"cloudformation": "list_stacks", "dynamodb": "list_tables", "s3": "list_buckets"}[service]
        with pytest.raises(Exception, match=r"Connection was closed|Could not connect|Connection broken"):
            getattr(client, ask)()
    finally:
        chosen.close()
    assert chosen.caught
    assert trap.caught == []


def test_a_clean_environment_keeps_all_but_aws_and_the_proxy_of_loopback() -> None:
    """Proxies stay for other hosts; both spellings of NO_PROXY hold what either had, and loopback."""
    base = {"PATH": "/bin", "HTTP_PROXY": "http://p", "NO_PROXY": "a, b", "no_proxy": "b", **SWITCHES}
    clean = clean_environment(base, ENDPOINT)
    assert (clean["PATH"], clean["HTTP_PROXY"]) == ("/bin", "http://p")
    assert clean["NO_PROXY"] == clean["no_proxy"] == "b,a,127.0.0.1"
    assert {name: value for name, value in clean.items() if name.startswith("AWS_")} == {
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_no_proxy_for_any_host_stays_so() -> None:
    """`*` means every host only alone, so nothing is added to it."""
    assert clean_environment({"NO_PROXY": "*"}, ENDPOINT)["no_proxy"] == "*"


def test_applying_a_stage_removes_what_leads_elsewhere() -> None:
    """The environment given becomes the clean one, in place and once and for all."""
    fields = dict.fromkeys(("region", "stack", "stream", "table", "bucket", "function"), "x")
    more = dict.fromkeys(("mapping_id", "dashboard", "schema"), "x")
    stage = State(endpoint_url=ENDPOINT, pids={}, **fields, **more)
    environ = {"HOME": "/h", "AWS_ENDPOINT_URL_S3": "http://elsewhere", **SWITCHES}
    expected = clean_environment(environ, ENDPOINT)
    stage.apply_to(environ)
    assert environ == expected == {"HOME": "/h", **stage.environment()}
    stage.apply_to(environ)
    assert environ == expected


def test_osls_gets_no_proxy_at_all(trap: Trap) -> None:
    """It would send loopback through one whatever NO_PROXY says."""
    environment = deploy._environment(ENDPOINT)
    assert not [name for name, value in environment.items() if trap.url in value]
