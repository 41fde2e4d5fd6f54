"""A versioned bucket at the network edge, in memory: newest first, with delete markers and S3's refusals.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

from tests.scorer.fakes import client_error


class Stored(NamedTuple):
    """One version; `body` is None for a delete marker."""

    version_id: str
    body: bytes | None


class VersionedS3:
    """`before_write` is called with the key of each conditional request: a test can get in between."""

    def __init__(self, page_size: int = 2) -> None:
        self.keys: dict[str, list[Stored]] = {}  # newest first
        self.content_types: dict[str, str] = {}
        self.reads: list[tuple[str, str]] = []
        self.before_write: Callable[[str], None] = lambda _: None
        self.failing: set[str] = set()
        self._page_size = page_size
        self._numbers = count(1)

    def add(self, key: str, body: bytes | None) -> None:
        """As some other writer does: an object, or a delete marker."""
        self.keys.setdefault(key, []).insert(0, Stored(f"v{next(self._numbers)}", body))

    def bodies(self) -> list[bytes]:
        """All bytes that anybody could still read."""
        return [each.body for versions in self.keys.values() for each in versions if each.body is not None]

    def current(self, key: str) -> bytes | None:
        """What a plain GET gives."""
        versions = self.keys.get(key)
        return versions[0].body if versions else None

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        self._fail("list")
        entries = [
            (key, each, place == 0)
            for key in sorted(self.keys)
            if key.startswith(request["Prefix"])
            for place, each in enumerate(self.keys[key])
        ]
        marker = (request.get("KeyMarker"), request.get("VersionIdMarker"))
        start = next((n + 1 for n, (k, each, _) in enumerate(entries) if (k, each[0]) == marker), 0)
        page = entries[start : start + self._page_size]
        answer: dict[str, Any] = {"IsTruncated": start + len(page) < len(entries)}
        if shown := [_entry(*each) for each in page if each[1].body is not None]:
            answer["Versions"] = shown
        if answer["IsTruncated"]:
            answer |= {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": page[-1][1].version_id}
        return answer

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._fail("get")
        self.reads.append((request["Key"], request["VersionId"]))
        for each in self.keys.get(request["Key"], ()):
            if each.version_id == request["VersionId"] and each.body is not None:
                return {"Body": io.BytesIO(each.body), "ETag": etag(each.body)}
        raise client_error("NoSuchVersion", 404)

    def put_object(self, **request: Any) -> dict[str, Any]:
        self._fail("put")
        self._require_match(request)
        self.content_types[request["Key"]] = request["ContentType"]
        self.add(request["Key"], bytes(request["Body"]))
        return {}

    def delete_object(self, **request: Any) -> dict[str, Any]:
        self._fail("delete")
        key = request["Key"]
        if "VersionId" in request:
            left = [each for each in self.keys.get(key, ()) if each.version_id != request["VersionId"]]
            self.keys[key] = left
            if not left:
                del self.keys[key]
        else:
            self._require_match(request)
            self.add(key, None)
        return {}

    def _require_match(self, request: dict[str, Any]) -> None:
        self.before_write(request["Key"])
        if "IfMatch" not in request:
            return
        current = self.current(request["Key"])
        if current is None:
            raise client_error("NoSuchKey", 404)
        if etag(current) != request["IfMatch"]:
            raise client_error("PreconditionFailed", 412)

    def _fail(self, verb: str) -> None:
        if verb in self.failing:
            raise client_error("AccessDenied", 403)


def _entry(key: str, version: Stored, is_latest: bool) -> dict[str, Any]:
    assert version.body is not None
    return {"Key": key, "VersionId": version.version_id, "ETag": etag(version.body), "IsLatest": is_latest}


def etag(body: bytes) -> str:
    """As S3 makes it of an object that came in one piece."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
