"""Scores read back: a customer's latest, the history, and who is most at risk.

pynamodb models the table here. Only readers import this module; it is no part of the Lambda.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from contract.prediction import HIGH_BAND, RISK_SHARDS, Prediction, Reason, risk_shard
from scorer.errors import StorageError

HISTORY_PAGE = 100
RISK_PAGE = 25


class ReasonAttribute(MapAttribute[str, Any]):
    """One entry of `reasons`."""

    feature = UnicodeAttribute()
    contribution = NumberAttribute()


class ByRisk(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """High-risk items only, in RISK_SHARDS partitions, each ordered by probability."""

    class Meta:
        index_name = "by_risk"
        projection = AllProjection()

    risk_shard = UnicodeAttribute(hash_key=True)
    probability = NumberAttribute(range_key=True)


class PredictionItem(Model):
    """One item of the predictions table, as contract.prediction.to_item writes it.

    A subclass with a Meta says which table; `prediction_table` makes one.
    """

    customer_id = UnicodeAttribute(hash_key=True)
    event_key = UnicodeAttribute(range_key=True)
    probability = NumberAttribute()
    band = UnicodeAttribute()
    reasons = ListAttribute(of=ReasonAttribute)
    unseen = ListAttribute(of=UnicodeAttribute)
    model_version = UnicodeAttribute()
    event_time = UnicodeAttribute()
    scored_at = UnicodeAttribute()
    expires_at = NumberAttribute()
    risk_shard = UnicodeAttribute(null=True)
    by_risk = ByRisk()

    def to_prediction(self) -> Prediction:
        """The item as a value."""
        return Prediction(
            customer_id=self.customer_id,
            event_key=self.event_key,
            probability=float(self.probability),
            band=self.band,
            reasons=tuple(Reason(entry.feature, float(entry.contribution)) for entry in self.reasons),
            unseen=tuple(str(name) for name in self.unseen),
            model_version=self.model_version,
            event_time=self.event_time,
            scored_at=self.scored_at,
            expires_at=int(self.expires_at),
        )

    @classmethod
    def from_prediction(cls, prediction: Prediction) -> PredictionItem:
        """The inverse of to_prediction; only a high risk is put into by_risk."""
        is_high = prediction.band == HIGH_BAND
        return cls(
            customer_id=prediction.customer_id,
            event_key=prediction.event_key,
            probability=prediction.probability,
            band=prediction.band,
            reasons=[
                ReasonAttribute(feature=r.feature, contribution=r.contribution)  # type: ignore[no-untyped-call]
                for r in prediction.reasons
            ],
            unseen=list(prediction.unseen),
            model_version=prediction.model_version,
            event_time=prediction.event_time,
            scored_at=prediction.scored_at,
            expires_at=prediction.expires_at,
            risk_shard=risk_shard(prediction.customer_id) if is_high else None,
        )


def prediction_table(
    table: str,
    *,
    region_name: str | None = None,
    endpoint_url: str | None = None,
    aws_access_key_id: str | None = None,
    aws_secret_access_key: str | None = None,
) -> type[PredictionItem]:
    """The model bound to one table; what is not given comes from AWS's standard variables and files."""
    meta = {
        "table_name": table,
        "region": region_name,
        "host": endpoint_url,
        "aws_access_key_id": aws_access_key_id,
        "aws_secret_access_key": aws_secret_access_key,
    }
    return type("BoundPredictionItem", (PredictionItem,), {"Meta": type("Meta", (), meta)})


class ScoreReader:
    """Reads the predictions table. Every method raises StorageError where DynamoDB refuses or is not there.

    DynamoDB deletes expired items late, so they are filtered out here.
    """

    def __init__(self, items: type[PredictionItem], *, clock: Callable[[], float] = time.time) -> None:
        self._items = items
        self._clock = clock

    def latest(self, customer_id: str) -> Prediction | None:
        """The score of a customer's newest event, or None for a customer without one: one Query, one item."""
        # Expiry follows the event's time: where the newest has expired, so have all before it.
        return next(filter(self._is_current, self._newest_first(customer_id, page_size=1, limit=1)), None)

    def history(self, customer_id: str, limit: int) -> list[Prediction]:
        """Up to `limit` scores of a customer, newest event first."""
        predictions = self._newest_first(customer_id, page_size=HISTORY_PAGE)
        return list(islice(filter(self._is_current, predictions), limit)) if limit > 0 else []

    def top(self, limit: int) -> list[Prediction]:
        """The customers most at risk now, highest probability first, one item each.

        Only customers whose latest score is high: an older high score does not count.
        """
        found: list[Prediction] = []
        latest_keys: dict[str, str] = {}
        shards = [self._riskiest_first(f"{shard:02d}", limit) for shard in range(RISK_SHARDS)]
        candidates = heapq.merge(*shards, key=lambda prediction: -prediction.probability)
        while len(found) < limit and (prediction := next(candidates, None)):
            customer_id = prediction.customer_id
            if customer_id not in latest_keys:
                latest = self.latest(customer_id)
                latest_keys[customer_id] = latest.event_key if latest else ""
            if prediction.event_key == latest_keys[customer_id]:
                found.append(prediction)
        return found

    def _newest_first(
        self, customer_id: str, *, page_size: int, limit: int | None = None
    ) -> Iterator[Prediction]:
        return _predictions(
            lambda: self._items.query(customer_id, scan_index_forward=False, page_size=page_size, limit=limit)
        )

    def _riskiest_first(self, shard: str, limit: int) -> Iterator[Prediction]:
        pages = _predictions(
            lambda: self._items.by_risk.query(
                shard, scan_index_forward=False, page_size=min(limit, RISK_PAGE)
            )
        )
        return filter(self._is_current, pages)

    def _is_current(self, prediction: Prediction) -> bool:
        return prediction.expires_at > self._clock()


def _predictions(query: Callable[[], Iterator[PredictionItem]]) -> Iterator[Prediction]:
    try:
        for item in query():
            yield item.to_prediction()
    except PynamoDBException as error:
        cause = getattr(error, "cause_response_code", None) or type(error.__cause__ or error).__name__
        raise StorageError(f"the predictions table cannot be read ({cause}); is the stage up?") from error
