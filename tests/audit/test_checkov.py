"""checkov finds nothing in the rendered template; each suppression has its reason beside the resource."""

from __future__ import annotations

import copy
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BUILD
from tests.infra.conftest import Render, Template
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL

CHECKOV = BUILD / "checkov-venv" / "bin" / "checkov"
Finding = tuple[str, str]  # resource and check


@dataclass(frozen=True)
class Report:
    """What checkov says of some templates."""

    passed: int
    failed: set[Finding]
    skipped: dict[Finding, str]  # with the reason given


@pytest.fixture(scope="module")
def templates(render: Render) -> dict[str, Template]:
    """Each stage, and production with all that is optional."""
    stages = {stage: render(stage) for stage in ("local", "dev", "prod")}
    return stages | {"everything": render("prod", **ALL_THAT_IS_OPTIONAL)}


def scan(templates: dict[str, Template], folder: Path) -> Report:
    """checkov on all of them at once. It asks nobody for anything."""
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1))
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation", "--skip-download"]
    done = subprocess.run(
        [*command, "--output", "json"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["parsing_errors"] == 0
    results = found["results"]
    return Report(
        passed=found["summary"]["passed"],
        failed={finding(each) for each in results["failed_checks"]},
        skipped={
            finding(each): each["check_result"]["suppress_comment"] for each in results["skipped_checks"]
        },
    )


def finding(check: dict[str, Any]) -> Finding:
    return check["resource"].rpartition(".")[2], check["check_id"]


def without_suppressions(template: Template) -> Template:
    bare = copy.deepcopy(template)
    for resource in bare["Resources"].values():
        resource.get("Metadata", {}).pop("checkov", None)
    return bare


def test_checkov_finds_nothing_but_what_is_suppressed(templates: dict[str, Template], tmp_path: Path) -> None:
    """No failed check, and it did look; each suppression gives a reason of its own."""
    report = scan(templates, tmp_path)
    assert report.failed == set()
    assert report.passed > 20 * len(templates)
    reasons = report.skipped.values()
    assert all(len(reason) > 30 for reason in reasons)
    assert len(set(reasons)) == len(reasons)


def test_every_suppression_is_needed(templates: dict[str, Template], tmp_path: Path) -> None:
    """Without them, exactly those checks fail."""
    bare = scan({name: without_suppressions(each) for name, each in templates.items()}, tmp_path)
    suppressed = {
        (name, skip["id"])
        for template in templates.values()
        for name, resource in template["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
    assert bare.failed == suppressed
    assert bare.skipped == {}
