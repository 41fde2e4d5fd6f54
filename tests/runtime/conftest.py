"""The zip for the runtime's Python, unzipped as under /var/task, and a model for it on the embedded AWS."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import encode_manifest
from infra.build import build_zip
from infra.lambda_runtime import LambdaRuntime, install
from infra.local.stage import LocalStage
from tests.runtime.function import Function
from tests.scorer.batches import GRAPH
from tests.scorer.graphs import SCHEMA_DOCUMENT, tiny_manifest

MakeFunction = Callable[..., Function]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only where this folder is named, as `make test-runtime` does: `make test` downloads no emulator."""
    return None if any("tests/runtime" in argument for argument in config.args) else True


@pytest.fixture(scope="session")
def runtime() -> LambdaRuntime:
    """AWS's own."""
    return install()


@pytest.fixture(scope="session")
def task_root(runtime: LambdaRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built zip, unzipped: all that Lambda puts under /var/task."""
    built = build_zip(runtime.version, out=tmp_path_factory.mktemp("zip") / "scorer.zip")
    folder = tmp_path_factory.mktemp("var") / "task"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def schema(local_aws: LocalStage) -> str:
    """The name of a schema whose champion is the tiny model."""
    name = f"t{uuid.uuid4().hex[:12]}"
    manifest = tiny_manifest(GRAPH, "v1", schema=SCHEMA_DOCUMENT | {"$id": name})
    champion = Champion(
        version="v1",
        previous=None,
        promoted_by="test",
        promoted_at="2026-11-20T00:00:00.000Z",
        reason="test",
    )
    s3 = boto3.client("s3", **local_aws.client_arguments())
    for key, body in (
        (model_key(name, "v1"), GRAPH),
        (manifest_key(name, "v1"), encode_manifest(manifest)),
        (champion_key(name), encode_champion(champion)),
    ):
        s3.put_object(Bucket=local_aws.bucket, Key=key, Body=body)
    return name


@pytest.fixture
def function(
    runtime: LambdaRuntime, task_root: Path, schema: str, local_aws: LocalStage, tmp_path: Path
) -> MakeFunction:
    """Makes the deployed function; `variables` add to those of serverless.yml, or replace them."""
    deployed = {
        "AWS_REGION": local_aws.region,
        "AWS_DEFAULT_REGION": local_aws.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_ENDPOINT_URL": local_aws.endpoint_url,
        "CHURN_SCHEMA": schema,
        "CHURN_STAGE": "local",
        "CHURN_TABLE": local_aws.table,
        "CHURN_BUCKET": local_aws.bucket,
        "POWERTOOLS_SERVICE_NAME": "churn-test",
        "POWERTOOLS_METRICS_NAMESPACE": "ChurnStream",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }

    def make(
        *, task: Path = task_root, variables: dict[str, str] | None = None, **settings: object
    ) -> Function:
        chosen = deployed | (variables or {})
        return Function(runtime, task, tmp_path / "function", variables=chosen, **settings)  # type: ignore[arg-type]

    return make
