"""HTTP/1.1 as far as an AWS client and the embedded AWS speak it: whole messages, read and written."""

from __future__ import annotations

import http.client
import zlib
from dataclasses import dataclass, replace
from typing import Any

CRC_HEADER = "x-amz-crc32"
# Of one connection, so not to be passed on; the length is written anew.
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Message:
    """A request as received. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A response; its length is that of its body unless `claims` says otherwise."""

    status: int
    headers: dict[str, str]
    body: bytes
    claims: int | None = None

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        length = len(self.body) if self.claims is None else self.claims
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP_HEADERS}
        lines = [f"{name}: {value}" for name, value in (kept | {"Content-Length": str(length)}).items()]
        status = f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Unknown')}"
        return "\r\n".join([status, *lines, "", ""]).encode("latin-1") + self.body

    def with_body(self, body: bytes) -> Response:
        """The same response with another body, and the checksum that belongs to it."""
        return replace(self, headers=self.headers | {CRC_HEADER: str(zlib.crc32(body))}, body=body)


def read_message(stream: Any) -> Message | None:
    """The next request of a connection, opened as a file; None where the peer has closed it.

    A client that asks first (`Expect: 100-continue`, as for an upload to S3) is told to go on.
    """
    first = stream.readline()
    if not first:
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    headers = {name.lower(): value for name, value in http.client.parse_headers(stream).items()}
    if headers.get("expect", "").lower() == "100-continue":
        stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        stream.flush()
    body = stream.read(int(headers.get("content-length", 0)))
    return Message(method, path, headers, body)


class Upstream:
    """The embedded AWS, over one connection that is opened again where it has gone stale."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=30)

    def send(self, message: Message) -> Response:
        """Pass a request on, and give the whole answer."""
        try:
            return self._send(message)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            return self._send(message)

    def close(self) -> None:
        self._connection.close()

    def _send(self, message: Message) -> Response:
        headers = {name: value for name, value in message.headers.items() if name not in HOP_HEADERS}
        headers.pop("expect", None)
        self._connection.request(message.method, message.path, body=message.body or None, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        return Response(answer.status, dict(answer.getheaders()), body)
