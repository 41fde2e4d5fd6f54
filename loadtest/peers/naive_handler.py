"""Peer: the Lambda that most people write. Run by loadtest/bench/sandbox.py, from a folder with its model.

Powertools' BatchProcessor calls a function per record; that decodes with json, predicts, and puts an item
with boto3's Table resource, as the documentation of each shows.
https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/

Like ours it reads its model from S3, and prints one line of metrics. In its favour: onnxruntime with one
thread rather than scikit-learn and pandas, which alone take seconds to import; a known key, without a
champion to look up or a hash to check; no tracer, which the same documentation shows; nothing is logged; no
validation; neither reasons nor unseen categories.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import onnxruntime
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord

RETENTION_SECONDS = 30 * 86_400

# The package's settings: where the model is, its version and bands, the table, which features are numbers.
settings: dict[str, Any] = json.loads(Path("settings.json").read_text())
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
model = boto3.client("s3").get_object(Bucket=settings["bucket"], Key=settings["key"])["Body"].read()
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
table: Any = boto3.resource("dynamodb").Table(settings["table"])
processor = BatchProcessor(event_type=EventType.KinesisDataStreams)
logger = Logger()
metrics = Metrics(namespace="Churn")


def predict(data: dict[str, Any]) -> float:
    """The probability of one row."""
    inputs = {}
    for name in settings["numeric"]:
        inputs[name] = np.array([[data.get(name)]], dtype=np.float32)
    for name in settings["categorical"]:
        inputs[name] = np.array([[str(data[name])]], dtype=object)
    return float(session.run(["probability"], inputs)[0][0, 0])


def band_of(probability: float) -> str:
    """low, medium or high."""
    if probability >= settings["high"]:
        return "high"
    return "medium" if probability >= settings["medium"] else "low"


def record_handler(record: KinesisStreamRecord) -> None:
    """Score one event and store the result."""
    event = record.kinesis.data_as_json()
    probability = predict(event["data"])
    table.put_item(
        Item={
            "customer_id": event["subject"],
            "event_key": f"{event['time']}#{event['id']}",
            "probability": Decimal(f"{probability:.6f}"),
            "band": band_of(probability),
            "model_version": settings["version"],
            "event_time": event["time"],
            "scored_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "expires_at": int(time.time()) + RETENTION_SECONDS,
        }
    )


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> Any:
    """Lambda's way in."""
    metrics.add_metric(name="Records", unit=MetricUnit.Count, value=len(event["Records"]))
    return process_partial_response(
        event=event, record_handler=record_handler, processor=processor, context=context
    )
