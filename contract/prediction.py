"""A prediction, and the DynamoDB item it is stored as."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from contract.event import format_time

HIGH_BAND = "high"
# Partitions of the by_risk index; one takes 1,000 writes a second, so 16 take 16,000 high-risk scores.
RISK_SHARDS = 16
PROBABILITY_DECIMALS = 6
CONTRIBUTION_DECIMALS = 4

Item = dict[str, dict[str, Any]]


class Reason(msgspec.Struct, frozen=True):
    """One feature's part in a score, in log-odds against the average customer; positive means riskier."""

    feature: str
    contribution: float


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's score for one event. Times are RFC 3339 UTC, `expires_at` seconds since 1970."""

    customer_id: str
    event_key: str
    probability: float
    band: str
    reasons: tuple[Reason, ...]
    unseen: tuple[str, ...]
    model_version: str
    event_time: str
    scored_at: str
    expires_at: int


def event_key(time_ms: int, event_id: str) -> str:
    """Sort key of the table: fixed-width time first, so that key order is event-time order."""
    return f"{format_time(time_ms)}#{event_id}"


def risk_shard(customer_id: str) -> str:
    """The index partition of a customer: stable, and spread evenly over RISK_SHARDS."""
    return f"{zlib.crc32(customer_id.encode()) % RISK_SHARDS:02d}"


def decimal_text(value: float, decimals: int) -> str:
    """A number as DynamoDB takes it, never in exponent notation."""
    return f"{value:.{decimals}f}"


def to_item(prediction: Prediction) -> Item:
    """The item in DynamoDB's own JSON. Only high-risk items carry `risk_shard` and so are in by_risk."""
    item: Item = {
        "customer_id": {"S": prediction.customer_id},
        "event_key": {"S": prediction.event_key},
        "probability": {"N": decimal_text(prediction.probability, PROBABILITY_DECIMALS)},
        "band": {"S": prediction.band},
        "reasons": {"L": [_reason_item(reason) for reason in prediction.reasons]},
        "unseen": {"L": [{"S": name} for name in prediction.unseen]},
        "model_version": {"S": prediction.model_version},
        "event_time": {"S": prediction.event_time},
        "scored_at": {"S": prediction.scored_at},
        "expires_at": {"N": str(prediction.expires_at)},
    }
    if prediction.band == HIGH_BAND:
        item["risk_shard"] = {"S": risk_shard(prediction.customer_id)}
    return item


def _reason_item(reason: Reason) -> dict[str, Any]:
    contribution = decimal_text(reason.contribution, CONTRIBUTION_DECIMALS)
    return {"M": {"feature": {"S": reason.feature}, "contribution": {"N": contribution}}}


def from_item(item: Mapping[str, Any]) -> Prediction:
    """The inverse of to_item, to the stored number of decimals."""
    return Prediction(
        customer_id=item["customer_id"]["S"],
        event_key=item["event_key"]["S"],
        probability=float(item["probability"]["N"]),
        band=item["band"]["S"],
        reasons=tuple(
            Reason(entry["M"]["feature"]["S"], float(entry["M"]["contribution"]["N"]))
            for entry in item["reasons"]["L"]
        ),
        unseen=tuple(entry["S"] for entry in item["unseen"]["L"]),
        model_version=item["model_version"]["S"],
        event_time=item["event_time"]["S"],
        scored_at=item["scored_at"]["S"],
        expires_at=int(item["expires_at"]["N"]),
    )
