"""A second opinion on an event: the rules written down once more, plainly, on the standard library alone."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

from contract.feature import Feature
from contract.schema import FeatureSchema

NOT_UTF_8 = "not UTF-8"
NOT_A_TIME = "time is not RFC 3339"
MAX_BYTES = 65_536
MAX_SAFE_INTEGER = 2**53 - 1
MAX_SKEW = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 (not the name the code uses)
# RFC 3339, with the letters in either case and a space allowed for the T (section 5.6).
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


class NotAnEventError(Exception):
    """Why something is no event, in a few words."""


def opinion(
    schema: FeatureSchema, payload: bytes, arrived_ms: int, *, max_bytes: int = MAX_BYTES
) -> tuple[Any, ...] | str:
    """(subject, id, source, type, time in ms, values) of an event, or why it is none."""
    try:
        _expect(len(payload) <= max_bytes, "too large")
        document = _parse(payload)
        subject, event_id, source, kind = _attributes(document)
        time_ms = _time(document.get("time"), arrived_ms)
        data = document.get("data")
        if not isinstance(data, dict):
            raise NotAnEventError("data is no object")
        values = tuple(_value(feature, data) for feature in schema.features)
    except NotAnEventError as why:
        return str(why)
    return subject, event_id, source, kind, time_ms, values


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise NotAnEventError(otherwise)


def _parse(payload: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            payload.decode(), parse_constant=_refuse, parse_int=_integer, object_pairs_hook=_object
        )
    except UnicodeDecodeError:
        raise NotAnEventError(NOT_UTF_8) from None
    except (ValueError, RecursionError):
        raise NotAnEventError("not JSON") from None
    _expect(isinstance(document, dict), "no object")
    found: dict[str, Any] = document
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """RFC 8259 section 8.2 leaves half a surrogate pair to the reader; here it is no text at all."""
    if not all(_is_unicode(text) for pair in pairs for text in pair if isinstance(text, str)):
        raise ValueError("half a surrogate pair")
    return dict(pairs)


def _integer(text: str) -> int | float:
    return int(text) if len(text) < 400 else float(text)


def _attributes(document: dict[str, Any]) -> tuple[str, str, str, str]:
    _expect(document.get("specversion") == "1.0", "specversion")
    subject = _text(document, "subject", 256)
    return subject, _text(document, "id", 200), _text(document, "source"), _text(document, "type")


def _text(holder: dict[str, Any], name: str, max_chars: int = MAX_BYTES) -> str:
    text = holder.get(name)
    _expect(isinstance(text, str), f"{name} is no text")
    assert isinstance(text, str)
    _expect(1 <= len(text) <= max_chars, f"{name} is empty or too long")
    return text


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _time(text: object, arrived_ms: int) -> int:
    _expect(isinstance(text, str), "time is no text")
    found = TIME.fullmatch(str(text))
    if found is None:
        raise NotAnEventError(NOT_A_TIME)
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    fraction = int((found[7] or "0")[:7].ljust(7, "0"))  # in tenths of a microsecond
    zone_hours, zone_minutes = int(found[10] or 0), int(found[11] or 0)
    _expect(zone_hours < 24 and zone_minutes < 60, "time zone")
    sign = -1 if found[9] == "-" else 1
    try:
        zone = timezone(sign * timedelta(hours=zone_hours, minutes=zone_minutes))
        stamp = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        since = stamp - EPOCH + timedelta(microseconds=(fraction + 5) // 10)
    except (ValueError, OverflowError):
        raise NotAnEventError("no such time") from None
    time_ms = since // timedelta(milliseconds=1)
    _expect(time_ms >= 0, "before 1970")
    _expect(time_ms <= arrived_ms + MAX_SKEW // timedelta(milliseconds=1), "from the future")
    return time_ms


def _value(feature: Feature, data: dict[str, Any]) -> Any:
    value = data.get(feature.name)
    if value is None:
        _expect(not feature.required, f"{feature.name} is missing")
        return None
    if feature.json_type == "boolean":
        _expect(isinstance(value, bool), f"{feature.name} is no boolean")
        return value
    if feature.json_type == "string":
        _expect(isinstance(value, str), f"{feature.name} is no text")
        _expect(value != "" or not feature.required, f"{feature.name} is empty")
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    _expect(is_number, f"{feature.name} is no number")
    _expect(feature.minimum <= value <= feature.maximum, f"{feature.name} is out of range")
    if feature.json_type == "number":
        return float(value)
    _expect(value == int(value) and abs(value) <= MAX_SAFE_INTEGER, f"{feature.name} is no integer")
    return int(value)
