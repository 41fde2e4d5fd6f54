"""What was published, and what AWS holds of it afterwards."""

from __future__ import annotations

import base64
import http.client
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from infra.local.client_settings import FAKE_CREDENTIAL, HOST, REGION
from tests.faults.traffic import Publication

Item = Mapping[str, Any]
Items = dict[tuple[str, str], Item]  # by customer and event key


@dataclass(frozen=True, slots=True)
class Published:
    """A record on the stream; `event_id` is its shard and sequence number, as Lambda writes them."""

    event_id: str
    publication: Publication


@dataclass(frozen=True, slots=True)
class Evidence:
    """What AWS holds.

    `rejected` has, by the event id of a record on the stream, the bytes of each rejected line under the id
    of that line (a sub-record of a KPL aggregate has one of its own); `discarded` the bytes of records in
    the on-failure destination.
    """

    items: Items
    rejected: dict[str, dict[str, bytes]]
    rejected_lines: int
    conflicting: list[str]
    discarded: dict[str, bytes]
    discarded_batches: int


def newest_of(items: Items) -> dict[str, str]:
    """The greatest event key of each customer: its latest score."""
    newest: dict[str, str] = {}
    for customer, key in items:
        newest[customer] = max(newest.get(customer, ""), key)
    return newest


class Bucket:
    """Objects by prefix; one that has not changed since it was last asked for is not read again."""

    def __init__(self, s3: Any, name: str) -> None:
        self._s3 = s3
        self._name = name
        self._read: dict[tuple[str, str], bytes] = {}

    def objects(self, prefix: str) -> Iterator[bytes]:
        """The bytes of all objects under a prefix."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix):
            for found in page.get("Contents", ()):
                known = found["Key"], found["ETag"]
                if known not in self._read:
                    answer = self._s3.get_object(Bucket=self._name, Key=found["Key"])
                    self._read[known] = answer["Body"].read()
                yield self._read[known]


def read_evidence(bucket: Bucket, items: Items, *, schema: str, mapping_id: str) -> Evidence:
    """The rejected objects of a schema and the discarded batches of a mapping, beside what a table holds."""
    rejected: dict[str, dict[str, bytes]] = defaultdict(dict)
    conflicting: list[str] = []
    lines = 0
    for body in bucket.objects(f"rejected/{schema}/"):
        for line in body.splitlines():
            document = json.loads(line)
            lines += 1
            line_id, data = document["event_id"], base64.b64decode(document["data"])
            known = rejected[record_id(line_id)].setdefault(line_id, data)
            if known != data:
                conflicting.append(line_id)
    discarded: dict[str, bytes] = {}
    batches = 0
    for body in bucket.objects(f"aws/lambda/{mapping_id}/"):
        batches += 1
        for record in json.loads(json.loads(body)["payload"])["Records"]:
            discarded[record["eventID"]] = base64.b64decode(record["kinesis"]["data"])
    return Evidence(items, dict(rejected), lines, conflicting, discarded, batches)


def record_id(line_id: str) -> str:
    """The event id of the record that a rejected line came from: `shard:sequence`, without what follows."""
    shard, _, rest = line_id.partition(":")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{shard}:{digits}"


def scan(port: int, table: str) -> Items:
    """Every item of a table of the embedded AWS, as DynamoDB writes it.

    Asked for without boto3, which takes ten times as long to read the answer.
    """
    items: Items = {}
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        page = _ask(port, request)
        for item in page["Items"]:
            items[item["customer_id"]["S"], item["event_key"]["S"]] = item
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _ask(port: int, body: Mapping[str, Any]) -> Any:
    scope = f"{FAKE_CREDENTIAL}/20261120/{REGION}/dynamodb/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.Scan",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    with closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
        connection.request("POST", "/", json.dumps(body), headers)
        answer = connection.getresponse()
        assert answer.status == http.client.OK, answer.status
        return json.load(answer)
