"""AWS at the network edge, in memory, with AWS's own limits: what it would refuse is refused here."""

from __future__ import annotations

import copy
import hashlib
import io
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import Manifest, encode_manifest

MAX_ITEMS = 25
MAX_KEY_BYTES = 1024  # of an S3 key, and of a DynamoDB sort key


def client_error(code: str, status: int = 400) -> ClientError:
    """A refusal as botocore raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


class FakeDynamo:
    """BatchWriteItem on one table.

    `answer(request_number)` says how a request fares: an exception is raised, a number of items is left
    unprocessed, 0 writes everything. Requests with one of `throttled_customers` are always throttled.
    """

    def __init__(self, table: str, answer: Callable[[int], int | Exception] = lambda _: 0) -> None:
        self.table = table
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.request_sizes: list[int] = []
        self.answer = answer
        self.throttled_customers: set[str] = set()
        self._lock = threading.Lock()

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            puts = self._checked(request["RequestItems"])
            number = len(self.request_sizes)
            self.request_sizes.append(len(puts))
            throttled = any(item["customer_id"]["S"] in self.throttled_customers for item in puts)
            answer = client_error("ThrottlingException") if throttled else self.answer(number)
            if isinstance(answer, Exception):
                raise answer
            written = puts[: max(0, len(puts) - answer)]
            for item in written:
                self.items[item["customer_id"]["S"], item["event_key"]["S"]] = copy.deepcopy(item)
            left = [{"PutRequest": {"Item": item}} for item in puts[len(written) :]]
            return {"UnprocessedItems": {self.table: left} if left else {}}

    def _checked(self, requests: dict[str, Any]) -> list[dict[str, Any]]:
        if set(requests) != {self.table}:
            raise client_error("ResourceNotFoundException")
        puts = [entry["PutRequest"]["Item"] for entry in requests[self.table]]
        keys = [(item["customer_id"]["S"], item["event_key"]["S"]) for item in puts]
        too_long = any(len(sort.encode()) > MAX_KEY_BYTES or not customer for customer, sort in keys)
        if not 1 <= len(puts) <= MAX_ITEMS or len(set(keys)) != len(keys) or too_long:
            raise client_error("ValidationException")
        for item in puts:
            _check_numbers(item)
        return puts


def _check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        if set(value) == {"N"} and not -1e125 < float(value["N"]) < 1e125:  # NaN compares false
            raise client_error("ValidationException")
        for child in value.values():
            _check_numbers(child)
    if isinstance(value, list):
        for child in value:
            _check_numbers(child)


class FakeS3:
    """One bucket. `failing` holds prefixes for which every call is refused; `reads` counts full reads."""

    def __init__(self, page_size: int = 1000) -> None:
        self.objects: dict[str, bytes] = {}
        self.failing: set[str] = set()
        self.reads: list[str] = []
        self.not_modified = 0
        self._page_size = page_size

    def get_object(self, **request: Any) -> dict[str, Any]:
        key = self._available(request["Key"])
        if key not in self.objects:
            raise client_error("NoSuchKey", 404)
        etag = _etag(self.objects[key])
        if request.get("IfNoneMatch") == etag:
            self.not_modified += 1
            raise client_error("304", 304)
        self.reads.append(key)
        return {"Body": io.BytesIO(self.objects[key]), "ETag": etag}

    def put_object(self, **request: Any) -> dict[str, Any]:
        key = self._available(request["Key"])
        if len(key.encode()) > MAX_KEY_BYTES:
            raise client_error("KeyTooLongError")
        self.objects[key] = bytes(request["Body"])
        return {"ETag": _etag(self.objects[key])}

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        self._available(request["Prefix"])
        keys = sorted(key for key in self.objects if key.startswith(request["Prefix"]))
        start = int(request.get("ContinuationToken", "0"))
        page = keys[start : start + self._page_size]
        answer: dict[str, Any] = {"IsTruncated": start + len(page) < len(keys)}
        if page:
            answer["Contents"] = [{"Key": key} for key in page]
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = str(start + len(page))
        return answer

    def copy_object(self, **request: Any) -> dict[str, Any]:
        source = self._available(request["CopySource"]["Key"])
        if source not in self.objects:
            raise client_error("NoSuchKey", 404)
        self.objects[self._available(request["Key"])] = self.objects[source]
        return {}

    def delete_object(self, **request: Any) -> dict[str, Any]:
        self.objects.pop(self._available(request["Key"]), None)
        return {}

    def promote(self, graph: bytes, manifest: Manifest, *, reason: str = "test") -> None:
        """Upload a version and point the champion at it."""
        schema = str(manifest.schema["$id"])
        self.objects[model_key(schema, manifest.version)] = graph
        self.objects[manifest_key(schema, manifest.version)] = encode_manifest(manifest)
        champion = Champion(
            version=manifest.version,
            previous=None,
            promoted_by="test",
            promoted_at="2026-11-20T00:00:00.000Z",
            reason=reason,
        )
        self.objects[champion_key(schema)] = encode_champion(champion)

    def _available(self, key: str) -> str:
        if any(key.startswith(prefix) for prefix in self.failing):
            raise client_error("SlowDown", 503)
        return key


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
