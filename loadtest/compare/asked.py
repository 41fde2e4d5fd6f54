"""Contestants that are asked: FastAPI and Flask as services, a Lambda behind an HTTP API."""

from __future__ import annotations

import io
import sys
import sysconfig
import zipfile
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from loadtest.compare.contestant import Contestant, Service, cores, free_port
from loadtest.compare.ground import SETTINGS, WEIGHTS, Ground
from loadtest.compare.requests import Poster, post_all
from loadtest.compare.watch import children_named, kill
from loadtest.peers import __path__ as peers_path
from producer.pace import Pace
from training.result import TrainedModel

PEERS = Path(peers_path[0])
LIBRARIES = sysconfig.get_path("purelib")


class Asked(Contestant):
    """One POST for each event."""

    answers = True
    url: str

    def send(self, payload: bytes) -> bool:
        """On a new connection."""
        poster = Poster(self.url)
        try:
            return poster.post(payload)
        finally:
            poster.close()

    def send_all(self, payloads: Sequence[bytes]) -> int:
        """On all connections."""
        return post_all(self.url, payloads)

    def send_at(self, payloads: Sequence[bytes], rate: float) -> int:
        """On all connections, at this rate together."""
        return post_all(self.url, payloads, pace=Pace(rate))


class WebService(Asked):
    """A web server that runs one of the peers' files."""

    def __init__(self, ground: Ground, trained: TrainedModel) -> None:
        self._ground = ground
        self._trained = trained

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """What to give to the interpreter."""

    def __enter__(self) -> Self:
        self.table = self._ground.table_like_ours(self.name)
        folder = self._ground.lay_out(self.name, self._trained, table=self.table)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/predict"
        self._service = Service(self._ground, folder, self.command(port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.stop()
        self._ground.drop(self.table)

    def start(self) -> None:
        """The server with its workers."""
        self._service.start()

    def stop(self) -> None:
        """The server with its workers."""
        self._service.stop()

    def processes(self) -> list[psutil.Process]:
        """The server with its workers."""
        return self._service.processes()

    def send(self, payload: bytes) -> bool:
        """On a new connection. Raises ComparisonError where the server gave up."""
        taken = super().send(payload)
        if not taken:
            self._service.require_running(self.name)
        return taken


class FastApi(WebService):
    """uvicorn with one worker for each core."""

    name = "fastapi"
    title = "FastAPI + pandas + scikit-learn, uvicorn"
    file = PEERS / "fastapi_service.py"
    needs = ("fastapi", "uvicorn", "joblib", "pandas", "sklearn", "boto3")

    def command(self, port: int) -> list[str]:
        """`uvicorn module:app`, without a line of log for each request."""
        app = "loadtest.peers.fastapi_service:app"
        where = ["--host", "127.0.0.1", "--port", str(port)]
        return ["-m", "uvicorn", app, *where, "--workers", str(cores()), "--no-access-log"]


class FlaskApi(WebService):
    """gunicorn with 2 × cores + 1 workers of its default kind."""

    name = "flask"
    title = "Flask + pandas + scikit-learn, gunicorn"
    file = PEERS / "flask_service.py"
    needs = ("flask", "gunicorn", "joblib", "pandas", "sklearn", "boto3")

    def command(self, port: int) -> list[str]:
        """`gunicorn module:app`."""
        workers = str(2 * cores() + 1)
        return [
            *("-m", "gunicorn", "loadtest.peers.flask_service:app"),
            *("--bind", f"127.0.0.1:{port}", "--workers", workers),
        ]


class JsonLambda(Asked):
    """A function of its own, and an HTTP API whose one route invokes it."""

    name = "lambda"
    title = "Lambda behind an HTTP API, weights from JSON"
    file = PEERS / "json_lambda.py"

    def __init__(self, ground: Ground, trained: TrainedModel) -> None:
        self._ground = ground
        self._trained = trained
        self._function = f"{ground.function}-json"
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
