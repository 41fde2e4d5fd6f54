"""Why an event cannot be scored, as a value: bytes that never heal are not exceptions."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Rejection(StrEnum):
    """The kinds of rejection. Few and fixed, so that they can be counted."""

    BAD_JSON = "bad_json"
    BAD_ENCODING = "bad_encoding"
    TOO_LARGE = "too_large"
    NOT_AN_EVENT = "not_an_event"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    EXPIRED = "expired"


class Rejected(NamedTuple):
    """A record that will never be scored. `detail` never quotes the payload. `field` is "" for the whole."""

    kind: Rejection
    field: str
    detail: str

    @property
    def reason(self) -> str:
        """One line that names the field: `tenure: expected int, got str`."""
        return f"{self.field or 'event'}: {self.detail}"
