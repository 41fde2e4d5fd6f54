"""How much memory the largest batches take: the real handler in a process of its own, as Lambda runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.kpl import aggregated
from tests.scorer.batches import GRAPH, batch_of, event
from tests.scorer.fakes import FakeS3
from tests.scorer.graphs import tiny_manifest
from tests.scorer.peer import Peer, Received, Step, from_dynamo, reply
from tests.scorer.test_settings import VARIABLES

RECORDS = 10_000  # a mapping's largest batch
RECORD_BYTES = 600  # 6 MB in all; Lambda's limit of 6 MB also counts base64 and the envelopes
AGGREGATE_RECORDS = 1_700  # about 1 MB, a Kinesis record's classic limit
MAX_MEBIBYTES = 512  # the smallest memory that is deployed: the local stage's

CHILD = """
import json, resource, sys
from pathlib import Path
def peak_bytes():
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Not ru_maxrss: on Linux that begins with what the process had that started this one.
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
class Context:
    aws_request_id = "request-1"
    def get_remaining_time_in_millis(self):
        return 120_000
from scorer.handler import handler
assert handler({"Records": []}, Context()) == {"batchItemFailures": []}
loaded = peak_bytes()
answer = handler(json.loads(Path(sys.argv[1]).read_bytes()), Context())
print(json.dumps({"answer": answer, "loaded": loaded, "peak": peak_bytes()}))
"""


class Aws:
    """One bucket with a promoted model, and a table that takes everything."""

    def __init__(self) -> None:
        registry = FakeS3()
        registry.promote(GRAPH, tiny_manifest(GRAPH))
        self._objects = registry.objects

    def __call__(self, number: int, request: Received) -> list[Step]:
        if request.method == "POST":
            return [from_dynamo(b'{"UnprocessedItems":{}}')]
        if request.method == "PUT":
            return [reply(200, b"", ETag='"kept"')]
        body = self._objects[request.target.partition("/b/")[2]]
        return [reply(200, body, ETag='"stored"')]


@dataclass(frozen=True)
class Run:
    """What one process answered and needed, and how it left its AWS."""

    emf: dict[str, Any]
    answer: Any
    loaded_mebibytes: float
    peak_mebibytes: float


def run(batch: Sequence[dict[str, Any]], tmp_path: Path) -> Run:
    """Invoke the handler with an empty batch, which loads the model, and then with `batch`."""
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"Records": batch}))
    with Peer(Aws()) as peer:
        environment = VARIABLES | {
            "CHURN_SCHEMA": "tiny",
            "CHURN_BUCKET": "b",
            "AWS_ENDPOINT_URL": peer.url,
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "OPENBLAS_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path)],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    emf = [line for line in lines if "_aws" in line][-1]
    found = lines[-1]
    return Run(emf, found["answer"], found["loaded"] / 2**20, found["peak"] / 2**20)


def events(count: int) -> list[bytes]:
    """As many customers, each with one event of RECORD_BYTES; a field that no schema names fills it up."""

    def sized(number: int) -> bytes:
        chosen: dict[str, Any] = {"event_id": f"e{number:06}", "tenure": number % 100}
        short = event(f"customer-{number:06}", note="", **chosen)
        return event(f"customer-{number:06}", note="x" * (RECORD_BYTES - len(short)), **chosen)

    return [sized(number) for number in range(count)]


def in_aggregates(payloads: Sequence[bytes]) -> list[bytes]:
    """The same, packed by the KPL."""
    starts = range(0, len(payloads), AGGREGATE_RECORDS)
    return [aggregated(payloads[start : start + AGGREGATE_RECORDS]) for start in starts]


@pytest.mark.parametrize(
    ("kind", "ends"),
    [("valid", "EventsWritten"), ("invalid", "EventsRejected"), ("aggregated", "EventsWritten")],
)
def test_the_largest_batch_fits_the_smallest_memory(kind: str, ends: str, tmp_path: Path) -> None:
    """10,000 records, 6 MB of them: all accounted for under 512 MiB, at the peak and with the model."""
    payloads = [b"\x00" * RECORD_BYTES] * RECORDS if kind == "invalid" else events(RECORDS)
    assert {len(payload) for payload in payloads} == {RECORD_BYTES}
    found = run(batch_of(*(in_aggregates(payloads) if kind == "aggregated" else payloads)), tmp_path)
    assert found.answer == {"batchItemFailures": []}
    assert (found.emf["EventsReceived"], found.emf[ends]) == ([RECORDS], [RECORDS])
    assert found.loaded_mebibytes < found.peak_mebibytes < MAX_MEBIBYTES
    print(f"{kind}: {found.loaded_mebibytes:.0f} MiB loaded, {found.peak_mebibytes:.0f} MiB at the peak")
