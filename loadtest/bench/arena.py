"""Where contestants that call AWS meet: a stub of DynamoDB and S3, and folders with what each deploys."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import count
from pathlib import Path
from typing import Any

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.event import format_time
from contract.manifest import encode_manifest
from loadtest.bench.sandboxes import Contestant
from loadtest.bench.subject import SCHEMA, Subject
from loadtest.peers.items import TABLE

PROJECT = Path(__file__).resolve().parents[2]
LIBRARIES = Path(sysconfig.get_path("purelib"))
LATENCY_SECONDS = 0.006
BUCKET = "bench"
_numbers = count()
# As Lambda sets them for everyone; the keys open nothing.
LAMBDA = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "token" * 60,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
}
# As serverless.yml sets them for our function.
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
OURS = {
    "CHURN_SCHEMA": SCHEMA,
    "CHURN_STAGE": "bench",
    "CHURN_TABLE": TABLE,
    "CHURN_BUCKET": BUCKET,
    **THREADS,
}


@dataclass(frozen=True)
class Arena:
    """The contestants' folders, and the stub's addresses: at once, and after a network's latency."""

    folder: Path
    prompt: str
    distant: str
    unzipped: bool

    @property
    def task(self) -> list[Path]:
        """What our handler imports from: the unzipped package, or the checkout and its libraries."""
        return [self.folder / "task"] if self.unzipped else [PROJECT, LIBRARIES]

    def contestant(
        self,
        entry: str,
        event: Mapping[str, Any],
        *,
        distant: bool = False,
        path: Sequence[Path] = (PROJECT, LIBRARIES),
        settings: Mapping[str, str] = OURS,
    ) -> Contestant:
        """A handler that will be given this event, near to the stub or a network away."""
        file = self.folder / f"event-{next(_numbers)}.json"
        address = self.distant if distant else self.prompt
        variables = {**LAMBDA, **settings, "AWS_ENDPOINT_URL": address}
        file.write_text(json.dumps({**event, "variables": variables}))
        return Contestant(
            entry=entry,
            event=file,
            folder=self.folder / "naive",
            path=path,
            variables=variables,
        )

    def take_written(self) -> dict[str, str]:
        """Probabilities written since the last call, by customer, as DynamoDB's text."""
        request = urllib.request.Request(f"{self.prompt}/written", method="DELETE")  # noqa: S310 - our stub
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            found: dict[str, str] = json.load(answer)
        return found


@contextmanager
def arena(subject: Subject, package: Path | None) -> Iterator[Arena]:
    """Everything laid out and the stub up, until the block ends.

    `package` is the Lambda zip; it is used where it was built for this Python.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = Path(temporary)
        lay_out_bucket(folder / "bucket", subject)
        lay_out_naive(folder / "naive", subject)
        unzipped = package is not None and unzip(package, folder / "task")
        command = [sys.executable, "-m", "loadtest.bench.stub", str(folder / "bucket"), str(LATENCY_SECONDS)]
        with subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as stub:
            assert stub.stdout
            prompt, distant = (f"http://127.0.0.1:{port}" for port in json.loads(stub.stdout.readline()))
            try:
                yield Arena(folder, prompt, distant, unzipped)
            finally:
                stub.kill()


def lay_out_bucket(folder: Path, subject: Subject) -> None:
    """The registry with the one model as champion."""
    manifest = subject.manifest
    champion = Champion(
        version=manifest.version,
        previous=None,
        promoted_by="bench",
        promoted_at=format_time(0),
        reason="bench",
    )
    for key, body in (
        (champion_key(SCHEMA), encode_champion(champion)),
        (manifest_key(SCHEMA, manifest.version), encode_manifest(manifest)),
        (model_key(SCHEMA, manifest.version), subject.onnx),
    ):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(body)


def lay_out_naive(folder: Path, subject: Subject) -> None:
    """The folder that the naive handler runs in: its model, and its settings."""
    folder.mkdir()
    (folder / "model.onnx").write_bytes(subject.onnx)
    settings = {
        "version": subject.manifest.version,
        "table": TABLE,
        "bucket": BUCKET,
        "key": model_key(SCHEMA, subject.manifest.version),
        "medium": subject.manifest.bands.medium,
        "high": subject.manifest.bands.high,
        "numeric": [feature.name for feature in subject.schema.numeric],
        "categorical": [feature.name for feature in subject.schema.categorical],
    }
    (folder / "settings.json").write_text(json.dumps(settings))


def unzip(package: Path, folder: Path) -> bool:
    """Unpack a Lambda zip that this Python can run; False for another."""
    with zipfile.ZipFile(package) as archive:
        if not any(name.endswith(EXTENSION_SUFFIXES[0]) for name in archive.namelist()):
            return False
        archive.extractall(folder)
    return True
