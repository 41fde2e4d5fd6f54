"""S3 at the network edge, in memory, with its own limits: what it would refuse is refused here."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import Manifest, encode_manifest
from tests.scorer.peer import Received, reply

MAX_KEY_BYTES = 1024


def client_error(code: str, status: int = 400) -> ClientError:
    """A refusal as botocore raises it."""
    response: Any = {
        "Error": {"Code": code, "Message": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


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

    def over_http(self, _: int, received: Received) -> list[bytes]:
        """Reads and writes for a Peer, the bucket in the path: what has no right checksum is refused."""
        key = unquote(received.target).split("/", 2)[2]
        condition = received.headers.get("if-none-match")
        try:
            if received.method == "GET":
                found = self.get_object(Key=key, **({"IfNoneMatch": condition} if condition else {}))
                return [reply(200, found["Body"].read(), ETag=found["ETag"])]
            _check_upload(received)
            return [reply(200, ETag=self.put_object(Key=key, Body=received.body)["ETag"])]
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            body = f"<Error><Code>{error.response['Error']['Code']}</Code></Error>".encode()
            return [reply(status, b"" if status == 304 else body)]

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


def _check_upload(received: Received) -> None:
    crc32 = base64.b64encode(zlib.crc32(received.body).to_bytes(4, "big")).decode()
    if received.headers.get("x-amz-checksum-crc32") != crc32:
        raise client_error("BadDigest")
    if received.headers.get("x-amz-content-sha256") != hashlib.sha256(received.body).hexdigest():
        raise client_error("XAmzContentSHA256Mismatch")
