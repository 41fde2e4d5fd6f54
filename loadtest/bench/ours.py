"""Our side: the scorer's own functions, called as scorer/batch.py and scorer/handler.py call them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import onnxruntime
from aws_lambda_powertools.logging import Logger

from contract.inputs import columns_of, to_inputs
from contract.prediction import Put, event_keys
from loadtest.bench.sandbox import Context
from loadtest.bench.subject import Record, Subject
from loadtest.peers.items import TABLE
from scorer.aws.signed_http import Answer
from scorer.batch import BatchScorer, score
from scorer.champion import ChampionWatcher, News
from scorer.decoding import decode_records, newest_per_customer
from scorer.dynamo import BatchWriter
from scorer.handler import Invocations
from scorer.model import SCORE_OUTPUTS, Model, load_model
from scorer.outcome import Outcome
from scorer.records import Records
from scorer.table import MAX_ITEMS_PER_WRITE
from scorer.time_budget import TimeBudget

RETENTION_DAYS = 30


class Bodies:
    """In the place of the connection to DynamoDB: keeps the bodies, and says that all was written."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._answer = Answer(200, {}, b'{"UnprocessedItems":{}}')

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:  # noqa: ARG002
        """Keep the body."""
        self.sent.append(body)
        return self._answer


class Kernel:
    """What the function does to a batch between the stream and the network: base64 to request bodies."""

    def __init__(self, subject: Subject) -> None:
        self.model = load_model(subject.onnx, subject.manifest)

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """The bodies of BatchWriteItem requests for a batch of Kinesis records."""
        bodies = Bodies()
        write = BatchWriter(bodies, TABLE)
        puts = self.puts(records)
        for start in range(0, len(puts), MAX_ITEMS_PER_WRITE):
            write(puts[start : start + MAX_ITEMS_PER_WRITE])
        return bodies.sent

    def puts(self, records: Sequence[Record]) -> list[Put]:
        """As BatchScorer makes them."""
        decoded = decode_records(records, self.model.decode, retention_days=RETENTION_DAYS)
        keys = event_keys(decoded.events)
        newest = newest_per_customer(decoded.events, keys)
        _, puts = score(
            self.model,
            [decoded.events[index] for index in newest],
            [keys[index] for index in newest],
            now=time.time(),
            retention_days=RETENTION_DAYS,
        )
        return puts


class KernelFloor:
    """Decode, session.run and body alone: what is left of the kernel if all between them cost nothing.

    The rows and the items are there beforehand; base64 and msgspec decode, the graph runs on ready inputs,
    and msgspec encodes ready items.
    """

    def __init__(self, subject: Subject, model: Model, items: Sequence[Any]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self._run = onnxruntime.InferenceSession(subject.onnx, options, providers=providers).run
        self._decode = model.decode
        events = decode_records(subject.records, model.decode, retention_days=RETENTION_DAYS).events
        self._inputs = to_inputs(
            columns_of([event.values for event in events], subject.schema), subject.schema
        )
        puts = [{"PutRequest": {"Item": item}} for item in items]
        step = MAX_ITEMS_PER_WRITE
        self._requests = [{"RequestItems": {TABLE: puts[i : i + step]}} for i in range(0, len(puts), step)]

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """The bodies of the ready items, after the other work was done for its time only."""
        for payload in Records(records).payloads:
            self._decode(payload)
        self._run(SCORE_OUTPUTS, self._inputs)
        return list(map(msgspec.json.encode, self._requests))


def observe(records: Sequence[Record], *, rejected: int) -> Callable[[], object]:
    """One invocation without the scoring: the line of metrics, and one of log where any was rejected."""
    rng = np.random.default_rng(0)
    outcome = Outcome(
        received=len(records),
        written=len(records) - rejected,
        rejected=rejected,
        rejected_kinds={"missing": rejected} if rejected else {},
        high_risk=len(records) // 10,
        score_ms=1.0,
        write_ms=20.0,
        latencies_ms=rng.exponential(500.0, len(records) - rejected).tolist(),
    )
    champion = SimpleNamespace(model=SimpleNamespace(trained_ms=0), take_news=News)
    invocations = Invocations(
        score=cast(BatchScorer, lambda raws, *, deadline: outcome),  # noqa: ARG005
        champion=cast(ChampionWatcher, champion),
        log=Logger(service="bench"),
        service="bench",
        budget=TimeBudget(),
    )
    event = {"Records": list(records)}
    context = Context()
    return lambda: invocations.handle(event, context)


@contextmanager
def quiet() -> Iterator[None]:
    """Where the block prints nowhere, at the price of printing."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        yield
