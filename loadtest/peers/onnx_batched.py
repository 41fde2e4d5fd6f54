"""Peer: onnxruntime on a whole batch, with the standard library's json and checks written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import onnxruntime

from contract.feature import Feature, category_text
from contract.graph import PROBABILITY
from contract.schema import FeatureSchema
from loadtest.peers.items import Facts, ItemMaker, Record, ToBodies

TEXTS = ("id", "source", "type", "subject")


class OnnxBatched:
    """base64 → json → checks → one list per column → one run of the graph → items → request bodies.

    The graph is ours, but only the probability is asked for. Leaves out, in its favour: what is wrong with an
    event that fails a check, events from the future, integers beyond JSON's, the order of a customer's
    events, reasons and unseen categories.
    """

    def __init__(self, onnx: bytes, schema: FeatureSchema, facts: Facts, to_bodies: ToBodies) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._run = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"]).run
        self._features = schema.features
        self._check = EventCheck(schema)
        self._facts = facts
        self._to_bodies = to_bodies

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """Request bodies for the valid ones of a batch of Kinesis records."""
        events = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in records]
        valid = [event for event in events if self._check(event)]
        rows = [event["data"] for event in valid]
        inputs = {feature.name: _column(feature, rows) for feature in self._features}
        (probabilities,) = self._run([PROBABILITY], inputs)
        make = ItemMaker(self._facts)
        return self._to_bodies(list(map(make, valid, probabilities[:, 0].tolist())))


class EventCheck:
    """Whether a parsed document is an event of the schema."""

    def __init__(self, schema: FeatureSchema) -> None:
        self._numbers = [
            (f.name, int if f.json_type == "integer" else (int, float), f.minimum, f.maximum, f.required)
            for f in schema.numeric
        ]
        types = {"string": str, "integer": int, "boolean": bool}
        self._categories = [(f.name, types[f.json_type], f.required) for f in schema.categorical]

    def __call__(self, event: Any) -> bool:
        if not isinstance(event, dict) or event.get("specversion") != "1.0":
            return False
        for name in TEXTS:
            if not isinstance(event.get(name), str) or not event[name]:
                return False
        try:
            if datetime.fromisoformat(event["time"]).tzinfo is None:
                return False
        except (KeyError, TypeError, ValueError):
            return False
        return isinstance(event.get("data"), dict) and self._is_row(event["data"])

    def _is_row(self, data: dict[str, Any]) -> bool:
        for name, kind, minimum, maximum, required in self._numbers:
            value = data.get(name)
            if value is None:
                if required:
                    return False
            elif not isinstance(value, kind) or isinstance(value, bool) or not minimum <= value <= maximum:
                return False
        for name, type_, required in self._categories:
            value = data.get(name)
            if value is None or value == "":
                if required:
                    return False
            elif not isinstance(value, type_):
                return False
        return True


def _column(feature: Feature, rows: Sequence[dict[str, Any]]) -> Any:
    values = [row.get(feature.name) for row in rows]
    if not feature.is_categorical:
        return np.array(values, dtype=np.float32).reshape(-1, 1)
    if feature.json_type != "string":
        values = ["" if value is None else category_text(value) for value in values]
    elif not feature.required:
        values = [value or "" for value in values]
    return np.array(values, dtype=object).reshape(-1, 1)
