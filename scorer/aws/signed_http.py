"""Signed requests to one AWS service, over urllib3's connections.

botocore's clients do the same at several times the CPU per request and twice the cold start. Of what they do
besides, this has bounded time, and no harm from connections kept over a freeze. Retries are the callers'.
Proxies are not used.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from urllib3.exceptions import ClosedPoolError, HTTPError, ProtocolError
from urllib3.util import Timeout

from scorer.aws.credentials import Keys
from scorer.aws.signature import signed
from scorer.aws.whole_answer import Pool, TlsPool
from scorer.errors import NoAnswerError, SettingsError

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
PIECE_BYTES = 65_536
FINAL = 200  # a lower status only announces the answer
USER_AGENT = "churn-stream"
DEFAULT_PORTS = {"http": 80, "https": 443}
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]


class Answer(NamedTuple):
    """An answer that came to its end, whatever it says; names of headers compare without case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """One request, one answer."""

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer: ...


class Tls:
    """One context for all connections: reading the certificates costs 15 ms, so only once and only if needed.

    Verified with `ca_bundle`, or with the certificates botocore would take; TLS 1.2 or newer.
    """

    def __init__(self, ca_bundle: str = "") -> None:
        self._ca_bundle = ca_bundle

    @functools.cached_property
    def context(self) -> ssl.SSLContext:
        certificates = self._ca_bundle or _botocores_certificates()
        try:
            context = ssl.create_default_context(cafile=certificates)
        except OSError as error:
            raise SettingsError(f"AWS_CA_BUNDLE: {certificates}: no certificates ({error})") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class SignedHttp:
    """Requests to `service` under `url`, over kept-alive connections, from any thread.

    No request lasts beyond `ends()`, on the monotonic clock; only the resolver's time is its own.
    """

    def __init__(
        self,
        service: str,
        url: str,
        *,
        region: str,
        credentials: Callable[[], Keys],
        tls: Tls,
        ends: Callable[[], float] = lambda: math.inf,
        connections: int = 1,
        read_seconds: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._url = url
        self._base_path = urlsplit(url).path
        self._host = _host_header(url)
        self._region = region
        self._credentials = credentials
        self._tls = tls
        self._ends = ends
        self._connections = connections
        self._read_seconds = read_seconds
        self._clock = clock
        self._pool: Pool | TlsPool | None = None
        self._lock = threading.Lock()

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """The whole answer to one request; `path` is quoted already. May send it twice.

        Raises NoAnswerError where none came in time, CredentialsError, or SettingsError for a CA bundle that
        cannot be read.
        """
        ready = self._signed(method, path, headers, body)
        pool = self._open_pool()
        try:
            return self._try(pool, method, path, ready, body)
        except (ProtocolError, ClosedPoolError):
            # Most often a connection kept over a freeze, which the peer has closed: then all kept ones are.
            self._discard(pool)
        except HTTPError as error:
            raise self._no_answer(error) from error
        try:
            return self._try(self._open_pool(), method, path, ready, body)
        except HTTPError as error:
            raise self._no_answer(error) from error

    def _try(
        self, pool: Pool | TlsPool, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        try:
            answer = self._ask(pool, method, path, headers, body)
        except HTTPError:
            raise
        except (ValueError, OverflowError) as error:
            # A header or a chunk that cannot be. The text is left out, for it may quote a token.
            raise NoAnswerError(f"{self._service}: {type(error).__name__}") from None
        if answer.status < FINAL:
            # What it announces may still come, and the next request would take it for its own answer.
            self._discard(pool)
            raise NoAnswerError(f"{self._service}: HTTP {answer.status} and no more")
        return answer

    def _ask(
        self, pool: Pool | TlsPool, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        left = self._ends() - time.monotonic()
        if left <= 0:
            raise NoAnswerError(f"{self._service}: no time left to ask")
        answer = pool.urlopen(
            method,
            self._base_path + path,
            body=self._pieces(body) if len(body) > PIECE_BYTES else body or None,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=self._timeout(left),
            decode_content=False,
        )
        return Answer(answer.status, answer.headers, answer.data)

    def _timeout(self, left: float) -> Timeout:
        read_seconds = READ_SECONDS if self._read_seconds is None else self._read_seconds
        return Timeout(connect=min(CONNECT_SECONDS, left), read=min(read_seconds, left), total=left)

    def _signed(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        proven = signed(
            method,
            self._host,
            self._base_path + path,
            headers,
            body,
            keys=self._credentials(),
            service=self._service,
            region=self._region,
            now=self._clock(),
        )
        # Without a length urllib3 would send a body in pieces as chunks, which S3 refuses.
        length = {"Content-Length": str(len(body))} if body else {}
        return {**proven, **length, "Accept-Encoding": "identity", "User-Agent": USER_AGENT}

    def _pieces(self, body: bytes) -> Iterator[bytes]:
        """Each is given CONNECT_SECONDS to leave, where one big body might not leave in that time."""
        for start in range(0, len(body), PIECE_BYTES):
            if time.monotonic() >= self._ends():
                raise TimeoutError("timed out")
            yield body[start : start + PIECE_BYTES]

    def _open_pool(self) -> Pool | TlsPool:
        with self._lock:
            if self._pool is None:
                self._pool = self._make_pool()
            return self._pool

    def _make_pool(self) -> Pool | TlsPool:
        parts = urlsplit(self._url)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return Pool(host, parts.port, maxsize=self._connections, socket_options=SOCKET_OPTIONS)
        return TlsPool(
            host,
            parts.port,
            maxsize=self._connections,
            socket_options=SOCKET_OPTIONS,
            ssl_context=self._tls.context,
        )

    def _discard(self, pool: Pool | TlsPool) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.close()

    def _no_answer(self, error: HTTPError) -> NoAnswerError:
        return NoAnswerError(f"{self._service}: {type(error).__name__}")


def _host_header(url: str) -> str:
    """As http.client will send it: the port only where it is not the scheme's own."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    usual = parts.port in {None, DEFAULT_PORTS[parts.scheme]}
    return host if usual else f"{host}:{parts.port}"


def _botocores_certificates() -> str:
    """The certificates that come with botocore, which need not be imported for that."""
    found = importlib.util.find_spec("botocore")
    assert found, "botocore is in the Lambda zip"
    assert found.origin
    return str(Path(found.origin).parent / "cacert.pem")
