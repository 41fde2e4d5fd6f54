"""Contestants that are asked: FastAPI and Flask as services."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psutil

from loadtest.compare.contestant import Contestant, Service, cores, free_port
from loadtest.compare.ground import PEERS, Ground
from loadtest.compare.requests import Poster, post_all
from producer.pace import Pace
from training.result import TrainedModel


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
