"""Deploy serverless.yml to the embedded AWS with the same tool that deploys it to AWS."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import DeployError
from infra.local.client_settings import clean_environment
from infra.node import find_node
from infra.paths import OSLS, PROJECT

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient

STAGE = "local"
DEPLOY_TIMEOUT_SECONDS = 180
# osls sends everything through a proxy that one of these names, whatever NO_PROXY says.
PROXY_VARIABLES = ("proxy", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """The outputs of infra/resources/outputs.yml."""

    stream: str
    table: str
    bucket: str
    function: str
    mapping_id: str
    dashboard: str
    topic: str
    schema: str


def deploy(
    artifact: Path,
    directory: Path,
    *,
    schema: str,
    endpoint_url: str,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Run `osls deploy --stage local` against `endpoint_url`; its output goes to `directory`/deploy.log.

    Works on a copy of the service under `directory`, because osls writes next to serverless.yml and two
    deployments may run at once. Raises DeployError with the reason in one line.
    """
    if not OSLS.exists():
        raise DeployError(f"{OSLS.relative_to(PROJECT)} is missing: run `make setup` (or `npm ci`)")
    chosen = {
        "schema": schema,
        "artifact": str(artifact.resolve()),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **(parameters or {}),
    }
    command = [str(find_node() / "node"), str(OSLS.resolve()), "deploy", "--stage", STAGE]
    for name, value in chosen.items():
        command += ["--param", f"{name}={value}"]
    _run_osls(command, copy_service(directory), directory / "deploy.log", endpoint_url)


def copy_service(directory: Path) -> Path:
    """Copy all that osls reads into `directory`/osls-service, so that several may run at once."""
    service = directory / "osls-service"
    shutil.rmtree(service, ignore_errors=True)
    shutil.copytree(PROJECT / "infra" / "resources", service / "infra" / "resources")
    shutil.copy(PROJECT / "serverless.yml", service)
    return service


def _run_osls(command: list[str], service: Path, log: Path, endpoint_url: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=service,
            env=_environment(endpoint_url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEPLOY_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        log.write_bytes((error.stdout or b"") + (error.stderr or b""))
        raise DeployError(f"the deployment took over {DEPLOY_TIMEOUT_SECONDS} s; see {log}") from None
    log.write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise DeployError(f"deploying failed: {_reason(done.stderr + done.stdout)}; see {log}")


def _environment(endpoint_url: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SLS_") and name.lower() not in PROXY_VARIABLES
    }
    return {
        **clean_environment(kept, endpoint_url),
        "AWS_MAX_ATTEMPTS": "1",
        "SLS_AWS_MONITORING_FREQUENCY": "100",  # milliseconds between looks at the stack; 5000 by default
        "SLS_TELEMETRY_DISABLED": "1",
        "SLS_NOTIFICATIONS_MODE": "off",
        "NO_COLOR": "1",
    }


def _reason(output: str) -> str:
    """The line that tells: osls prints it after a line `Error:`."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines[:-1]):
        if line in ("Error:", "× Error:"):
            return lines[number + 1]
    return lines[-1] if lines else "osls said nothing"


def read_outputs(cloudformation: "CloudFormationClient", stack: str) -> StackOutputs:
    """The outputs of a deployed stack. Raises DeployError when one is missing."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    found = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    try:
        return StackOutputs(
            stream=found["StreamName"],
            table=found["TableName"],
            bucket=found["BucketName"],
            function=found["ScorerFunctionName"],
            mapping_id=found["EventSourceMappingId"],
            dashboard=found["DashboardName"],
            topic=found["NotificationTopicArn"],
            schema=found["SchemaName"],
        )
    except KeyError as missing:
        raise DeployError(f"stack {stack} has no output {missing}; its outputs are {sorted(found)}") from None


def apply_what_the_emulator_drops(dynamodb: "DynamoDBClient", table: str) -> None:
    """Set the table's TTL, which MiniStack ignores in a template."""
    dynamodb.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
    )
