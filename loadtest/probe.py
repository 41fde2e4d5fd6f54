"""End-to-end probes: publish one event, wait until its score is readable, say how long that took."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contract.event import format_time
from contract.prediction import event_key
from producer.event_ids import EventIds
from producer.publisher import Publisher
from scorer.read import ScoreReader

POLL_SECONDS = 0.002
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Put → readable, in milliseconds, over `count` probes."""

    count: int
    p50: float
    p95: float


class ProbeTimeoutError(Exception):
    """A probe's score did not become readable in time."""


def probe(publisher: Publisher, scores: ScoreReader, template: bytes) -> tuple[bytes, float]:
    """Publish `template` as a new event of its customer; return it and the seconds until readable.

    Raises ProbeTimeoutError.
    """
    now_ms, event_id = time.time_ns() // 1_000_000, EventIds().new()
    event = json.loads(template) | {"id": event_id, "time": format_time(now_ms)}
    customer, payload = event["subject"], json.dumps(event).encode()

    def put() -> None:
        publisher.send(customer, payload)
        publisher.flush()

    def is_readable() -> bool:
        latest = scores.latest(customer)
        return latest is not None and latest.event_key >= event_key(now_ms, event_id)

    return payload, put_to_readable(put, is_readable)


def put_to_readable(
    put: Callable[[], None],
    is_readable: Callable[[], bool],
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    poll_seconds: float = POLL_SECONDS,
) -> float:
    """Seconds from just before `put` until `is_readable` first says so. Raises ProbeTimeoutError."""
    started = time.perf_counter()
    put()
    while not is_readable():
        if time.perf_counter() - started > timeout_seconds:
            raise ProbeTimeoutError(
                f"an event was not readable {timeout_seconds:g} s after it was published: "
                "look at the scorer's log and `churn rejected list`"
            )
        time.sleep(poll_seconds)
    return time.perf_counter() - started


def summarise(seconds: Sequence[float]) -> Latency:
    """Percentiles of at least two probes."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Latency(len(seconds), p50=1000 * cuts[49], p95=1000 * cuts[94])
