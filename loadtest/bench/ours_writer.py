"""Our writes, on items that exist already: the other side of loadtest/peers/boto3_client.py, in a sandbox."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from contract.prediction import Put
from scorer.aws.credentials import Credentials
from scorer.aws.endpoints import read_endpoints
from scorer.aws.signed_http import SignedHttp, Tls
from scorer.dynamo import BatchWriter
from scorer.table import WRITES_IN_FLIGHT, PredictionTable

TIMEOUT_SECONDS = 60


def handler(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - as Lambda calls it
    """Write all items, given in DynamoDB's own JSON. To the peer's favour the kernel's part is here again:
    the items become text, which otherwise never were objects.
    """
    puts = [
        Put(
            item["customer_id"]["S"],
            item["event_key"]["S"],
            msgspec.json.encode({"PutRequest": {"Item": item}}).decode(),
        )
        for item in event["items"]
    ]
    table = table_of(event["table"], tuple(event["variables"].items()))
    left = table.put(puts, deadline=time.monotonic() + TIMEOUT_SECONDS)
    assert not left


@functools.cache
def table_of(name: str, variables: tuple[tuple[str, str], ...]) -> PredictionTable:
    """The table as scorer/handler.py wires it."""
    given: Mapping[str, str] = dict(variables)
    endpoints = read_endpoints(given)
    http = SignedHttp(
        "dynamodb",
        endpoints.dynamodb,
        region=endpoints.region,
        credentials=Credentials(given),
        tls=Tls(endpoints.ca_bundle),
        ends=lambda: math.inf,
        connections=WRITES_IN_FLIGHT,
    )
    return PredictionTable(BatchWriter(http, name))
