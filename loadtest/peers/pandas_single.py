"""Peer: the fitted scikit-learn pipeline, one event at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from loadtest.peers.items import Facts, ItemMaker, Record, bare_body
from loadtest.peers.pandas_batched import frame_of


class PandasSingle:
    """What a predictor behind Flask or FastAPI does for one request: a DataFrame of one row, predict_proba.

    Leaves out, in its favour: the web framework, its HTTP and its validation, boto3, and what
    PandasBatched leaves out.
    """

    def __init__(self, pipeline: Any, facts: Facts) -> None:
        self._predict = pipeline.predict_proba
        self._facts = facts

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """The bodies of one PutItem request for each of the records."""
        return [self.one(record) for record in records]

    def one(self, record: Record) -> bytes:
        """The body of a PutItem request for one Kinesis record."""
        event = json.loads(base64.b64decode(record["kinesis"]["data"]))
        frame = frame_of([event["data"]], self._facts)
        return bare_body(ItemMaker(self._facts)(event, self._predict(frame)[0, 1]))
