"""Events to a Kinesis stream: for `churn publish`, and for people's own services."""

from __future__ import annotations

import atexit
import math
import threading
import zlib
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from contract.event import DEFAULT_SOURCE, encode_event
from contract.rejection import Rejected, Rejection
from contract.schema import FeatureSchema
from producer.delivery import MAX_ATTEMPTS, MAX_BACKOFF_SECONDS, Retry, deliver
from producer.edge import Edge, now_ms
from producer.errors import InvalidEventError, NotPublishedError
from producer.event_ids import EventIds
from producer.kinesis import KinesisClient, Record, Refused, connect, record_of
from producer.lane import Lane
from producer.pace import Pace
from producer.subject import subject_of

DEFAULT_LANES = 4
MAX_BATCH_AGE_SECONDS = 0.1
# Refused events are kept, with their bytes, until taken; beyond this many, publishing stops with an error.
MAX_REFUSED_KEPT = 10_000


class Counts(NamedTuple):
    """Events of one publisher so far; what was handed in and is in neither is still on its way."""

    published: int
    refused: int


class Publisher:
    """Batches events and sends them, several requests at a time; use it as a context manager.

        with Publisher.to_stream("churn-dev-events") as publisher:
            publisher.publish("7590-VHVEG", {"tenure": 1, "Contract": "Month-to-month"})

    Every event handed in ends either published or in `take_refused()`; leaving the context with refused
    events untaken raises NotPublishedError, which holds them. Events of one customer are sent in the order
    they were handed in; a refused one may be overtaken while it is resent, so readers order by event time.
    `publish` may be called from any thread and waits while the stream is behind. With a `schema`, an event
    that the scorer would reject raises InvalidEventError instead of being sent.
    """

    def __init__(
        self,
        client: KinesisClient,
        stream_name: str,
        *,
        schema: FeatureSchema | None = None,
        rate: float | None = None,
        max_attempts: int = MAX_ATTEMPTS,
        max_backoff_seconds: float = MAX_BACKOFF_SECONDS,
        lanes: int = DEFAULT_LANES,
        max_batch_age_seconds: float = MAX_BATCH_AGE_SECONDS,
        source: str = DEFAULT_SOURCE,
    ) -> None:
        self.stream_name = stream_name
        self._client = client
        self._edge = Edge(schema) if schema else None
        self._pace = Pace(rate) if rate is not None else None
        self._retry = Retry(max_attempts=max_attempts, cap_seconds=max_backoff_seconds)
        self._source = source
        self._ids = EventIds()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._published = self._refused_count = 0
        self._refused: list[Refused] = []
        self._failure: NotPublishedError | None = None
        self._lanes = [
            Lane(self._deliver, max_age_seconds=max_batch_age_seconds, name=f"{stream_name}-lane-{number}")
            for number in range(lanes)
        ]
        atexit.register(self._close_loudly)

    @classmethod
    def to_stream(
        cls,
        stream_name: str,
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        schema: FeatureSchema | None = None,
        rate: float | None = None,
        lanes: int = DEFAULT_LANES,
    ) -> Self:
        """A publisher with its own client, which follows the standard AWS variables and profiles."""
        client = connect(endpoint_url=endpoint_url, region=region, connections=lanes)
        return cls(client, stream_name, schema=schema, rate=rate, lanes=lanes)

    def publish(
        self,
        customer_id: str,
        data: Mapping[str, object],
        *,
        event_id: str | None = None,
        time_ms: int | None = None,
    ) -> str:
        """Send a customer's features, and return the event id.

        `time_ms` is when the change happened (milliseconds since 1970 UTC), by default now. Pass your own
        `event_id` where you may publish the same event twice: equal ids are one event. NaN and None are
        missing values; infinity raises InvalidEventError.
        """
        for name, value in data.items():
            if isinstance(value, float) and math.isinf(value):  # JSON has no infinity; it would become null
                raise InvalidEventError(Rejected(Rejection.OUT_OF_RANGE, name, "expected a finite number"))
        event_id = event_id or self._ids.new()
        payload = encode_event(
            customer_id,
            data,
            event_id=event_id,
            time_ms=now_ms() if time_ms is None else time_ms,
            source=self._source,
        )
        self._check(payload)
        self.send(customer_id, payload)
        return event_id

    def publish_event(self, payload: bytes) -> None:
        """Send a CloudEvents document as it is; its `subject` is the customer id."""
        self._check(payload)
        self.send(subject_of(payload), payload)

    def send(self, customer_id: str, payload: bytes, *, line: int | None = None) -> None:
        """Send bytes that were judged before; nothing is checked here but Kinesis's limits (ValueError).

        `line` comes back with the event if it is refused.
        Raises NotPublishedError, before taking the event, once the stream cannot be used at all.
        """
        record = record_of(customer_id, payload, line)
        if self._failure or len(self._refused) >= MAX_REFUSED_KEPT:
            raise self._not_published()
        if self._pace:
            self._pace.wait()
        self._lanes[zlib.crc32(customer_id.encode()) % len(self._lanes)].put(record)

    @property
    def counts(self) -> Counts:
        with self._lock:
            return Counts(self._published, self._refused_count)

    @property
    def failure(self) -> str | None:
        """Why the stream cannot be used, in one line; None while it can."""
        return str(self._failure) if self._failure else None

    def take_refused(self) -> list[Refused]:
        """What the stream did not take since this was last asked; from now on it is the caller's."""
        with self._lock:
            taken, self._refused = self._refused, []
        return taken

    def flush(self) -> list[Refused]:
        """Wait until everything handed in so far was sent or given up; return what was refused."""
        for lane in self._lanes:
            lane.drain()
        return self.take_refused()

    def abort(self) -> None:
        """Stop retrying and sending: what is not in flight at this moment ends refused. Final."""
        self._stop.set()

    def close(self) -> list[Refused]:
        """Send the rest, end all threads, and return what was refused. May be called twice."""
        for lane in self._lanes:
            lane.close()
        atexit.unregister(self._close_loudly)
        return self.take_refused()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close_loudly()
            return
        refused = self.close()
        if refused:
            self._keep(refused)
            error.add_note(f"{len(refused)} events were not published; take_refused() returns them")

    def _close_loudly(self) -> None:
        self._keep(self.close())
        if self._refused:
            raise self._not_published()

    def _check(self, payload: bytes) -> None:
        if self._edge and (rejected := self._edge.rejection_of(payload)):
            raise InvalidEventError(rejected)

    def _deliver(self, batch: list[Record]) -> None:
        delivery = deliver(
            batch, client=self._client, stream_name=self.stream_name, retry=self._retry, stop=self._stop
        )
        with self._lock:
            self._published += delivery.published
            self._refused_count += len(delivery.refused)
            self._refused += delivery.refused
            self._failure = self._failure or delivery.failure
        if delivery.failure:
            self._stop.set()

    def _keep(self, refused: list[Refused]) -> None:
        with self._lock:
            self._refused = refused + self._refused

    def _not_published(self) -> NotPublishedError:
        """The error to raise, holding everything refused so far."""
        if self._failure:
            error = NotPublishedError(str(self._failure), self.flush())
            error.__cause__ = self._failure.__cause__
            return error
        refused = self.take_refused()
        why = f" ({refused[-1].reason})" if refused else ""
        return NotPublishedError(
            f"stream {self.stream_name!r}: refused {len(refused)} events after {self._retry.max_attempts} "
            f"attempts each{why}; add shards or publish slower",
            refused,
        )
