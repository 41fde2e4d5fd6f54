"""Peer: boto3's DynamoDB client, one batch_write_item after the other. Run by loadtest/bench/sandbox.py."""

from __future__ import annotations

from typing import Any

import boto3

ITEMS_PER_WRITE = 25  # BatchWriteItem limit

client: Any = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - as Lambda calls it
    """Write all items, given in DynamoDB's own JSON, and send what was left unprocessed again.

    In its favour: the low-level client, which takes items as they are; the items exist already; one
    connection is kept open.
    """
    table, items = event["table"], event["items"]
    puts = [{"PutRequest": {"Item": item}} for item in items]
    for start in range(0, len(puts), ITEMS_PER_WRITE):
        left = {table: puts[start : start + ITEMS_PER_WRITE]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]
