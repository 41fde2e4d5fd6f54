"""Predictions as the writer's input, and what it wrote as predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from contract.prediction import Prediction, Put, Reason, from_item
from contract.put import PutWriter, Scores
from scorer.model import Model


def put_of(prediction: Prediction) -> Put:
    """What the scorer writes for a prediction."""
    names = [reason.feature for reason in prediction.reasons]
    scores = Scores(
        probabilities=[prediction.probability],
        bands=[prediction.band],
        features=[[place] for place in range(len(names))],
        contributions=[[reason.contribution] for reason in prediction.reasons],
        unseen={0: prediction.unseen} if prediction.unseen else {},
    )
    [put] = PutWriter(prediction.model_version, names)(
        scores,
        customer_ids=[prediction.customer_id],
        event_keys=[prediction.event_key],
        scored_at=prediction.scored_at,
        expires_at=[prediction.expires_at],
    )
    return put


def item_of(put: Put) -> dict[str, Any]:
    """The item in DynamoDB's own JSON."""
    item: dict[str, Any] = json.loads(put.request)["PutRequest"]["Item"]
    return item


def predictions_of(puts: Iterable[Put]) -> list[Prediction]:
    """What the items say."""
    return [from_item(item_of(put)) for put in puts]


def reasons_of(scores: Scores, model: Model, row: int = 0) -> list[Reason]:
    """The reasons of one row, by name."""
    names = model.schema.feature_names
    columns = zip(scores.features, scores.contributions, strict=True)
    return [Reason(names[features[row]], contributions[row]) for features, contributions in columns]
