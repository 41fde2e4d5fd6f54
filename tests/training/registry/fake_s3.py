"""S3 as far as the registry uses it, with S3's own refusals."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

PAGE = 3  # keys per listing; S3 gives at most 1,000


class FakeS3:
    """Conditional puts answer 412 as S3 does, listings come in pages, keys are sorted.

    `before_put` is called with each key before it is written, and `after_get` after it was read, so that a
    test can fail it or get in between.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.content_types: dict[str, str] = {}
        self.before_put: Callable[[str], None] = _let_pass
        self.after_get: Callable[[str], None] = _let_pass
        self._lock = Lock()

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        with self._lock:
            if Key not in self.objects:
                raise error("NoSuchKey", 404, "GetObject")
            body = self.objects[Key]
        self.after_get(Key)
        return {"Body": io.BytesIO(body), "ETag": etag(body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        ContentType: str,  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
        IfNoneMatch: str | None = None,  # noqa: N803
    ) -> Any:
        self.before_put(Key)
        with self._lock:
            if IfNoneMatch == "*" and Key in self.objects:
                raise error("PreconditionFailed", 412, "PutObject")
            if IfMatch is not None and Key not in self.objects:
                raise error("NoSuchKey", 404, "PutObject")
            if IfMatch is not None and etag(self.objects[Key]) != IfMatch:
                raise error("PreconditionFailed", 412, "PutObject")
            self.objects[Key] = Body
            self.content_types[Key] = ContentType
        return {"ETag": etag(Body)}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "") -> Any:  # noqa: N803
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > ContinuationToken)
        page = {"Contents": [{"Key": key} for key in keys[:PAGE]], "IsTruncated": len(keys) > PAGE}
        return page | ({"NextContinuationToken": keys[PAGE - 1]} if len(keys) > PAGE else {})


def _let_pass(_key: str) -> None:
    pass


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def error(code: str, status: int, operation: str) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)
