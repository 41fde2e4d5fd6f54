"""JSON Lines to events: feature rows, or CloudEvents that are ready to go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from contract.event import encode_event, parse_time
from contract.rejection import Rejected, Rejection
from producer.csv_row import RowReader, parse_cells
from producer.edge import Edge, Invalid, Ready
from producer.event_ids import EventIds
from producer.lines import Line, too_large
from producer.mending import Kept, is_reject, unpack
from producer.subject import fault_of

_decode = msgspec.json.Decoder().decode


def read_cloudevents(lines: Iterator[Line], edge: Edge) -> Iterator[Ready | Invalid]:
    """Every line is an event already: judged, and sent byte for byte as it is."""
    for line in _filled(lines):
        yield too_large(line) or edge.judge(line.number, line.text, line.text)


def read_jsonl(
    lines: Iterator[Line], edge: Edge, *, time_column: str | None = None
) -> Iterator[Ready | Invalid]:
    """Every line is an object: a CloudEvent where it has `specversion`, else a row with the id column.

    Rows become events with a new id; their time is `time_column` (RFC 3339), by default when they are read.
    Values keep their JSON types. Columns the schema does not know, and the label, are ignored. A line of a
    rejects file stands for the row or event it holds.
    """
    ids = EventIds()
    for line in _filled(lines):
        yield too_large(line) or _read_line(line.number, line.text, edge, ids, time_column)


def _filled(lines: Iterator[Line]) -> Iterator[Line]:
    return (line for line in lines if line.text.strip())


def _read_line(
    number: int, text: bytes, edge: Edge, ids: EventIds, time_column: str | None
) -> Ready | Invalid:
    try:
        document = _decode(text)
    except UnicodeDecodeError:
        return Invalid(number, Rejected(Rejection.BAD_ENCODING, "", "not valid UTF-8"), text)
    except (ValueError, RecursionError):
        document = None  # the judge says what is wrong with it
    if not isinstance(document, dict) or "specversion" in document:
        return edge.judge(number, text, text)
    if is_reject(document, edge.schema.id_column):
        return _read_reject(number, text, unpack(document), edge, ids, time_column)
    row = _row_to_event(document, edge, ids, time_column)
    item = Invalid(number, row, text) if isinstance(row, Rejected) else edge.judge(number, row, text)
    return item._replace(time_column=time_column) if isinstance(item, Invalid) else item


def _read_reject(
    number: int, text: bytes, kept: Kept | Rejected, edge: Edge, ids: EventIds, time_column: str | None
) -> Ready | Invalid:
    if isinstance(kept, Rejected):
        return Invalid(number, kept, text)
    time_column = kept.time_column if time_column is None else time_column
    if kept.columns:
        reader = RowReader(kept.columns, edge, ids, time_column=time_column)
        return reader.read(number, kept.text, parse_cells(kept.text))
    return _read_line(number, kept.text, edge, ids, time_column)


def _row_to_event(
    row: dict[str, Any], edge: Edge, ids: EventIds, time_column: str | None
) -> bytes | Rejected:
    id_column = edge.schema.id_column
    customer_id = row.get(id_column)
    if customer_id is not None and (isinstance(customer_id, bool) or not isinstance(customer_id, str | int)):
        return Rejected(Rejection.WRONG_TYPE, id_column, "expected a string or an integer")
    customer_id = "" if customer_id is None else str(customer_id)
    if fault := fault_of(customer_id, id_column):
        return fault
    time_ms = edge.clock_ms()
    if time_column is not None:
        try:
            time_ms = parse_time(row.get(time_column, ""))
        except ValueError:
            return Rejected(Rejection.BAD_TIME, time_column, "expected RFC 3339 text with a time zone")
    data = {feature: row[feature] for feature in edge.schema.feature_names if feature in row}
    return encode_event(customer_id, data, event_id=ids.new(), time_ms=time_ms)
