"""The event on the stream: CloudEvents 1.0, structured JSON, one per Kinesis record.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, cast

import msgspec

from contract.rejection import Rejected, Rejection
from contract.row import RowDecoder, explain
from contract.schema import FeatureSchema

# CloudEvents: every intermediary must forward 64 KiB, and need not forward more.
MAX_EVENT_BYTES = 65_536
MAX_SUBJECT_CHARS = 256  # Kinesis partition key limit
MAX_ID_CHARS = 200  # keeps the DynamoDB sort key under its 1,024 bytes
# A time further ahead than this would hide every newer score of its customer.
MAX_CLOCK_SKEW_MS = 5 * 60 * 1000
DEFAULT_TYPE = "customer.updated"
DEFAULT_SOURCE = "/churn/producer"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
MILLISECOND = timedelta(milliseconds=1)
MS_PER_DAY = 86_400_000
EARLIEST_MS = (datetime.min - NAIVE_EPOCH) // MILLISECOND
LATEST_MS = (datetime.max - NAIVE_EPOCH) // MILLISECOND

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class Event(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename={"customer_id": "subject", "event_id": "id"}
):
    """One decoded event: the CloudEvents attributes, and as `data` one schema's features.

    `customer_id` is the CloudEvents subject, `time` the event's own time, with its zone.
    """

    specversion: Literal["1.0"]
    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARS)]
    source: _Text
    type: _Text
    customer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SUBJECT_CHARS)]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: Any

    @property
    def time_ms(self) -> int:
        """The event's own time in whole milliseconds since 1970 UTC."""
        return (self.time - EPOCH) // MILLISECOND

    @property
    def values(self) -> tuple[Any, ...]:
        """The features in schema order, None where absent."""
        return msgspec.structs.astuple(self.data)


class EventDecoder:
    """Bytes to Event, for one schema.

    Never raises, whatever the bytes: what cannot be used comes back as a Rejected that names the field
    and quotes no value, so that the reason may be logged.
    """

    def __init__(self, schema: FeatureSchema) -> None:
        self._rows = RowDecoder(schema)
        event = msgspec.defstruct(
            "SchemaEvent", [("data", self._rows.struct)], bases=(Event,), frozen=True, kw_only=True, gc=False
        )
        self._event = cast(type[Event], event)
        self._decode = msgspec.json.Decoder(self._event).decode

    def __call__(self, payload: bytes, arrived_ms: int) -> Event | Rejected:
        """Decode one payload that reached the stream at `arrived_ms` (milliseconds since 1970 UTC)."""
        event = self.decode(payload)
        return event if isinstance(event, Rejected) else judge_time(event, arrived_ms) or event

    def decode(self, payload: bytes) -> Event | Rejected:
        """Decode one payload, whenever it arrived: its time is left to `judge_time`."""
        if len(payload) > MAX_EVENT_BYTES:
            return Rejected(
                Rejection.TOO_LARGE, "", f"{len(payload)} bytes, at most {MAX_EVENT_BYTES} allowed"
            )
        try:
            return self._decode(payload)
        except msgspec.ValidationError as error:
            return self._decode_leniently(payload, error)
        except (ValueError, RecursionError) as error:
            return _malformed(error)

    def _decode_leniently(self, payload: bytes, error: msgspec.ValidationError) -> Event | Rejected:
        """Accept whole numbers written with a fraction (`1.0`): to JSON Schema they are integers."""
        if "Expected `int" not in str(error):
            return explain(str(error))
        try:
            return msgspec.convert(
                self._rows.with_whole_floats_as_integers(msgspec.json.decode(payload)), self._event
            )
        except msgspec.ValidationError as second_error:
            return explain(str(second_error))
        except (ValueError, RecursionError) as second_error:
            return _malformed(second_error)


def judge_time(event: Event, arrived_ms: int, *, retention_days: int | None = None) -> Rejected | None:
    """Why an event cannot be ordered by its time, if so, given when it reached the stream.

    Where scores are kept for `retention_days` from the event's time, one that was older than that when it
    arrived would be written and yet never read, so it is refused too.
    """
    if event.time < EPOCH:
        return Rejected(Rejection.BAD_TIME, "time", "before 1970")
    if retention_days is not None and event.time_ms < arrived_ms - retention_days * MS_PER_DAY:
        detail = f"more than {retention_days} days before its arrival, which is how long scores are kept"
        return Rejected(Rejection.EXPIRED, "time", f"{detail} (parameter predictionDays)")
    if event.time_ms > arrived_ms + MAX_CLOCK_SKEW_MS:
        return Rejected(Rejection.FUTURE_TIME, "time", "more than five minutes ahead of its arrival")
    return None


def _malformed(error: Exception) -> Rejected:
    if isinstance(error, UnicodeDecodeError):
        return Rejected(Rejection.BAD_ENCODING, "", "not valid UTF-8")
    return Rejected(Rejection.BAD_JSON, "", "not a JSON object")


def format_time(time_ms: int) -> str:
    """Milliseconds since 1970 as fixed-width RFC 3339 UTC, so that text order is time order."""
    return (NAIVE_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds") + "Z"


def parse_time(text: str) -> int:
    """RFC 3339 text with a time zone, as milliseconds since 1970.

    Raises ValueError for anything else, and for what is outside the years 1 to 9999 in UTC.
    """
    stamp: datetime = msgspec.convert(text, Annotated[datetime, msgspec.Meta(tz=True)])
    time_ms = (stamp - EPOCH) // MILLISECOND
    if not EARLIEST_MS <= time_ms <= LATEST_MS:
        raise ValueError("expected a time in the years 1 to 9999, UTC")
    return time_ms


def encode_event(
    customer_id: str,
    data: Mapping[str, object],
    *,
    event_id: str,
    time_ms: int,
    source: str = DEFAULT_SOURCE,
    type: str = DEFAULT_TYPE,
) -> bytes:
    """One event as it goes on the stream. Nothing is validated here: EventDecoder is the only judge."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": type,
            "subject": customer_id,
            "time": format_time(time_ms),
            "data": data,
        }
    )
