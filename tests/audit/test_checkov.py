"""checkov finds nothing in the rendered template; each suppression has its reason beside the resource."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BUILD
from tests.infra.conftest import Render
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL

CHECKOV = BUILD / "checkov-venv" / "bin" / "checkov"
STAGES = ("local", "dev", "prod", "everything")


@pytest.fixture(scope="module")
def reports(render: Render, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What checkov says of each stage, and of production with all that is optional."""
    folder = tmp_path_factory.mktemp("templates")
    for stage in STAGES:
        chosen = ALL_THAT_IS_OPTIONAL if stage == "everything" else {}
        template = render("prod" if stage == "everything" else stage, **chosen)
        (folder / f"{stage}.json").write_text(json.dumps(template, indent=1))
    return {stage: scan(folder / f"{stage}.json") for stage in STAGES}


def scan(template: Path) -> dict[str, Any]:
    """checkov's own JSON. It asks nobody for anything."""
    command = [str(CHECKOV), "--file", str(template), "--framework", "cloudformation", "--skip-download"]
    done = subprocess.run(
        [*command, "--output", "json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("stage", STAGES)
def test_checkov_finds_nothing(reports: dict[str, dict[str, Any]], stage: str) -> None:
    """No failed check, no file that it could not read, and it did look."""
    report = reports[stage]
    failed = [
        f"{each['check_id']} {each['resource']}: {each['check_name']}"
        for each in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 20


def test_every_suppression_is_needed_and_says_why(reports: dict[str, dict[str, Any]], render: Render) -> None:
    """What is asked to be skipped is skipped somewhere, in a sentence of its own."""
    skipped = [each for report in reports.values() for each in report["results"]["skipped_checks"]]
    reasons = {
        (s["resource"].rpartition(".")[2], s["check_id"]): s["check_result"]["suppress_comment"]
        for s in skipped
    }
    asked = functools.reduce(
        set[tuple[str, str]].union, (suppressions(render(stage)) for stage in ("local", "dev", "prod"))
    )
    assert set(reasons) == asked
    assert all(len(reason) > 30 for reason in reasons.values())
    assert len(set(reasons.values())) == len(reasons)


def suppressions(template: dict[str, Any]) -> set[tuple[str, str]]:
    """Resource and check of each."""
    return {
        (name, skip["id"])
        for name, resource in template["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
