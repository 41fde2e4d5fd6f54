"""The network edge of one function instance: an HTTP proxy that does to a request what a network can."""

from __future__ import annotations

import json
import signal
import socket
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from infra.local.client_settings import HOST
from tests.faults.wire import Message, Response, Upstream, read_message

WRITE = "BatchWriteItem"
GET, PUT = "GetObject", "PutObject"
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST instead of FIN


@dataclass(frozen=True, slots=True)
class Request:
    """What a fault is chosen by.

    `subject` stands for the content, and is the same in every run from one seed: the name of an object, or
    of the written event with the least checksum.
    """

    operation: str
    subject: str
    number: int  # of this operation in its invocation, from 1
    repeat: int  # of this operation and subject in its invocation, from 1


@dataclass
class Exchange:
    """One request of the function, and all that can be done with it."""

    request: Request
    message: Message
    upstream: Upstream
    connection: socket.socket
    signal: Callable[[signal.Signals], None]  # to the function's process
    closing: threading.Event
    over: bool = field(default=False)  # no answer goes back any more

    def forward(self, body: bytes | None = None) -> Response:
        """Pass the request on, perhaps with another body, and give the answer."""
        return self.upstream.send(self.message if body is None else replace(self.message, body=body))

    def answer(self, response: Response) -> None:
        """Answer the function; one that has gone meanwhile does not hear it."""
        with suppress(OSError):
            self.connection.sendall(response.encoded())
        self.over = self.over or response.claims is not None

    def send(self, part: bytes) -> None:
        """Send some bytes as they are."""
        with suppress(OSError):
            self.connection.sendall(part)

    def reset(self) -> None:
        """Break the connection with RST."""
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.over = True

    def wait(self, seconds: float) -> None:
        """Let time pass, unless the edge is closing."""
        self.closing.wait(seconds)


Fault = Callable[[Exchange], None]
Choose = Callable[[Request], Fault | None]  # None: nothing goes wrong


class Edge:
    """Listens for one instance. `begin` says what becomes of the requests of its next invocation."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listener = socket.create_server((HOST, 0))
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._counts: Counter[str] = Counter()
        self._choose: Choose = lambda _: None
        self.signal: Callable[[signal.Signals], None] = lambda _: None
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, name="edge", daemon=True).start()

    def begin(self, choose: Choose) -> None:
        """A new invocation: `choose` gives the fault for each of its requests."""
        with self._lock:
            self._choose, self._counts = choose, Counter()

    def drop_connections(self) -> None:
        """Close what the instance keeps open, as a peer does to a sandbox that was frozen for long."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening, and end every exchange that is still held."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="edge", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        upstream = Upstream(HOST, self._upstream_port)
        try:
            with connection, connection.makefile("rwb") as stream:
                while message := read_message(stream):
                    if self._exchange(message, connection, upstream).over:
                        return
        except (OSError, ValueError):
            return  # the function has gone, or was killed in the middle of a request
        finally:
            upstream.close()
            with self._lock:
                self._connections.discard(connection)

    def _exchange(self, message: Message, connection: socket.socket, upstream: Upstream) -> Exchange:
        operation, subject = identify(message)
        with self._lock:
            self._counts.update([operation, operation + subject])
            number, repeat = self._counts[operation], self._counts[operation + subject]
            choose = self._choose
        request = Request(operation, subject, number, repeat)
        exchange = Exchange(request, message, upstream, connection, self.signal, self._closing)
        fault = choose(request)
        if fault is None:
            exchange.answer(exchange.forward())
        else:
            fault(exchange)
        return exchange


def identify(message: Message) -> tuple[str, str]:
    """The operation of a request and what it is about."""
    target = message.headers.get("x-amz-target", "")
    if target:
        names = (_event_of(item) for item in written_items(message.body))
        return target.rpartition(".")[2], min(names, key=_checksum)
    path = unquote(urlsplit(message.path).path)
    if "/rejected/" in path:
        return ("PutObject" if message.method == "PUT" else "GetObject"), "rejected"
    return ("PutObject" if message.method == "PUT" else "GetObject"), path.rpartition("/")[2]


def written_items(body: bytes) -> list[dict[str, Any]]:
    """The items of a BatchWriteItem request, in DynamoDB's own JSON."""
    tables = json.loads(body)["RequestItems"]
    return [entry["PutRequest"]["Item"] for entries in tables.values() for entry in entries]


def _event_of(item: dict[str, Any]) -> str:
    """Customer and event id: without the time, which is another in every run."""
    return f"{item['customer_id']['S']} {item['event_key']['S'].partition('#')[2]}"


def _checksum(name: str) -> int:
    return zlib.crc32(name.encode())
