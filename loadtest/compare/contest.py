"""All contestants, one after the other, on one model and the same events."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from contract.schema import load_schema
from loadtest.bench.agreement import Item
from loadtest.bench.ours import Kernel
from loadtest.bench.subject import CANDIDATE, SCHEMA, Record, Subject
from loadtest.compare.asked import FastApi, FlaskApi
from loadtest.compare.contestant import Contestant, missing_modules
from loadtest.compare.effort import Effort
from loadtest.compare.errors import ComparisonError
from loadtest.compare.functions import JsonLambda
from loadtest.compare.ground import Ground
from loadtest.compare.match import Match
from loadtest.compare.result import Result
from loadtest.compare.store import Key
from loadtest.compare.streamed import Bytewax, Ours
from producer.synthetic import customers, events
from training.data.dataset import table_from_rows
from training.result import TrainedModel
from training.workflow import train

SEED = 1
CONTESTANTS: Mapping[str, Callable[[Ground, TrainedModel], Contestant]] = {
    kind.name: kind for kind in (Ours, FastApi, FlaskApi, JsonLambda, Bytewax)
}

Say = Callable[[str], object]


def compare(
    ground: Ground, trained: TrainedModel, effort: Effort, only: Sequence[str], say: Say
) -> list[Result]:
    """Measure the contestants that are named, in the order of CONTESTANTS, on this model.

    One whose libraries are not installed is said and left out. Raises ComparisonError, and
    DifferentScoresError where one does not give the scores that the scorer's own code gives.
    """
    ground.serve(trained)
    payloads = make_payloads(effort.total)
    expected = expected_scores(trained, payloads)
    results = []
    for name, make in CONTESTANTS.items():
        if name not in only:
            continue
        contestant = make(ground, trained)
        if lacking := missing_modules(ground.python, contestant.needs):
            say(f"{name} is left out: no {', '.join(lacking)} here; not every Python and machine has wheels")
            continue
        results.append(Match(ground, effort, payloads, expected, say).play(contestant))
    if not results:
        raise ComparisonError(f"none of {', '.join(only)} can run here: name others with --only")
    return results


def train_model(rows: int) -> TrainedModel:
    """The one model that all use."""
    table = table_from_rows(customers(SCHEMA, rows, seed=0), load_schema(SCHEMA), "synthetic")
    return train(table, load_schema(SCHEMA), candidates=(CANDIDATE,))


def make_payloads(count: int) -> list[bytes]:
    """Events of as many customers, so that nobody, ours included, may skip one for a newer one."""
    now_ms = time.time_ns() // 1_000_000
    made = events(SCHEMA, count, SEED, customers=count, now_ms=now_ms)
    return [event.payload for event in islice(made, count)]


def expected_scores(trained: TrainedModel, payloads: Sequence[bytes]) -> dict[Key, str]:
    """What the scorer's own code makes of these events, in this process."""
    subject = Subject(trained.schema, trained.manifest, trained.onnx, trained.pipeline, ())
    puts = Kernel(subject).puts([record_of(payload) for payload in payloads])
    items: list[Item] = [json.loads(put.request)["PutRequest"]["Item"] for put in puts]
    return {
        (item["customer_id"]["S"], item["event_key"]["S"]): str(item["probability"]["N"]) for item in items
    }


def record_of(payload: bytes) -> Record:
    """As much of a Kinesis record as the scorer reads."""
    return {
        "eventID": "shardId-000000000000:1",
        "kinesis": {
            "data": base64.b64encode(payload).decode(),
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": time.time(),
        },
    }
