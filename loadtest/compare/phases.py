"""The phases of a match. Each takes events that the contestant has not seen before."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from loadtest.compare.contestant import Contestant, wait_until
from loadtest.compare.errors import ComparisonError
from loadtest.compare.store import Store, key_of
from loadtest.compare.watch import age_seconds
from loadtest.probe import ProbeTimeoutError, put_to_readable

PATIENCE_SECONDS = 60.0  # until what was sent is readable, or nothing more becomes so
RETRY_SECONDS = 0.01  # while a server is not up yet
ANSWERED_SECONDS = 2.0  # for one that answers: when all calls have ended, nothing more will come
LAST_ONES = 16  # events: looked for until they are there, for at the end of a burst all others are too
LOOK_SECONDS = 0.02
SETTLE_LOOK_SECONDS = 0.5
BETWEEN_PROBES_SECONDS = 0.011  # no divisor of the polling interval, so that probes fall anywhere into it
KILLED_AFTER = 0.3  # of the events around a crash


class Probed(NamedTuple):
    """Seconds from just before sending an event until it was sent (and answered), and until readable."""

    sent: float
    readable: float


def cold_start(contestant: Contestant, store: Store, payload: bytes) -> float:
    """Seconds from the start of its first process until the first score is readable. Raises ComparisonError.

    What comes before is left out for all: here it is the emulator that unpacks a zip, elsewhere the platform
    that fetches an image or boots a machine.
    """
    key = key_of(payload)
    contestant.stop()
    contestant.start()
    if not wait_until(
        lambda: contestant.send(payload), timeout_seconds=PATIENCE_SECONDS, every_seconds=RETRY_SECONDS
    ):
        raise ComparisonError(f"{contestant.name} took no event in {PATIENCE_SECONDS:g} s")
    if not wait_until(lambda: store.is_readable(key), timeout_seconds=PATIENCE_SECONDS):
        raise ComparisonError(f"{contestant.name}: the first score was not there in {PATIENCE_SECONDS:g} s")
    return max(map(age_seconds, contestant.processes()), default=0.0)


def burst(contestant: Contestant, store: Store, payloads: Sequence[bytes]) -> float:
    """Seconds from before the first is sent until all are readable. Raises ComparisonError."""
    last = [key_of(payload) for payload in payloads[-LAST_ONES:]]
    started = time.perf_counter()
    taken = contestant.send_all(payloads)
    if taken < len(payloads):
        raise ComparisonError(
            f"{contestant.name} refused {len(payloads) - taken:,} of {len(payloads):,} events"
        )
    wait_until(
        lambda: all(store.is_readable(key) for key in last),
        timeout_seconds=PATIENCE_SECONDS,
        every_seconds=LOOK_SECONDS,
    )
    seconds = time.perf_counter() - started
    missing = settle(store, payloads, PATIENCE_SECONDS)
    if missing:
        raise ComparisonError(f"{contestant.name} left {missing:,} of {len(payloads):,} events unscored")
    return seconds


def probe(contestant: Contestant, store: Store, payload: bytes) -> Probed:
    """One event on its own, a little after the one before."""
    key = key_of(payload)
    sent = 0.0
    time.sleep(BETWEEN_PROBES_SECONDS)

    def put() -> None:
        nonlocal sent
        started = time.perf_counter()
        if not contestant.send(payload):
            raise ComparisonError(f"{contestant.name} refused an event")
        sent = time.perf_counter() - started

    try:
        readable = put_to_readable(put, lambda: store.is_readable(key))
    except ProbeTimeoutError:
        raise ComparisonError(f"{contestant.name}: an event that it took got no score") from None
    return Probed(sent, readable)


def crash(contestant: Contestant, store: Store, payloads: Sequence[bytes], rate: float) -> int:
    """Kill it while events come at a steady rate, start it again at once; how many never get a score.

    Each event is sent once, whatever becomes of it: nobody helps.
    """
    killer = threading.Timer(KILLED_AFTER * len(payloads) / rate, _kill_and_start, (contestant,))
    killer.start()
    try:
        contestant.send_at(payloads, rate)
    finally:
        killer.join()
    return settle(store, payloads, ANSWERED_SECONDS if contestant.answers else PATIENCE_SECONDS)


def _kill_and_start(contestant: Contestant) -> None:
    contestant.stop()
    contestant.start()


def settle(store: Store, payloads: Sequence[bytes], patience_seconds: float) -> int:
    """How many of these events have no score once nothing has moved for so long."""
    keys = frozenset(map(key_of, payloads))
    best, moved = len(keys) + 1, time.perf_counter()
    while True:
        missing = len(keys) - len(store.probabilities(keys))
        if not missing:
            return 0
        if missing < best:
            best, moved = missing, time.perf_counter()
        if time.perf_counter() - moved > patience_seconds:
            return missing
        time.sleep(SETTLE_LOOK_SECONDS)
