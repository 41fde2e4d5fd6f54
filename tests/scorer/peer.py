"""A server on loopback that answers as it is told, or as no server should."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO, NamedTuple

CLOSE = "close"
RESET = "reset"
NO_LINGER = struct.pack("ii", 1, 0)  # close with RST instead of FIN

SLOW_PIECE = 1 << 20  # ten of these a second, where a peer is slow to read

Step = bytes | float | str  # to send, seconds to wait, CLOSE or RESET


class Received(NamedTuple):
    """One request; names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Act = Callable[[int, Received], Iterable[Step]]


def reply(status: int = 200, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """An answer's bytes; `length` lies about the body, underscores in names stand for hyphens."""
    stated = {"Content-Length": str(len(body) if length is None else length)}
    named = stated | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode() + body


def from_dynamo(body: bytes, status: int = 200) -> bytes:
    """An answer with the checksum that DynamoDB adds."""
    return reply(status, body, x_amz_crc32=str(zlib.crc32(body)))


class Peer:
    """Reads requests, on any number of connections at once, and takes the steps `act` gives for each.

    `act` is called with the number of the request, from 0. A connection is kept unless a step ends it.
    """

    def __init__(self, act: Act, tls: ssl.SSLContext | None = None, *, slow_to_read: bool = False) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._act = act
        self._tls = tls
        self._slow_to_read = slow_to_read
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Peer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for open_socket in (self._listener, *self._open):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection.makefile("rb") as stream:
                while request := self._read(stream, connection):
                    with self._lock:
                        number = len(self.requests)
                        self.requests.append(request)
                    for step in self._act(number, request):
                        self._take(connection, step)

    def _read(self, stream: BinaryIO, connection: socket.socket) -> Received | None:
        line = stream.readline().decode()
        if not line:
            return None
        method, target, _ = line.split(" ")
        headers = {}
        while (line := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if "expect" in headers:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b""
        while more := stream.read(min(SLOW_PIECE, int(headers.get("content-length", "0")) - len(body))):
            body += more
            if self._slow_to_read:
                self._closing.wait(0.1)
        return Received(method, target, headers, body)

    def _take(self, connection: socket.socket, step: Step) -> None:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif isinstance(step, float):
            self._closing.wait(step)
        else:
            if step == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            else:
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
            raise OSError(step)


def within(seconds: float, begun: float) -> bool:
    """Whether no more than that has passed since `begun`, on the monotonic clock."""
    return time.monotonic() - begun <= seconds
