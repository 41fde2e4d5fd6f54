"""Peer: FastAPI, pandas and scikit-learn behind uvicorn; one request for each event. `make compare` runs it.

As FastAPI's documentation recommends: the body is a pydantic model, the model is loaded in the lifespan, the
path operation is a plain `def`, since it blocks, and uvicorn runs one worker for each core.
https://fastapi.tiangolo.com/advanced/events/ · https://fastapi.tiangolo.com/deployment/server-workers/

In its favour: no access log; boto3's low-level client, which threads may share, with the item written by
hand; neither reasons nor unseen categories; nobody deploys it, and no load balancer stands before it.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import boto3
import joblib
import pandas as pd
from botocore.config import Config
from fastapi import FastAPI
from pydantic import AwareDatetime, BaseModel, Field

RETENTION = timedelta(days=30)
RISK_SHARDS = 16

settings: dict[str, Any] = json.loads(Path("settings.json").read_text())
state: dict[str, Any] = {}


class Customer(BaseModel):
    gender: str
    SeniorCitizen: int
    Partner: str
    Dependents: str
    tenure: int = Field(ge=0, le=1200)
    PhoneService: str
    MultipleLines: str
    InternetService: str
    OnlineSecurity: str
    OnlineBackup: str
    DeviceProtection: str
    TechSupport: str
    StreamingTV: str
    StreamingMovies: str
    Contract: str
    PaperlessBilling: str
    PaymentMethod: str
    MonthlyCharges: float = Field(ge=0, le=100_000)
    TotalCharges: float | None = Field(default=None, ge=0, le=10_000_000)


class Event(BaseModel):
    id: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    time: AwareDatetime
    data: Customer


class Prediction(BaseModel):
    customer_id: str
    probability: float
    band: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - as FastAPI calls it
    state["model"] = joblib.load("model.joblib")
    state["dynamodb"] = boto3.client("dynamodb", config=Config(max_pool_connections=40))
    yield
    state.clear()


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
def predict(event: Event) -> Prediction:
    row = event.data.model_dump() | {"SeniorCitizen": str(event.data.SeniorCitizen)}
    frame = pd.DataFrame([row], dtype=object)
    probability = float(state["model"].predict_proba(frame)[0, 1])
    band = band_of(probability)
    time, now = stamp(event.time), datetime.now(UTC)
    item = {
        "customer_id": {"S": event.subject},
        "event_key": {"S": f"{time}#{event.id}"},
        "probability": {"N": f"{probability:.6f}"},
        "band": {"S": band},
        "model_version": {"S": settings["version"]},
        "event_time": {"S": time},
        "scored_at": {"S": stamp(now)},
        "expires_at": {"N": str(int((now + RETENTION).timestamp()))},
    }
    if band == "high":
        item["risk_shard"] = {"S": f"{crc32(event.subject.encode()) % RISK_SHARDS:02d}"}
    state["dynamodb"].put_item(TableName=settings["table"], Item=item)
    return Prediction(customer_id=event.subject, probability=probability, band=band)


def band_of(probability: float) -> str:
    if probability >= settings["high"]:
        return "high"
    return "medium" if probability >= settings["medium"] else "low"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
