"""What the peers store about a score, and the bytes that boto3's Table resource makes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.awsrequest import AWSResponse, HTTPHeaders

from contract.manifest import Bands, Manifest
from contract.prediction import HIGH_BAND, risk_shard
from contract.schema import FeatureSchema

TABLE = "predictions"
ITEMS_PER_WRITE = 25  # BatchWriteItem limit
RETENTION = timedelta(days=30)

Record = Mapping[str, Any]  # as Lambda delivers it
Item = dict[str, Any]  # as the Table resource takes it
ToBodies = Callable[[Sequence[Item]], list[bytes]]

_to_dynamo = TypeSerializer().serialize


@dataclass(frozen=True, slots=True)
class Facts:
    """What a peer knows of the model besides the model itself.

    `spelled` are categories that JSON carries as numbers or booleans, `blank` those that may be absent.
    """

    version: str
    bands: Bands
    columns: list[str]
    numeric: list[str]
    categorical: list[str]
    spelled: list[str]
    blank: list[str]

    @classmethod
    def of(cls, manifest: Manifest, schema: FeatureSchema) -> Facts:
        """The facts of one trained model."""
        return cls(
            version=manifest.version,
            bands=manifest.bands,
            columns=list(schema.feature_names),
            numeric=[feature.name for feature in schema.numeric],
            categorical=[feature.name for feature in schema.categorical],
            spelled=[feature.name for feature in schema.categorical if feature.json_type != "string"],
            blank=[feature.name for feature in schema.categorical if not feature.required],
        )


class ItemMaker:
    """Items of one batch, scored now: our attributes but for `reasons` and `unseen`, which peers leave out.

    In their favour too: the event's time is stored as it was written, never brought to one form.
    """

    def __init__(self, facts: Facts) -> None:
        self._version = facts.version
        self._band_of = facts.bands.name_of
        self._scored_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._expires_at = int(time.time() + RETENTION.total_seconds())

    def __call__(self, event: Mapping[str, Any], probability: float) -> Item:
        """One item for the Table resource."""
        band = self._band_of(probability)
        item = {
            "customer_id": event["subject"],
            "event_key": f"{event['time']}#{event['id']}",
            "probability": Decimal(f"{probability:.6f}"),
            "band": band,
            "model_version": self._version,
            "event_time": event["time"],
            "scored_at": self._scored_at,
            "expires_at": self._expires_at,
        }
        if band == HIGH_BAND:
            item["risk_shard"] = risk_shard(event["subject"])
        return item


class Boto3Bodies:
    """The bodies of BatchWriteItem requests for all items, as boto3's Table resource makes them.

    boto3's own code up to the body: its batch writer, its TypeSerializer, its validation and its JSON. A hook
    stops each request before it is signed, and answers that all was written.
    """

    def __init__(self) -> None:
        session = boto3.Session("key", "secret", region_name="us-east-1")
        resource: Any = session.resource("dynamodb")
        resource.meta.client.meta.events.register("before-call.dynamodb.BatchWriteItem", self._keep)
        self._table = resource.Table(TABLE)
        self._bodies: list[bytes] = []

    def __call__(self, items: Sequence[Item]) -> list[bytes]:
        self._bodies = []
        with self._table.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)
        return self._bodies

    def _keep(self, params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        self._bodies.append(params["body"])
        return AWSResponse("", 200, HTTPHeaders(), None), {"UnprocessedItems": {}}


def bare_bodies(items: Sequence[Item]) -> list[bytes]:
    """The same bytes with TypeSerializer and json.dumps alone: less than anyone who uses boto3 can have.

    Without the copies, the validation and the walk through the shapes that lie between them in boto3.
    """
    puts = [{"PutRequest": {"Item": _serialised(item)}} for item in items]
    chunks = (puts[start : start + ITEMS_PER_WRITE] for start in range(0, len(puts), ITEMS_PER_WRITE))
    return [json.dumps({"RequestItems": {TABLE: chunk}}).encode() for chunk in chunks]


def bare_body(item: Item) -> bytes:
    """The body of one PutItem request, made like `bare_bodies`."""
    return json.dumps({"TableName": TABLE, "Item": _serialised(item)}).encode()


def _serialised(item: Item) -> dict[str, Any]:
    return {name: _to_dynamo(value) for name, value in item.items()}
