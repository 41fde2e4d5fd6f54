"""The GitHub workflows: pinned, little trusted, and calling what the Makefile has."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
# The one way to name an action: a commit, and which release that is for the reader.
PINNED = re.compile(r"^\s*(?:- )?uses: ([\w./-]+)@([0-9a-f]{40}) # v(\d+\.\d+\.\d+)$")


def load(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / name).read_text()))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FILES:
        for name, job in load(path.name)["jobs"].items():
            yield f"{path.stem}/{name}", job


def steps_of(name: str, job: str) -> list[str]:
    """What each step runs or uses, without the commit."""
    steps = load(name)["jobs"][job]["steps"]
    return [step.get("run") or step["uses"].split("@")[0] for step in steps]


def test_zizmor_finds_nothing() -> None:
    """No template injection, no persisted token, no overly broad permission, no unpinned action, offline."""
    zizmor = Path(sys.executable).parent / "zizmor"
    command = [str(zizmor), "--offline", "--quiet", "--no-progress", str(ROOT / ".github")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_action_is_pinned_by_commit_and_the_same_everywhere() -> None:
    """With its version in a comment; a local workflow is this commit's own."""
    pins: dict[str, set[tuple[str, str]]] = {}
    for path in FILES:
        for line in path.read_text().splitlines():
            if "uses:" in line and "uses: ./" not in line:
                found = PINNED.match(line)
                assert found, f"{path.name}: {line.strip()}"
                pins.setdefault(found[1], set()).add((found[2], found[3]))
    assert len(pins) >= 6
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_job_may_more_than_it_says(path: Path) -> None:
    """Nothing by default; each job names its own, and writes nothing but an attestation."""
    workflow = load(path.name)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        written = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert written <= {"id-token", "attestations"}, name


def test_every_job_ends() -> None:
    """A job that hangs costs minutes, not six hours."""
    for name, job in jobs():
        assert "uses" in job or 1 <= job["timeout-minutes"] <= 125, name


def test_no_checkout_leaves_a_token_behind() -> None:
    """The job's token is not written to where the next steps could read it."""
    for name, job in jobs():
        for step in job.get("steps", ()):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_no_long_lived_key_is_used_anywhere() -> None:
    """AWS is reached by OIDC with a role from the environment's variables; there is no secret at all."""
    for path in FILES:
        text = path.read_text()
        assert "secrets." not in text, path.name
        assert "aws-access-key-id" not in text
    assert "role-to-assume: ${{ vars.AWS_ROLE_ARN }}" in (FOLDER / "deploy.yml").read_text()


def test_the_workflows_call_the_makefile() -> None:
    """Every target exists, and everything that a person checks is checked here too."""
    called = {t for path in FILES for t in re.findall(r"run: make ([a-z-]+)", path.read_text())}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert called <= targets
    assert called >= {"lint", "test", "test-runtime", "demo", "package", "sbom", "deploy", "smoke"}


def test_prod_comes_after_dev_was_deployed_and_tried() -> None:
    """Tested and built once, then dev with its smoke test, then prod; two deployments never overlap."""
    release = load("release.yml")["jobs"]
    assert release["ci"]["uses"] == "./.github/workflows/ci.yml"
    assert release["dev"]["needs"] == "ci"
    assert "dev" in release["prod"]["needs"]
    assert "needs.dev.result == 'success'" in release["prod"]["if"]
    assert [release[stage]["with"]["stage"] for stage in ("dev", "prod")] == ["dev", "prod"]
    deploy = load("deploy.yml")["jobs"]["deploy"]
    assert deploy["environment"] == "${{ inputs.stage }}"
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": False}


def test_what_is_installed_never_sees_the_session() -> None:
    """Set up and downloaded first; then signed in, deployed from the downloaded zip, and tried."""
    steps = steps_of("deploy.yml", "deploy")
    order = [
        "make setup",
        "actions/download-artifact",
        "aws-actions/configure-aws-credentials",
        "make deploy",
    ]
    places = [next(n for n, step in enumerate(steps) if step.startswith(name)) for name in order]
    assert places == sorted(places)
    assert 'ZIP="build/lambda/churn-py3.13-$ARCH.zip"' in steps[places[-1]]
    assert steps[places[-1] + 1] == "make smoke"


def test_the_zip_that_is_kept_is_the_one_that_is_deployed_and_attested() -> None:
    """One name for it, in the job that builds it and in those that take it on."""
    package = load("ci.yml")["jobs"]["package"]
    assert set(package["strategy"]["matrix"]["arch"]) == {"x86_64", "arm64"}
    upload = package["steps"][-1]["with"]
    assert upload["name"] == "lambda-${{ matrix.arch }}"
    kept = upload["path"].splitlines()
    assert kept[:2] == ["build/lambda/churn-py3.13-${{ matrix.arch }}.zip", "build/sbom.cdx.json"]
    attest = load("release.yml")["jobs"]["attest"]["steps"]
    assert attest[0]["with"]["name"] == "lambda-${{ matrix.arch }}"
    assert attest[-1]["with"] == {"subject-path": "build/lambda/*.zip", "sbom-path": "build/sbom.cdx.json"}
