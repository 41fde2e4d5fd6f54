"""Peer: Flask, pandas and scikit-learn behind gunicorn; one request for each event. `make compare` runs it.

As documented: the model is loaded with the module, gunicorn runs 2 × cores + 1 workers of its default kind.
https://gunicorn.org/design

In its favour: the fields are looked for, but neither their types nor their bounds are checked; the event's
time is stored as it was written, never brought to one form; neither reasons nor unseen categories; nobody
deploys it, and no proxy stands before it.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import boto3
import joblib
import pandas as pd
from flask import Flask, abort, jsonify, request

RETENTION = timedelta(days=30)
RISK_SHARDS = 16
OPTIONAL = {"TotalCharges"}

settings: dict[str, Any] = json.loads(Path("settings.json").read_text())
model = joblib.load("model.joblib")
COLUMNS = list(model.feature_names_in_)
table: Any = boto3.resource("dynamodb").Table(settings["table"])
app = Flask(__name__)


@app.post("/predict")
def predict() -> Any:
    event = request.get_json()
    if not event.get("subject") or not event.get("id") or not event.get("time"):
        abort(400, "subject, id and time are required")
    data = event.get("data") or {}
    missing = [name for name in COLUMNS if data.get(name) is None and name not in OPTIONAL]
    if missing:
        abort(400, f"missing: {', '.join(missing)}")
    row = {**data, "SeniorCitizen": str(data["SeniorCitizen"])}
    frame = pd.DataFrame([row], columns=COLUMNS, dtype=object)
    probability = float(model.predict_proba(frame)[0, 1])
    band = band_of(probability)
    now = datetime.now(UTC)
    item = {
        "customer_id": event["subject"],
        "event_key": f"{event['time']}#{event['id']}",
        "probability": Decimal(f"{probability:.6f}"),
        "band": band,
        "model_version": settings["version"],
        "event_time": event["time"],
        "scored_at": now.isoformat(timespec="milliseconds"),
        "expires_at": int((now + RETENTION).timestamp()),
    }
    if band == "high":
        item["risk_shard"] = f"{crc32(event['subject'].encode()) % RISK_SHARDS:02d}"
    table.put_item(Item=item)
    return jsonify(customer_id=event["subject"], probability=probability, band=band)


def band_of(probability: float) -> str:
    if probability >= settings["high"]:
        return "high"
    return "medium" if probability >= settings["medium"] else "low"
