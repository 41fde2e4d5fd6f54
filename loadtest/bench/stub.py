"""DynamoDB and S3 as far as contestants call them, in a process of its own, whose CPU is not counted.

It answers at once on its first port, and after a network's latency on its second. GET /written tells which
items were written, DELETE /written tells and forgets. It ends with its parent, when stdin does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

END_OF_HEAD = b"\r\n\r\n"
WRITTEN = "/written"
NOTHING_LEFT = b'{"UnprocessedItems":{}}'
PUT = b"{}"


class Bucket:
    """The objects under a folder, as S3 gives them; their names are keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, if_none_match: str) -> bytes:
        """The answer to GET /bucket/key."""
        file = self._folder / path.lstrip("/").partition("/")[2]
        if not file.is_file():
            body = b"<Error><Code>NoSuchKey</Code></Error>"
            return answer(body, "404 Not Found", "Content-Type: application/xml")
        body = file.read_bytes()
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        if if_none_match == etag:
            return answer(b"", "304 Not Modified", f"ETag: {etag}")
        return answer(body, "200 OK", f"ETag: {etag}", "Content-Type: application/octet-stream")


class Connection(asyncio.Protocol):
    """One client's connection. Requests on it are answered in order, `latency` seconds after they came."""

    def __init__(self, bucket: Bucket, written: dict[str, str], latency: float) -> None:
        self._bucket = bucket
        self._written = written
        self._latency = latency
        self._received = b""
        self._continued = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(END_OF_HEAD)) >= 0:
            head = self._received[:end].decode("latin-1").split("\r\n")
            headers = dict(_headers(head[1:]))
            start = end + len(END_OF_HEAD)
            stop = start + int(headers.get("content-length", 0))
            if len(self._received) < stop:
                if "expect" in headers and not self._continued:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self._continued = True
                return
            body, self._received, self._continued = self._received[start:stop], self._received[stop:], False
            method, target, _ = head[0].split(" ")
            asyncio.get_running_loop().call_later(
                self._latency, self._transport.write, self._answer(method, target, headers, body)
            )

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        path = target.partition("?")[0]
        if path == WRITTEN:
            known = json.dumps(self._written).encode()
            if method == "DELETE":
                self._written.clear()
            return answer(known, "200 OK")
        if method == "GET":
            return self._bucket.get(path, headers.get("if-none-match", ""))
        items, reply = _items_of(headers["x-amz-target"].rpartition(".")[2], body)
        for item in items:
            self._written[item["customer_id"]["S"]] = item["probability"]["N"]
        return answer(reply, "200 OK", f"x-amz-crc32: {zlib.crc32(reply)}")


def _headers(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


def _items_of(operation: str, body: bytes) -> tuple[list[Any], bytes]:
    request = msgspec.json.decode(body)
    if operation == "PutItem":
        return [request["Item"]], PUT
    (puts,) = request["RequestItems"].values()
    return [put["PutRequest"]["Item"] for put in puts], NOTHING_LEFT


def answer(body: bytes, status: str, *headers: str) -> bytes:
    """One HTTP answer, with the headers that AWS always sends."""
    kind = (
        "" if any(header.startswith("Content-Type") for header in headers) else "application/x-amz-json-1.0"
    )
    lines = [
        f"HTTP/1.1 {status}",
        "Server: Server",
        *([f"Content-Type: {kind}"] if kind else []),
        f"Content-Length: {len(body)}",
        "Connection: keep-alive",
        "x-amzn-RequestId: 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEF",
        *headers,
    ]
    return "\r\n".join(lines).encode() + END_OF_HEAD + body


async def serve(folder: Path, latency_seconds: float) -> None:
    """Listen on two ports of this machine, tell both on stdout, and end when stdin ends."""
    loop = asyncio.get_running_loop()
    bucket, written = Bucket(folder), dict[str, str]()
    servers = [
        await loop.create_server(partial(Connection, bucket, written, latency), "127.0.0.1", 0)
        for latency in (0.0, latency_seconds)
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
