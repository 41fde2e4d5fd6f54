"""A contestant that is a Lambda function behind an HTTP API; and the processes that functions run in."""

from __future__ import annotations

import io
import sys
import sysconfig
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from loadtest.compare.asked import Asked
from loadtest.compare.ground import PEERS, SETTINGS, WEIGHTS, Ground
from loadtest.compare.watch import children_named, kill
from training.result import TrainedModel

LIBRARIES = sysconfig.get_path("purelib")


class JsonLambda(Asked):
    """A function of its own, and an HTTP API whose one route invokes it."""

    name = "lambda"
    title = "Lambda behind an HTTP API, weights from JSON"
    file = PEERS / "json_lambda.py"

    def __init__(self, ground: Ground, trained: TrainedModel) -> None:
        self._ground = ground
        self._trained = trained
        self._function = f"json-{ground.function}"  # no prefix of the other's sandboxes
        self._api = ""

    def __enter__(self) -> Self:
        self.table = self._ground.table_like_ours(self.name)
        folder = self._ground.lay_out(self.name, self._trained, table=self.table)
        arn = self._create_function(self._zip(folder))
        self._api = self._create_api(arn)
        self.url = f"{self._ground.endpoint_url}/_aws/execute-api/{self._api}/$default/predict"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ground.client("apigatewayv2").delete_api(ApiId=self._api)
        self._ground.client("lambda").delete_function(FunctionName=self._function)
        self._ground.drop(self.table)

    def start(self) -> None:
        """Nothing: Lambda starts it with the first call."""

    def stop(self) -> None:
        """All its sandboxes."""
        kill(self.processes())

    def processes(self) -> list[psutil.Process]:
        """Its sandboxes."""
        return sandboxes_of(self._ground.emulator, self._function)

    def _zip(self, folder: Path) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(self.file, self.file.name)
            for name in (WEIGHTS, SETTINGS):
                archive.write(folder / name, name)
        return buffer.getvalue()

    def _create_function(self, code: bytes) -> str:
        created: Any = self._ground.client("lambda").create_function(
            FunctionName=self._function,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Role="arn:aws:iam::000000000000:role/compare",
            Handler=f"{self.file.stem}.handler",
            Code={"ZipFile": code},
            Timeout=30,
            MemorySize=512,
            # On AWS boto3 comes with the runtime; the emulator has none.
            Environment={"Variables": {"PYTHONPATH": LIBRARIES}},
        )
        return str(created["FunctionArn"])

    def _create_api(self, function: str) -> str:
        gateway = self._ground.client("apigatewayv2")
        api = gateway.create_api(Name=self._function, ProtocolType="HTTP")["ApiId"]
        integration = gateway.create_integration(
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=function,
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        gateway.create_route(ApiId=api, RouteKey="POST /predict", Target=f"integrations/{integration}")
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        return str(api)


def sandboxes_of(emulator: int, function: str) -> list[psutil.Process]:
    """The processes in which the embedded AWS runs a function."""
    return children_named(emulator, f"/ministack-lambda-{function}-")
