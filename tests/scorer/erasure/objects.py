"""Objects of rejected records, and those that Lambda writes, as the scorer's own parts make them."""

from __future__ import annotations

import json
from typing import Any

from contract.rejection import Rejected, Rejection
from scorer.records import Records
from scorer.rejected import RejectedWriter
from tests.scorer.batches import record
from tests.scorer.test_rejected import undelivered

WHY = Rejected(Rejection.BAD_JSON, "", "not a JSON object")


class _Kept:
    def __init__(self) -> None:
        self.body = b""

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.body = body


def raw(payload: bytes, position: int = 0, *, key: str = "key") -> dict[str, Any]:
    """A Kinesis record with a partition key of one's choice."""
    made = record(payload, position)
    made["kinesis"]["partitionKey"] = key
    return made


def rejected_object(*raws: dict[str, Any]) -> bytes:
    """The JSON Lines of one batch that was rejected whole."""
    kept = _Kept()
    parts = list(Records(raws))
    RejectedWriter(kept, "tiny").put([(part, WHY) for part in parts], first=parts[0], last=parts[-1])
    return kept.body


def undelivered_object(*raws: dict[str, Any], as_text: bool = True) -> bytes:
    """A batch that Lambda gave up on."""
    event = {"Records": list(raws)}
    return undelivered(json.dumps(event) if as_text else event)
