"""The peers that `make bench` compares with: they do the job, and give the pipeline's scores."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import encode_event
from loadtest.bench.agreement import items_of, probabilities_of
from loadtest.peers.items import Boto3Bodies, Facts, ItemMaker, Record, bare_bodies
from loadtest.peers.onnx_batched import EventCheck, OnnxBatched
from loadtest.peers.pandas_batched import PandasBatched, frame_of
from loadtest.peers.pandas_single import PandasSingle
from loadtest.peers.pure_python import PurePython, weights_of
from tests.contract.rows import NOW_MS
from tests.training.tables import SHOP
from training.result import TrainedModel

PEERS = Path(__file__).resolve().parents[2] / "loadtest" / "peers"
ROW = {"months": 12, "spend": 30.5, "plan": "basic", "senior": 0, "app": True}
ROWS = st.fixed_dictionaries(
    {
        "months": st.integers(0, 600),
        "plan": st.sampled_from(["basic", "plus", "pro", "another"]),
        "senior": st.sampled_from([0, 1, 2]),
    },
    optional={
        "spend": st.none() | st.floats(-1000, 1e6, width=32),
        "app": st.none() | st.booleans(),
    },
)


def record_of(row: Mapping[str, Any], customer: str = "ana") -> Record:
    payload = encode_event(customer, row, event_id="1", time_ms=NOW_MS)
    return {"kinesis": {"data": base64.b64encode(payload).decode()}}


class Peers:
    """All peers on one model; hypothesis would print a model whole."""

    def __init__(self, model: TrainedModel) -> None:
        facts = Facts.of(model.manifest, SHOP)
        self.all = [
            PandasBatched(model.pipeline, facts, bare_bodies),
            OnnxBatched(model.onnx, SHOP, facts, bare_bodies),
            PandasSingle(model.pipeline, facts),
            PurePython(weights_of(model.pipeline, SHOP), facts),
        ]
        self._facts = facts
        self._pipeline = model.pipeline

    def expected(self, rows: list[dict[str, Any]]) -> list[float]:
        frame = frame_of(rows, self._facts)
        found: list[float] = self._pipeline.predict_proba(frame)[:, 1].tolist()
        return found


@pytest.fixture(scope="module")
def peers(trained: TrainedModel) -> Peers:
    return Peers(trained)


@given(rows=st.lists(ROWS, min_size=1, max_size=5))
def test_every_peer_gives_the_scores_of_the_pipeline(peers: Peers, rows: list[dict[str, Any]]) -> None:
    """Also for missing and unseen values, and for numbers beyond those of training."""
    records = [record_of(row, f"customer {place}") for place, row in enumerate(rows)]
    for peer in peers.all:
        found = [float(text) for text in probabilities_of(items_of(peer(records))).values()]
        assert found == pytest.approx(peers.expected(rows), abs=2e-6), type(peer).__name__


def test_bodies_without_boto3_are_those_of_boto3(trained: TrainedModel) -> None:
    """The quicker way that the notes speak of leaves nothing out of what is sent."""
    make = ItemMaker(Facts.of(trained.manifest, SHOP))
    event = {"subject": "ana", "id": "1", "time": "2026-11-20T10:00:00Z"}
    items = [make({**event, "subject": f"customer {place}"}, place / 60) for place in range(60)]
    through_boto3 = Boto3Bodies()(items)
    assert list(map(json.loads, bare_bodies(items))) == list(map(json.loads, through_boto3))
    assert [len(items_of([body])) for body in through_boto3] == [25, 25, 10]


def test_the_checks_by_hand_let_a_valid_event_through(trained: TrainedModel) -> None:
    """What may be absent may be absent."""
    check = EventCheck(SHOP)
    assert check(json.loads(encode_event("ana", ROW, event_id="1", time_ms=NOW_MS)))
    few = {name: ROW[name] for name in ("months", "plan", "senior")}
    assert check(json.loads(encode_event("ana", few, event_id="1", time_ms=NOW_MS)))
    facts = Facts.of(trained.manifest, SHOP)
    peer = OnnxBatched(trained.onnx, SHOP, facts, bare_bodies)
    broken = record_of({**ROW, "months": "many"}, "ben")
    assert set(probabilities_of(items_of(peer([record_of(ROW), broken])))) == {"ana"}


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"subject": ""},
        {"id": 7},
        {"time": "yesterday"},
        {"time": "2026-11-20T10:00:00"},
        {"time": None},
        {"data": []},
        {"data": {**ROW, "months": 12.5}},
        {"data": {**ROW, "months": 601}},
        {"data": {**ROW, "months": True}},
        {"data": {**ROW, "months": None}},
        {"data": {**ROW, "spend": "30"}},
        {"data": {**ROW, "plan": ""}},
        {"data": {**ROW, "plan": 3}},
    ],
)
def test_the_checks_by_hand_find_what_is_wrong(change: dict[str, Any]) -> None:
    """A peer that let these through would be quicker by doing less."""
    event = json.loads(encode_event("ana", ROW, event_id="1", time_ms=NOW_MS))
    assert not EventCheck(SHOP)({**event, **change})


def test_what_is_no_object_is_no_event() -> None:
    """Whatever JSON holds."""
    assert not any(map(EventCheck(SHOP), [None, 1, "text", [], {}]))


def test_every_peer_says_what_is_in_its_favour() -> None:
    """In its own file; and it is in the guide of the comparison it is part of, so that anyone may judge."""
    docs = PEERS.parents[1] / "docs"
    benched, compared = ((docs / name).read_text() for name in ("performance.md", "comparison.md"))
    found = [path for path in PEERS.glob("*.py") if path.stem not in {"__init__", "items"}]
    assert len(found) == 10
    for path in found:
        assert "favour" in path.read_text(), path.name
        link = f"(../loadtest/peers/{path.name})"
        assert (link in benched) != (link in compared), path.name
