"""Contestants in processes of their own, and the stub of AWS that they meet."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from loadtest.bench import sandboxes
from loadtest.bench.arena import PROJECT, unzip
from loadtest.bench.sandboxes import Contestant, ContestantError, cold_start, sandbox
from loadtest.bench.starts import without_compiled_files

LATENCY_SECONDS = 0.05


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[list[int]]:
    """The stub's two ports; its bucket holds one object."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "one").write_bytes(b"a model")
    command = [sys.executable, "-m", "loadtest.bench.stub", str(tmp_path), str(LATENCY_SECONDS)]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.kill()


def client(service: str, port: int) -> Any:
    session = boto3.Session("key", "secret", region_name="us-east-1")
    return session.client(service, endpoint_url=f"http://127.0.0.1:{port}")  # type: ignore[call-overload]


def item(customer: str) -> dict[str, Any]:
    return {"customer_id": {"S": customer}, "event_key": {"S": "1"}, "probability": {"N": "0.5"}}


def written(port: int, method: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request(method, "/written")
    with closing(connection):
        return json.load(connection.getresponse())


def test_the_stub_keeps_what_was_written(ports: list[int]) -> None:
    """By either call, until it is asked to forget."""
    dynamodb = client("dynamodb", ports[0])
    puts = [{"PutRequest": {"Item": item("ana")}}, {"PutRequest": {"Item": item("ben")}}]
    assert dynamodb.batch_write_item(RequestItems={"t": puts})["UnprocessedItems"] == {}
    dynamodb.put_item(TableName="t", Item=item("cem"))
    assert written(ports[1], "GET") == dict.fromkeys(["ana", "ben", "cem"], "0.5")
    assert len(written(ports[0], "DELETE")) == 3
    assert written(ports[0], "GET") == {}


def test_the_second_port_is_a_network_away(ports: list[int]) -> None:
    """No answer there comes before the latency has passed."""
    quickest = []
    for port in ports:
        dynamodb = client("dynamodb", port)
        seconds = []
        for _ in range(10):
            started = time.perf_counter()
            dynamodb.put_item(TableName="t", Item=item("ana"))
            seconds.append(time.perf_counter() - started)
        quickest.append(min(seconds))
    assert quickest[0] < LATENCY_SECONDS <= quickest[1]


def test_the_stub_serves_objects_as_s3_does(ports: list[int]) -> None:
    """With ETags, conditional reads, and NoSuchKey."""
    s3 = client("s3", ports[0])
    found = s3.get_object(Bucket="bench", Key="models/one")
    assert found["Body"].read() == b"a model"
    with pytest.raises(ClientError, match="304"):
        s3.get_object(Bucket="bench", Key="models/one", IfNoneMatch=found["ETag"])
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bench", Key="models/two")


def contestant(folder: Path, code: str) -> Contestant:
    (folder / "theirs.py").write_text(code)
    (folder / "event.json").write_text('{"add": 2}')
    return Contestant(
        entry="theirs:handler", event=folder / "event.json", folder=folder, path=[folder], variables={}
    )


def test_a_sandbox_stays_up_between_invocations(tmp_path: Path) -> None:
    """What a handler keeps in its module it finds again, as in Lambda; what it prints disturbs nothing."""
    code = (
        "import time\ncalls = []\n"
        "def handler(event, context):\n"
        "    calls.append(event['add'])\n    print('noise', flush=True)\n    time.sleep(0.02 * len(calls))\n"
    )
    with sandbox(contestant(tmp_path, code)) as box:
        found = [box.first, box.invoke(), box.invoke()]
    assert all(taken.wall >= 0.02 * call for call, taken in enumerate(found, 1))
    assert all(taken.cpu < taken.wall for taken in found)


def test_a_cold_start_counts_imports(tmp_path: Path) -> None:
    """From the start of the process, by what the system charged to it."""
    idle = cold_start(contestant(tmp_path, "def handler(event, context): pass\n"))
    busy = cold_start(contestant(tmp_path, "sum(range(20_000_000))\ndef handler(event, context): pass\n"))
    assert busy > idle + 0.1


def test_a_contestant_that_fails_is_named_with_its_last_words(tmp_path: Path) -> None:
    """Rather than measured."""
    broken = contestant(tmp_path, "def handler(event, context): raise ValueError('no table')\n")
    with pytest.raises(ContestantError, match=r"theirs:handler failed: ValueError: no table"):
        cold_start(broken)
    with pytest.raises(ContestantError, match="no table"), sandbox(broken):
        pass


def test_a_contestant_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bench that never ends would say nothing at all."""
    monkeypatch.setattr(sandboxes, "PATIENCE_SECONDS", 0.5)
    code = "import time\ndef handler(event, context): time.sleep(60)\n"
    with pytest.raises(ContestantError, match="it said nothing"):
        cold_start(contestant(tmp_path, code))
    with pytest.raises(ContestantError, match="it said nothing"), sandbox(contestant(tmp_path, code)):
        pass


def test_without_compiled_files_each_start_compiles_again(tmp_path: Path) -> None:
    """The package's files, not the standard library's; and nothing is kept for the next start."""
    code = (
        "import pathlib, textwrap, theirs\n"
        "def handler(event, context): pathlib.Path('cached').write_text(theirs.__cached__)\n"
    )
    cold = without_compiled_files(contestant(tmp_path, code), tmp_path / "compiled", packages=[tmp_path])
    cold_start(cold)
    cached = Path((tmp_path / "cached").read_text())
    assert cached.is_relative_to(tmp_path / "compiled")
    assert not cached.exists()
    assert any((tmp_path / "compiled").rglob("textwrap*.pyc"))


@pytest.mark.parametrize(("suffix", "fits"), [(EXTENSION_SUFFIXES[0], True), (".cpython-27-other.so", False)])
def test_only_a_zip_for_this_python_is_unpacked(suffix: str, fits: bool, tmp_path: Path) -> None:
    """Another is not measured, and the note says so."""
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr(f"numpy/core{suffix}", b"")
    assert unzip(tmp_path / "code.zip", tmp_path / "task") is fits
    assert (tmp_path / "task").exists() is fits
