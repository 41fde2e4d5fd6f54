"""Serverless Framework 3 packages the same file to the same template, so nobody is tied to osls, its fork."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BUILD
from tests.infra.conftest import Render
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL, TEMPLATE, Service, refusals

SERVERLESS = BUILD / "serverless3" / "node_modules" / ".bin" / "serverless"


@pytest.fixture(scope="module")
def serverless3(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("serverless3"), tool=SERVERLESS)


def comparable(template: dict[str, Any]) -> Any:
    """Without the time of packaging in the key of the zip, and without each tool's own hash of a version."""
    key = template["Resources"]["ScorerLambdaFunction"]["Properties"]["Code"]["S3Key"]
    text = json.dumps(template).replace(json.dumps(key), '"zip"')
    return json.loads(re.sub(r"ScorerLambdaVersion\w+", "ScorerLambdaVersion", text))


@pytest.mark.parametrize("stage", ["local", "dev", "prod", "everything"])
def test_it_packages_to_the_same_template(
    serverless3: Service, render: Render, stage: str, tmp_path: Path
) -> None:
    """Each stage as it is, and production with all that is optional."""
    chosen = ALL_THAT_IS_OPTIONAL if stage == "everything" else {}
    named = "prod" if stage == "everything" else stage
    done = serverless3.package(tmp_path, named, **chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    made = json.loads((tmp_path / TEMPLATE).read_text())
    assert comparable(made) == comparable(render(named, **chosen))


def test_it_knows_all_but_the_newest_python(serverless3: Service, tmp_path: Path) -> None:
    """It is no longer maintained, and warns of a Python after 3.11, but of nothing else."""
    newest = serverless3.package(tmp_path / "new", "dev")
    assert (newest.stdout + newest.stderr).count("at 'provider.runtime'") == 1
    known = serverless3.package(tmp_path / "known", "dev", python="3.11")
    assert "nvalid configuration" not in known.stdout + known.stderr
    assert known.returncode == 0


@pytest.mark.parametrize("chosen", [{"memoryMegabytes": 64}, {"shards": 0}])
def test_it_refuses_what_osls_refuses(
    serverless3: Service, tmp_path: Path, chosen: dict[str, object]
) -> None:
    """In the same line, also what its own schema would only warn of."""
    done = serverless3.package(tmp_path, "dev", **chosen)
    assert done.returncode != 0
    [line] = [line for line in (done.stdout + done.stderr).splitlines() if "parameter" in line]
    assert line == refusals([("dev", chosen)])[0]
