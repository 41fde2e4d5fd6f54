"""The bucket as the function uses it: models read, rejected records written.

The command line's side of it, with botocore's client, is scorer.objects.S3Objects; both answer alike.
"""

from __future__ import annotations

import base64
import math
import random
import re
import time
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import quote

from scorer.aws.signed_http import Answer, Http
from scorer.errors import CredentialsError, NoAnswerError, ObjectMissingError, StorageError
from scorer.storage import StoredObject

STORAGE_ATTEMPTS = 2
MAX_PAUSE_SECONDS = 0.2
OK = 200
NOT_MODIFIED = 304
NOT_FOUND = 404
TEMPORARY_STATUSES = frozenset({429, 500, 502, 503, 504})
CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
UNRESERVED = "/-._~"
CHECKSUM = "x-amz-checksum-crc32"
ASK_FOR_CHECKSUM = {"x-amz-checksum-mode": "ENABLED"}


class Bucket:
    """One bucket. Every method raises StorageError (ObjectMissingError where the key does not exist), after
    STORAGE_ATTEMPTS if it may heal.
    """

    def __init__(
        self,
        http: Http,
        name: str,
        *,
        ends: Callable[[], float] = lambda: math.inf,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._name = name
        self._ends = ends
        self._sleep = sleep

    def get(self, key: str) -> StoredObject:
        """The object as it is now."""
        return _stored(self._send("read", "GET", key, ASK_FOR_CHECKSUM, expected={OK}))

    def get_if_changed(self, key: str, etag: str) -> StoredObject | None:
        """The object, or None where it still carries `etag`; an empty `etag` reads unconditionally."""
        if not etag:
            return self.get(key)
        condition = {"If-None-Match": etag}
        answer = self._send("read", "GET", key, ASK_FOR_CHECKSUM | condition, expected={OK, NOT_MODIFIED})
        return None if answer.status == NOT_MODIFIED else _stored(answer)

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write or replace the object; bytes that are changed on the way are refused by S3."""
        headers = {
            "Content-Type": content_type,
            "x-amz-sdk-checksum-algorithm": "CRC32",
            CHECKSUM: _crc32(body),
        }
        self._send("write", "PUT", key, headers, body, expected={OK})

    def _send(
        self,
        verb: str,
        method: str,
        key: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        expected: set[int],
    ) -> Answer:
        path = "/" + quote(key, safe=UNRESERVED)
        for attempt in range(STORAGE_ATTEMPTS):
            if attempt:
                self._sleep(self._short_while())
            try:
                answer = self._http.send(method, path, headers=headers, body=body)
            except CredentialsError as error:
                raise self._failure(verb, key, str(error)) from error
            except NoAnswerError as error:
                trouble = str(error)
                continue
            if answer.status in expected and _is_as_stored(answer):
                return answer
            trouble = _code(answer)
            if answer.status not in TEMPORARY_STATUSES | expected and trouble != "RequestTimeout":
                break
        raise self._failure(verb, key, trouble)

    def _short_while(self) -> float:
        """Seconds, none of them after `ends()` (on the monotonic clock)."""
        jitter = random.random() * MAX_PAUSE_SECONDS  # noqa: S311 (not cryptography)
        return max(0.0, min(jitter, self._ends() - time.monotonic()))

    def _failure(self, verb: str, key: str, trouble: str) -> StorageError:
        kind = ObjectMissingError if trouble in {"NoSuchKey", str(NOT_FOUND)} else StorageError
        return kind(f"s3://{self._name}/{key}: cannot {verb} it ({trouble})")


def _stored(answer: Answer) -> StoredObject:
    return StoredObject(answer.body, answer.headers.get("ETag", ""))


def _is_as_stored(answer: Answer) -> bool:
    """Whether the body is what the checksum says, where S3 has one of all of it."""
    told = answer.headers.get(CHECKSUM, "")
    return answer.status != OK or "-" in told or told in {"", _crc32(answer.body)}


def _crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def _code(answer: Answer) -> str:
    if answer.status == OK:
        return "BadDigest"
    found = CODE.search(answer.body)
    return found[1].decode() if found else str(answer.status)
