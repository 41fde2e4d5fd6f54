"""The users of the load test, as Locust runs them. Each request ends in Locust's statistics.

What is counted as its size (`response_length`) is events for publishing and scores for reading, not bytes: so
Locust's "average size" is the number of records per request.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import gevent
from locust import User, task

from loadtest.json_service import CallError
from loadtest.locust_results import LATEST, PROBE, PUBLISH, TOP
from loadtest.pacing import Rhythm
from loadtest.stream_writer import RefusedError
from loadtest.work import Work
from scorer.errors import StorageError

CUSTOMERS_OF_TOP = 10
# Between two looks of a probe: 5 ms, or 5 % of what it has waited, so that slow probes are no load.
POLL_SECONDS, POLL_SHARE = 0.005, 0.05
PROBE_TIMEOUT_SECONDS = 30.0


class NotReadableError(Exception):
    """A probe's score did not become readable in time."""


class ChurnUser(User):
    """A user in a rhythm. `work` is set by the locustfile before any user starts."""

    abstract = True
    work: ClassVar[Work]
    rhythm: Rhythm

    def interval_seconds(self) -> float:
        """How often this user acts."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Start at a moment of its own, so that users of a kind do not act all at once."""
        self.rhythm = Rhythm(self.interval_seconds(), phase=random.random(), now=time.monotonic())  # noqa: S311
        gevent.sleep(self.rhythm.wait(time.monotonic()))

    def wait_time(self) -> float:
        return self.rhythm.wait(time.monotonic())

    @contextmanager
    def request(self, kind: str, name: str) -> Iterator[dict[str, Any]]:
        """Time a request into Locust's statistics; the block sets `size`, and may set the others."""
        outcome: dict[str, Any] = {"size": 0, "exception": None, "name": name}
        started = time.perf_counter()
        try:
            yield outcome
        except (CallError, RefusedError, StorageError, NotReadableError) as error:
            outcome["exception"] = error
        self.environment.events.request.fire(
            request_type=kind,
            name=outcome["name"],
            response_time=(time.perf_counter() - started) * 1000,
            response_length=outcome["size"],
            exception=outcome["exception"],
            context={"records": outcome["size"]},
        )


class PublishUser(ChurnUser):
    """Publishes `events_per_user` events a second, a fifth of a second's worth per PutRecords."""

    def interval_seconds(self) -> float:
        return self.work.rates.seconds_per_put

    @task
    def publish(self) -> None:
        """One PutRecords; a failure if the stream refused any of its records."""
        with self.request("PutRecords", PUBLISH) as outcome:
            outcome["size"], outcome["exception"] = self.work.publish(self.work.rates.records_per_put)


class ReadUser(ChurnUser):
    """Reads the latest scores of random known customers."""

    fixed_count = 1  # set by the locustfile

    def interval_seconds(self) -> float:
        return self.fixed_count / self.work.rates.reads

    @task
    def latest(self) -> None:
        """One Query for one customer's newest score."""
        customer = self.work.known_customer()
        if customer is None:  # nothing was published long enough ago
            return
        with self.request("Query", LATEST) as outcome:
            outcome["size"] = int(self.work.table.latest_key(customer) is not None)
            if not outcome["size"]:
                outcome["name"] = f"{LATEST}, not there yet"


class TopUser(ChurnUser):
    """Reads who is most at risk now: a query per partition of the index, and one per customer found."""

    fixed_count = 1  # set by the locustfile

    def interval_seconds(self) -> float:
        return self.fixed_count / self.work.rates.tops

    @task
    def top(self) -> None:
        """As `churn scores top` reads them."""
        with self.request("Query", TOP) as outcome:
            outcome["size"] = len(self.work.scores.top(CUSTOMERS_OF_TOP))


class ProbeUser(ChurnUser):
    """Publishes one event and polls until its score is readable: the latency that a person would feel."""

    fixed_count = 1  # set by the locustfile

    def interval_seconds(self) -> float:
        return self.fixed_count / self.work.rates.probes

    @task
    def probe(self) -> None:
        """Time from just before the put until the first read that finds the score."""
        with self.request("end-to-end", PROBE) as outcome:
            started = time.perf_counter()
            event = self.work.put_probe()
            while not self.work.is_readable(event):
                waited = time.perf_counter() - started
                if waited > PROBE_TIMEOUT_SECONDS:
                    raise NotReadableError(f"not readable {PROBE_TIMEOUT_SECONDS:g} s after it was published")
                gevent.sleep(max(POLL_SECONDS, POLL_SHARE * waited))
            self.work.note_latency((time.perf_counter() - started) * 1000)
            outcome["size"] = 1
