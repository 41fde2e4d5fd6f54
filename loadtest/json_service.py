"""The calls a load test makes, signed and sent without botocore.

Its clients alone would take a good part of a core, and the generator must not be what is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from scorer.aws.credentials import Keys
from scorer.aws.signed_http import SignedHttp, Tls
from scorer.errors import NoAnswerError

READ_SECONDS = 20.0  # an overloaded service is slow, and that is to be measured, not cut off
OK = 200
CONTENT_TYPES = {"kinesis": "application/x-amz-json-1.1", "dynamodb": "application/x-amz-json-1.0"}
TARGETS = {"kinesis": "Kinesis_20131202", "dynamodb": "DynamoDB_20120810"}


class CallError(Exception):
    """A call that AWS refused or never answered; `code` is AWS's word for it, or NoAnswer."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code


class _Failure(msgspec.Struct, rename={"kind": "__type"}):
    kind: str | None = None
    message: Any = None
    Message: Any = None


class JsonService:
    """One AWS service that speaks JSON, over at most `connections` kept-alive connections, from any thread.

    Never retries what was answered; a connection found closed is opened again, so a request may arrive twice.
    """

    def __init__(
        self,
        service: str,
        *,
        url: str,
        region: str,
        credentials: Callable[[], Keys],
        connections: int,
        ca_bundle: str = "",
    ) -> None:
        self._http = SignedHttp(
            service,
            url,
            region=region,
            credentials=credentials,
            tls=Tls(ca_bundle),
            connections=connections,
            read_seconds=READ_SECONDS,
        )
        self._content_type = CONTENT_TYPES[service]
        self._target = TARGETS[service]

    def call(self, action: str, body: bytes) -> bytes:
        """The answer's body. Raises CallError."""
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._target}.{action}"}
        try:
            answer = self._http.send("POST", "/", headers=headers, body=body)
        except NoAnswerError as error:
            raise CallError("NoAnswer", str(error)) from error
        if answer.status != OK:
            raise _failure(answer.status, answer.body)
        return answer.body


def _failure(status: int, body: bytes) -> CallError:
    try:
        found = msgspec.json.decode(body, type=_Failure)
    except ValueError:
        found = _Failure()
    code = (found.kind or "").partition(":")[0].rpartition("#")[2]
    return CallError(code or f"HTTP {status}", str(found.message or found.Message or ""))
