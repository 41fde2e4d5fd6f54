"""The ways a churn scorer is usually written, as a competent engineer would, on the same fitted pipeline.

They give a probability and store it; our kernel also validates, orders, explains and flags. The comparison
is in their favour, and `make bench` still requires the same probabilities.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from contract.feature import category_text
from contract.schema import FeatureSchema

Item = dict[str, Any]


class PandasPeer:
    """json → DataFrame → pipeline.predict_proba → items, for a whole batch or one record at a time."""

    def __init__(self, pipeline: Any, schema: FeatureSchema, threshold: float) -> None:
        self._pipeline = pipeline
        self._numeric = [feature.name for feature in schema.numeric]
        self._categorical = [feature.name for feature in schema.categorical]
        self._columns = list(schema.feature_names)
        self._threshold = threshold

    def __call__(self, records: Sequence[Mapping[str, Any]]) -> list[Item]:
        """Items for a batch of Kinesis records."""
        events = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in records]
        frame = pd.DataFrame([event["data"] for event in events], columns=self._columns)
        frame[self._numeric] = frame[self._numeric].astype(np.float32)
        for name in self._categorical:
            frame[name] = frame[name].map(category_text).astype(object)
        probabilities = self._pipeline.predict_proba(frame)[:, 1]
        return [
            {
                "customer_id": event["subject"],
                "event_key": f"{event['time']}#{event['id']}",
                "probability": Decimal(f"{probability:.6f}"),
                "band": "high" if probability >= self._threshold else "low",
            }
            for event, probability in zip(events, probabilities, strict=True)
        ]

    def one_at_a_time(self, records: Sequence[Mapping[str, Any]]) -> list[Item]:
        """The same, one predict per record, as a Flask or FastAPI predictor does."""
        return [item for record in records for item in self([record])]
