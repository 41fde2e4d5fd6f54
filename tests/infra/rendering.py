"""Render serverless.yml with osls, offline, as `osls package` does for a deployment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.deploy import copy_service
from infra.node import find_node
from infra.paths import OSLS

TEMPLATE = "cloudformation-template-update-stack.json"
IGNORED_RULES = (
    "W8003",  # conditions compare parameters that are filled in before rendering, so they are constant
    "W3005",  # osls adds a DependsOn to the function's role next to the reference
)


@dataclass(frozen=True)
class Service:
    """A copy of all that osls reads, with an artifact that nobody runs."""

    directory: Path

    def __post_init__(self) -> None:
        copy_service(self.directory)
        with zipfile.ZipFile(self.directory / "scorer.zip", "w") as archive:
            archive.writestr("scorer/handler.py", "")

    def package(self, out: Path, stage: str, **parameters: object) -> subprocess.CompletedProcess[str]:
        """`osls package --stage … --param …`; the template is `out`/TEMPLATE."""
        chosen = {"artifact": self.directory / "scorer.zip", **parameters}
        command = [str(find_node() / "node"), str(OSLS.resolve()), "package", "--stage", stage]
        command += ["--package", str(out)]
        for name, value in chosen.items():
            command += ["--param", f"{name}={value}"]
        offline = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        environment = {
            "SLS_TELEMETRY_DISABLED": "1", "NO_COLOR": "1", "PATH": os.environ["PATH"], **offline,
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


def lint(template: Path) -> str:
    """What cfn-lint has to say about a template; nothing when it is clean."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", *IGNORED_RULES, "--"]
    done = subprocess.run([*command, str(template)], capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def statements_of(resources: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """All that the scorer's role may do, what hangs on a condition included."""
    found: list[dict[str, Any]] = []
    for policy in resources["ScorerRole"]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            branches = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
            found += [branch for branch in branches if "Ref" not in branch]
    return found
