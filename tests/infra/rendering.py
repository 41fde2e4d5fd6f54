"""Render serverless.yml with osls, offline, as `osls package` does for a deployment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.local.deploy import copy_service
from infra.node import find_node
from infra.paths import OSLS, PROJECT

TEMPLATE = "cloudformation-template-update-stack.json"
IGNORED_RULES = (
    "W8003",  # conditions compare parameters that are filled in before rendering, so they are constant
    "W3005",  # osls adds a DependsOn to the function's role next to the reference
)


KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
NOW = 1_795_000_000  # Unix seconds, in the past
ALL_THAT_IS_OPTIONAL: dict[str, object] = {
    "kmsKey": KEY, "enhancedFanOut": "true", "capacityMode": "PROVISIONED", "shards": 2,
    "reservedConcurrency": 20, "startingPosition": "AT_TIMESTAMP", "startingTimestamp": NOW,
    "alarmEmail": "ops@example.com", "batchSize": 10000, "windowSeconds": 300, "parallelization": 10,
    "expectEvents": "true",
}  # fmt: skip
RESOURCES = PROJECT / "infra" / "resources"
ASK_LIMITS = Path(__file__).with_name("ask_limits.js")


@dataclass(frozen=True)
class Service:
    """A copy of all that osls reads, with an artifact that nobody runs."""

    directory: Path
    tool: Path = OSLS  # or that of Serverless Framework 3

    def __post_init__(self) -> None:
        copy_service(self.directory)
        with zipfile.ZipFile(self.directory / "scorer.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("scorer/handler.py"), "")  # the same bytes each time

    def package(self, out: Path, stage: str, **parameters: object) -> subprocess.CompletedProcess[str]:
        """`osls package --stage … --param …`; the template is `out`/TEMPLATE."""
        chosen = {"artifact": self.directory / "scorer.zip", **parameters}
        command = [str(find_node() / "node"), str(self.tool.resolve()), "package", "--stage", stage]
        command += ["--package", str(out)]
        for option in _as_options(chosen):
            command += ["--param", option]
        offline = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        environment = {
            "SLS_TELEMETRY_DISABLED": "1", "NO_COLOR": "1", "PATH": os.environ["PATH"],
            "HOME": str(self.directory), **offline,
        }  # fmt: skip
        service = self.directory / "osls-service"
        return subprocess.run(
            command, cwd=service, env=environment, check=False, capture_output=True, text=True, timeout=60
        )

    def template(self, out: Path, stage: str, **parameters: object) -> dict[str, Any]:
        """The template that packaging must give, without a warning."""
        done = self.package(out, stage, **parameters)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nvalid configuration" not in done.stdout + done.stderr
        return dict(json.loads((out / TEMPLATE).read_text()))


def lint(*templates: Path) -> str:
    """What cfn-lint has to say about templates; nothing when they are clean."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", *IGNORED_RULES, "--"]
    command += map(str, templates)
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def refusals(
    cases: list[tuple[str, dict[str, object]]],
    *,
    command: str = "package",
    more_stages: tuple[str, ...] = (),
    directory: Path | None = None,
) -> list[str | None]:
    """What limits.js says of each stage with these parameters; None where it lets them pass.

    One process for all cases. `more_stages` have an empty section in parameters.yml. The artifact is one that
    exists, or where the service is in a `directory`, what parameters.yml says.
    """
    params = yaml.safe_load((RESOURCES / "parameters.yml").read_text()) | {name: {} for name in more_stages}
    with tempfile.NamedTemporaryFile(suffix=".zip") as artifact:
        there: dict[str, object] = {} if directory else {"artifact": artifact.name}
        given = [{"stage": stage, "param": _as_options(there | chosen)} for stage, chosen in cases]
        told = {"params": params, "command": command, "cases": given, "directory": str(directory or "/")}
        node = [str(find_node() / "node"), str(ASK_LIMITS)]
        done = subprocess.run(
            node, input=json.dumps(told), capture_output=True, text=True, check=True, timeout=60
        )
    return list(json.loads(done.stdout))


def _as_options(parameters: dict[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in parameters.items()]
