"""Peer: a Lambda behind an HTTP API that scores from a JSON of weights; one call for each event.

What many write who want neither a server nor a library: no numpy, no model file, one zip of a few kilobytes.
`make compare` deploys this file with weights.json and settings.json beside it. One line of log for each call,
as most such handlers print. boto3 comes with the runtime, as on AWS.

In its favour: the curves are laid out beforehand, so that a number costs one bisection; fields are looked
for, but neither types nor bounds are checked; the event's time is stored as it was written; neither reasons
nor unseen categories; HTTP API, the cheaper kind.
"""

import json
import math
import time
from bisect import bisect_right
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import boto3

RETENTION_SECONDS = 30 * 86_400
RISK_SHARDS = 16
HERE = Path(__file__).parent

settings: dict[str, Any] = json.loads((HERE / "settings.json").read_text())
weights: dict[str, Any] = json.loads((HERE / "weights.json").read_text())
levels = [(name, dict(known)) for name, known in weights["levels"]]
table: Any = boto3.resource("dynamodb").Table(settings["table"])


def handler(call: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        event = json.loads(call["body"])
        customer, event_id, event_time = event["subject"], event["id"], event["time"]
        probability = predict(event["data"])
    except (KeyError, TypeError, ValueError) as error:
        return answer(400, {"error": f"not an event: {error!r}"})
    band = band_of(probability)
    item = {
        "customer_id": customer,
        "event_key": f"{event_time}#{event_id}",
        "probability": Decimal(f"{probability:.6f}"),
        "band": band,
        "model_version": settings["version"],
        "event_time": event_time,
        "scored_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "expires_at": int(time.time()) + RETENTION_SECONDS,
    }
    if band == "high":
        item["risk_shard"] = f"{crc32(customer.encode()) % RISK_SHARDS:02d}"
    table.put_item(Item=item)
    print(json.dumps({"request": getattr(context, "aws_request_id", ""), "band": band}))
    return answer(200, {"customer_id": customer, "probability": probability, "band": band})


def predict(data: dict[str, Any]) -> float:
    margin: float = weights["intercept"]
    for curve in weights["curves"]:
        value, knots, heights = data.get(curve["name"]), curve["knots"], curve["heights"]
        if value is None:
            margin += curve["missing"]
            continue
        left = bisect_right(knots, value) - 1
        if left < 0:
            margin += heights[0]
        elif left >= len(curve["slopes"]):
            margin += heights[-1]
        else:
            margin += heights[left] + curve["slopes"][left] * (value - knots[left])
    for name, known in levels:
        margin += known.get(data[name], 0.0)
    return 1 / (1 + math.exp(-margin))


def band_of(probability: float) -> str:
    if probability >= settings["high"]:
        return "high"
    return "medium" if probability >= settings["medium"] else "low"


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
