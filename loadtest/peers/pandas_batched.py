"""Peer: the fitted scikit-learn pipeline on a whole batch, by way of a DataFrame."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from contract.feature import category_text
from loadtest.peers.items import Facts, ItemMaker, Record, ToBodies


class PandasBatched:
    """base64 → json → one DataFrame → one predict_proba → items → request bodies.

    Leaves out, in its favour: validation, the order of a customer's events, reasons, unseen categories. The
    frame is of dtype object, which is quickest here, and only columns that need it are touched.
    """

    def __init__(self, pipeline: Any, facts: Facts, to_bodies: ToBodies) -> None:
        self._predict = pipeline.predict_proba
        self._facts = facts
        self._to_bodies = to_bodies

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """Request bodies for a batch of Kinesis records."""
        events = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in records]
        frame = frame_of([event["data"] for event in events], self._facts)
        make = ItemMaker(self._facts)
        return self._to_bodies(list(map(make, events, self._predict(frame)[:, 1])))


def frame_of(rows: Sequence[dict[str, Any]], facts: Facts) -> pd.DataFrame:
    """The rows as the pipeline was fitted on them: categories as text, "" where one is missing."""
    frame = pd.DataFrame(rows, columns=facts.columns, dtype=object)
    for name in facts.spelled:
        frame[name] = frame[name].map(category_text, na_action="ignore").astype(object)
    for name in facts.blank:
        frame[name] = frame[name].astype(object).fillna("")
    return frame
