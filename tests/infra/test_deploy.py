"""`make deploy`: what is refused before anything is built, and what a deployment does on the embedded AWS."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import boto3
import pytest

from cli.stage import STAGES
from infra import aws_account, deploy
from infra.aws_account import find_account
from infra.build import BuiltZip
from infra.errors import DeployError
from infra.local.client_settings import client_environment
from infra.local.stage import LocalStage
from tests.serving import serving

Run = Callable[..., tuple[int, str]]
REFUSAL = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No AWS settings of the person who runs the tests, and no instance to ask."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`python -m infra.deploy …` in this process: exit code and stderr. Nothing may be built."""

    def must_not_build(*_: object, **__: object) -> BuiltZip:
        raise AssertionError("nothing is to be built")

    def invoke(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["deploy", *arguments])
        monkeypatch.setattr("infra.build.build_zip", must_not_build)
        return deploy.main(), capsys.readouterr().err

    return invoke


def refusing(code: str, message: str, asked: list[str] | None = None) -> type[BaseHTTPRequestHandler]:
    """An STS that refuses every caller, and keeps what it was asked with."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if asked is not None:
                asked.append(self.headers["Authorization"])
            body = REFUSAL.format(code=code, message=message).encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Refusing


def sign_in(monkeypatch: pytest.MonkeyPatch, endpoint_url: str) -> None:
    for name, value in client_environment(endpoint_url).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("deploy", "--stage", "qa"), "unknown stage 'qa': choose dev or prod"),
        (("package", "--stage", ""), "unknown stage '': choose dev or prod"),
        (("deploy", "--stage", "local"), "`churn local up` deploys it"),
        (("deploy", "--stage", "dev", "--param", "shrads=4"), "unknown parameter 'shrads': "),
        (("deploy", "--stage", "dev", "--param", "shards"), "parameter 'shards': expected name=value"),
        (("deploy", "--stage", "dev", "--param", "artifact=x"), "name the zip with ZIP="),
    ],
)
def test_wrong_usage_is_one_line_before_anything_is_asked_or_built(
    run: Run, arguments: tuple[str, ...], expected: str
) -> None:
    """Exit code 2, and the line says what there is instead."""
    code, told = run(*arguments)
    assert code == 2
    assert told.startswith(f"{arguments[0]} failed: ")
    assert expected in told
    assert told.count("\n") == 1


def test_the_stages_are_those_of_the_parameters() -> None:
    """parameters.yml has a section for each, besides the defaults; `churn --stage` knows the same."""
    assert {deploy.LOCAL, *deploy.remote_stages()} == set(STAGES)


def test_no_credentials_are_one_line(run: Run) -> None:
    """Nothing is built for nobody."""
    code, told = run("deploy", "--stage", "dev")
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("deploy failed: no AWS credentials: sign in")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "the AWS credentials have expired: sign in"),
        (
            "InvalidClientTokenId",
            "AWS does not know these credentials (InvalidClientTokenId): check AWS_PROFILE",
        ),
        ("Throttling", "AWS refused GetCallerIdentity: said so"),
    ],
)
def test_credentials_that_are_over_or_unknown_are_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    """Said apart, since one is healed by signing in again and the other perhaps not."""
    with serving(refusing(code, "said so")) as url:
        sign_in(monkeypatch, url)
        exit_code, told = run("deploy", "--stage", "prod")
    assert (exit_code, told.count("\n")) == (1, 1)
    assert told.startswith(f"deploy failed: {expected}")


def test_an_aws_that_does_not_answer_is_given_up_soon(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting and reading have limits of seconds, and there is one more attempt."""
    sign_in(monkeypatch, "http://127.0.0.1:9")
    code, told = run("deploy", "--stage", "dev")
    assert (code, told.count("\n")) == (1, 1)
    assert "AWS cannot be reached" in told
    quick = aws_account.QUICK
    attempts = quick.retries["total_max_attempts"]
    assert attempts * (quick.connect_timeout + quick.read_timeout) <= 30


def test_a_profile_that_there_is_not_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name, and how to see those that there are."""
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    code, told = run("deploy", "--stage", "dev")
    assert (code, told.count("\n")) == (1, 1)
    assert "(nobodys) could not be found: set AWS_PROFILE to one of `aws configure list-profiles`" in told


def test_an_endpoint_that_is_no_address_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which botocore says as a ValueError of no kind of its own."""
    sign_in(monkeypatch, "nowhere")
    code, told = run("deploy", "--stage", "dev")
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("deploy failed: AWS settings: Invalid endpoint: nowhere; check your AWS profile")


def test_a_tool_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """osls is given a time, and then the line says what may go on without it."""
    monkeypatch.setattr(deploy, "PACKAGE_TIMEOUT_MINUTES", 0.001)
    with pytest.raises(DeployError, match=r"osls package took over 0\.001 minutes and was stopped"):
        deploy.run_osls("package", "dev", {}, None, "--package", str(tmp_path / "out"))


def test_a_zip_that_is_not_there_is_one_line(run: Run) -> None:
    """`ZIP=` names a file that a release has built."""
    code, told = run("package", "--stage", "dev", "--zip", "nothere.zip")
    assert (code, told) == (1, "package failed: nothere.zip: no such file; `make package` builds it\n")


@pytest.mark.parametrize(
    ("tag", "parameters", "fits"),
    [
        ("cp313-cp313-manylinux_2_28_x86_64", {}, True),
        ("cp313-cp313-manylinux_2_28_aarch64", {"architecture": "arm64"}, True),
        ("cp313-cp313-manylinux_2_28_aarch64", {}, False),
        ("cp311-cp311-manylinux_2_28_x86_64", {}, False),
    ],
)
def test_a_zip_for_another_machine_is_never_deployed(
    tmp_path: Path, tag: str, parameters: dict[str, str], fits: bool
) -> None:
    """It would deploy, and fail at its first import."""
    path = tmp_path / "built.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("numpy-2.4.6.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
    if fits:
        assert deploy.zip_for("prod", parameters, path) == path
    else:
        with pytest.raises(DeployError, match=rf"was built for {tag}, but stage prod is py3\.13-x86_64"):
            deploy.zip_for("prod", parameters, path)


def test_the_zip_is_built_for_what_the_stage_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The stage's own section of parameters.yml goes before the defaults, and what is typed before both."""
    asked: list[tuple[str, str]] = []

    def build_zip(python: str, arch: str) -> BuiltZip:
        asked.append((python, arch))
        return BuiltZip(tmp_path, "", 0, 0, True)

    parameters = tmp_path / "parameters.yml"
    parameters.write_text("default: {python: '3.13', architecture: x86_64}\nprod: {architecture: arm64}\n")
    monkeypatch.setattr(deploy, "PARAMETERS", parameters)
    monkeypatch.setattr("infra.build.build_zip", build_zip)
    for stage, given in (("dev", {}), ("prod", {}), ("prod", {"architecture": "x86_64", "python": "3.12"})):
        deploy.zip_for(stage, given, None)
    assert asked == [("3.13", "x86_64"), ("3.13", "arm64"), ("3.12", "x86_64")]


@pytest.fixture
def of_release(local_aws: LocalStage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Words for a stack of its own on the session's embedded AWS, which is taken away again.

    Of stage local, which `make deploy` refuses otherwise: the template of the others has a composite alarm,
    and the emulator refuses the whole stack for it.
    """
    sign_in(monkeypatch, local_aws.endpoint_url)
    monkeypatch.setenv("SLS_AWS_MONITORING_FREQUENCY", "100")
    monkeypatch.setattr(deploy, "LOCAL", "")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    yield ["--stage", "local", "--param", "schema=released", "--param", f"python={version}"]
    boto3.client("cloudformation").delete_stack(StackName="churn-released-local")


@pytest.mark.emulator
def test_a_release_moves_the_alias_and_keeps_what_it_replaced(
    run: Run, of_release: list[str], tiny_zip: Path
) -> None:
    """Another setting is another version, which is live; the first is there as it was, to go back to."""
    client = boto3.client("lambda")
    function = "churn-released-local-scorer"
    arguments = ("deploy", "--zip", str(tiny_zip), *of_release)

    def live() -> str:
        return str(client.get_alias(FunctionName=function, Name="live")["FunctionVersion"])

    code, told = run(*arguments)
    assert code == 0, told
    assert "deploying churn-released-local to account 000000000000, us-east-1, as arn:" in told
    assert "`make smoke STAGE=local` tries it" in told
    assert live() == "1"
    code, told = run(*arguments, "--param", "predictionDays=31")
    assert code == 0, told
    assert live() == "2"
    versions = client.list_versions_by_function(FunctionName=function)["Versions"]
    days = {each["Version"]: each["Environment"]["Variables"]["CHURN_RETENTION_DAYS"] for each in versions}
    assert set(days) == {"$LATEST", "1", "2"}
    assert days["2"] == "31" != days["1"]
    client.update_alias(FunctionName=function, Name="live", FunctionVersion="1")
    answer = client.invoke(FunctionName=f"{function}:live", Payload=b'{"Records": []}')
    assert answer["ExecutedVersion"] == "1"  # the way back by hand of docs/release.md


def test_the_region_is_that_of_the_profile_where_nothing_else_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """osls would take us-east-1, and `churn --stage dev` would then look elsewhere."""
    (tmp_path / "AWS_CONFIG_FILE").write_text("[default]\nregion = eu-central-1\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    asked: list[str] = []
    with serving(refusing("ExpiredToken", "", asked)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(DeployError):
            find_account()
        with pytest.raises(DeployError):
            find_account("us-west-2")
    assert ["/eu-central-1/sts/" in asked[0], "/us-west-2/sts/" in asked[1]] == [True, True]
