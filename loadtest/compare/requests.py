"""The client of contestants that are asked: one POST for each event, on a few connections kept open."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from producer.pace import Pace

CONNECTIONS = 8
TIMEOUT_SECONDS = 30.0
HEADERS = {"Content-Type": "application/json"}
OK = 200


class Poster:
    """One connection to one URL. It is opened again where the other side closed it, but nothing is resent."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(
            parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS
        )

    def post(self, body: bytes) -> bool:
        """Whether the answer was 200."""
        try:
            self._connection.request("POST", self._path, body, HEADERS)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return answer.status == OK

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def post_all(url: str, bodies: Sequence[bytes], *, pace: Pace | None = None) -> int:
    """Post each body once, on CONNECTIONS at a time, and say how many were answered with 200."""
    work, lock = iter(bodies), threading.Lock()
    counts = [0] * CONNECTIONS

    def run(place: int) -> None:
        poster = Poster(url)
        for body in _shared(work, lock):
            if pace:
                pace.wait()
            counts[place] += poster.post(body)
        poster.close()

    _in_threads(run, CONNECTIONS)
    return sum(counts)


def _shared(work: Iterator[bytes], lock: threading.Lock) -> Iterator[bytes]:
    while True:
        with lock:
            body = next(work, None)
        if body is None:
            return
        yield body


def _in_threads(run: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
