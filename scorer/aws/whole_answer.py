"""Connections whose read timeout bounds an answer from its first byte to its last.

A socket's own timeout bounds each packet, so an answer that drips in a byte at a time could take for ever.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class WholeAnswer(http.client.HTTPResponse):
    """An answer that raises TimeoutError unless all of it is there within the socket's timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Bounded(sock, self.fp.detach()))


class _Bounded(io.RawIOBase):
    """The socket as a file: each read is given what is left of the time there was at the beginning."""

    def __init__(self, sock: socket.socket, raw: Any) -> None:
        timeout = sock.gettimeout()
        self._end = time.monotonic() + (float("inf") if timeout is None else timeout)
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = WholeAnswer


class _TlsConnection(HTTPSConnection):
    response_class = WholeAnswer


class Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
