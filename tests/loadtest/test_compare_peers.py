"""The peers of `make compare` that can run here give the scorer's scores; the others run in it alone."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from loadtest.bench.agreement import require_same
from loadtest.compare.asked import FlaskApi
from loadtest.compare.contest import CONTESTANTS, expected_scores, make_payloads
from loadtest.compare.functions import JsonLambda
from loadtest.compare.ground import Ground
from tests.loadtest.test_compare import ground
from training.result import TrainedModel

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 200


class Table:
    """In the place of DynamoDB's: takes what boto3's Table resource takes."""

    def __init__(self) -> None:
        self.items: list[Mapping[str, Any]] = []

    def put_item(self, *, Item: Mapping[str, Any]) -> None:  # noqa: N803 - as boto3 calls it
        assert isinstance(Item["probability"], Decimal)
        self.items.append(Item)

    def probabilities(self) -> dict[str, str]:
        return {f"{item['customer_id']} {item['event_key']}": str(item["probability"]) for item in self.items}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    """What every boto3 resource's Table is."""
    found = Table()

    class Resource:
        def Table(self, name: str) -> Table:  # noqa: N802
            assert name == "scores"
            return found

    monkeypatch.setattr(boto3, "resource", lambda _: Resource())
    return found


@pytest.fixture
def folder(telco_model: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A contestant's folder, as the comparison lays it out; the current one."""
    place: Ground = ground(tmp_path / "contestants")
    laid_out = place.lay_out("peer", telco_model, table="scores")
    monkeypatch.chdir(laid_out)
    return laid_out


@pytest.fixture
def payloads() -> list[bytes]:
    """Of the first two, one has no bill so far, and the other does not speak of it."""
    made = make_payloads(EVENTS)
    events = [json.loads(payload) for payload in made[:2]]
    events[0]["data"]["TotalCharges"] = None
    del events[1]["data"]["TotalCharges"]
    return [*(json.dumps(event).encode() for event in events), *made[2:]]


@pytest.fixture
def expected(telco_model: TrainedModel, payloads: list[bytes]) -> dict[str, str]:
    return {" ".join(key): text for key, text in expected_scores(telco_model, payloads).items()}


def load(file: Path) -> Iterator[ModuleType]:
    """The peer as a module of its own, for as long as a test needs it."""
    spec = importlib.util.spec_from_file_location(f"peer_{file.stem}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_lambda_scores_as_we_do(
    folder: Path, table: Table, payloads: list[bytes], expected: dict[str, str]
) -> None:
    """From its zip's files alone; what is no event is answered with 400 and stored nowhere."""
    shutil.copy(JsonLambda.file, folder)
    for peer in load(folder / JsonLambda.file.name):
        answers = [peer.handler({"body": payload.decode()}, None) for payload in payloads]
        assert {answer["statusCode"] for answer in answers} == {200}
        require_same(expected, table.probabilities(), "lambda")
        assert json.loads(answers[0]["body"])["band"] in {"low", "medium", "high"}
        for broken in ("{", "[]", '{"subject":"ana"}'):
            assert peer.handler({"body": broken}, None)["statusCode"] == 400
    assert len(table.items) == EVENTS


def test_flask_scores_as_we_do(
    folder: Path, table: Table, payloads: list[bytes], expected: dict[str, str]
) -> None:
    """The fitted pipeline, one event at a time; a missing field is a 400 that names it."""
    for peer in load(FlaskApi.file):
        client = peer.app.test_client()
        for payload in payloads:
            answer = client.post("/predict", data=payload, content_type="application/json")
            assert answer.status_code == 200
        require_same(expected, table.probabilities(), "flask")
        event = json.loads(payloads[0])
        del event["data"]["Contract"]
        refused = client.post("/predict", json=event)
        assert (refused.status_code, b"missing: Contract" in refused.data) == (400, True)
    assert len(table.items) == EVENTS


def test_every_contestant_is_in_the_guide_and_says_what_is_in_its_favour() -> None:
    """So that anyone may judge the comparison."""
    guide = (ROOT / "docs" / "comparison.md").read_text()
    for kind in CONTESTANTS.values():
        file: Path = kind.file  # type: ignore[attr-defined]
        assert f"(../{file.relative_to(ROOT)})" in guide
        assert file.suffix == ".json" or "favour" in file.read_text()
