"""JSON Lines to events: feature rows, or CloudEvents that are ready to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from contract.event import encode_event, parse_time
from contract.rejection import Rejected, Rejection
from producer.edge import Edge, Invalid, Ready
from producer.event_ids import EventIds
from producer.lines import MAX_LINE_BYTES, Line

_decode = msgspec.json.Decoder().decode


def read_cloudevents(lines: Iterator[Line], edge: Edge) -> Iterator[Ready | Invalid]:
    """Every line is an event already: judged, and sent byte for byte as it is."""
    for line in _filled(lines):
        yield _too_large(line) or edge.judge(line.number, line.text, line.text)


def read_jsonl(
    lines: Iterator[Line], edge: Edge, *, time_column: str | None = None
) -> Iterator[Ready | Invalid]:
    """Every line is an object: a CloudEvent where it has `specversion`, else a row with the id column.

    Rows become events with a new id; their time is `time_column` (RFC 3339), by default when they are read.
    Values keep their JSON types. Columns the schema does not know, and the label, are ignored.
    """
    ids = EventIds()
    for line in _filled(lines):
        yield _too_large(line) or _read_line(line, edge, ids, time_column)


def _filled(lines: Iterator[Line]) -> Iterator[Line]:
    return (line for line in lines if line.text.strip())


def _too_large(line: Line) -> Invalid | None:
    if not line.is_overlong:
        return None
    detail = f"{line.length} bytes, at most {MAX_LINE_BYTES} allowed"
    return Invalid(line.number, Rejected(Rejection.TOO_LARGE, "", detail), line.text)


def _read_line(line: Line, edge: Edge, ids: EventIds, time_column: str | None) -> Ready | Invalid:
    try:
        document = _decode(line.text)
    except UnicodeDecodeError:
        return Invalid(line.number, Rejected(Rejection.BAD_ENCODING, "", "not valid UTF-8"), line.text)
    except (ValueError, RecursionError):
        document = None  # the judge says what is wrong with it
    if not isinstance(document, dict) or "specversion" in document:
        return edge.judge(line.number, line.text, line.text)
    row = _row_to_event(document, edge, ids, time_column)
    if isinstance(row, Rejected):
        return Invalid(line.number, row, line.text)
    return edge.judge(line.number, row, line.text)


def _row_to_event(
    row: dict[str, Any], edge: Edge, ids: EventIds, time_column: str | None
) -> bytes | Rejected:
    id_column = edge.schema.id_column
    customer_id = row.get(id_column)
    if customer_id is None or customer_id == "":
        return Rejected(Rejection.MISSING, id_column, "empty, and it names the customer")
    if isinstance(customer_id, bool) or not isinstance(customer_id, str | int):
        return Rejected(Rejection.WRONG_TYPE, id_column, "expected a string or an integer")
    time_ms = edge.clock_ms()
    if time_column:
        try:
            time_ms = parse_time(row.get(time_column, ""))
        except ValueError:
            return Rejected(Rejection.BAD_TIME, time_column, "expected RFC 3339 text with a time zone")
    data = {feature: row[feature] for feature in edge.schema.feature_names if feature in row}
    return encode_event(str(customer_id), data, event_id=ids.new(), time_ms=time_ms)
