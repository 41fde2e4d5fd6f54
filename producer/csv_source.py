"""CSV with a header row to events: one row, one snapshot of one customer."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from contract.cells import Cell, cell_reader
from contract.event import encode_event, parse_time
from contract.rejection import Rejected, Rejection
from contract.schema import FeatureSchema
from producer.edge import Edge, Invalid, Ready
from producer.errors import SourceError
from producer.event_ids import EventIds
from producer.lines import MAX_LINE_BYTES, Line

# A quote that is never closed must not swallow the rest of the file.
MAX_LINES_PER_ROW = 100
_OPEN_QUOTE = "unexpected end of data"

_Reader = Callable[[str], Cell | None]


class _Columns(NamedTuple):
    width: int
    id: int
    time: int | None
    features: list[tuple[str, int, _Reader]]


def read_csv(
    lines: Iterator[Line], edge: Edge, *, name: str, time_column: str | None = None
) -> Iterator[Ready | Invalid]:
    """Rows to events; the header is read at once and SourceError raised where it does not fit the schema.

    The label column and columns the schema does not know are ignored, blank cells are missing. `time_column`
    holds RFC 3339 text; without it an event's time is when its row is read.
    """
    columns = _read_header(lines, edge.schema, name, time_column)
    first = next(lines, None)
    if first is None:
        raise SourceError(f"{name}: has a header and no rows; expected at least one customer")
    return _read_rows(_chain(first, lines), edge, columns, time_column or "")


def _chain(first: Line, rest: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from rest


def _read_header(
    lines: Iterator[Line], schema: FeatureSchema, name: str, time_column: str | None
) -> _Columns:
    header = _header_cells(lines, name)
    positions = {column: position for position, column in enumerate(header)}
    required = [schema.id_column, *(f.name for f in schema.features if f.required)]
    needed = [*required, time_column] if time_column else required
    absent = [column for column in needed if column not in positions]
    if absent:
        raise SourceError(
            f"{name}: no column {', '.join(map(repr, absent))}, which schema {schema.name!r} needs; "
            f"found {', '.join(header)[:300]}"
        )
    if len(positions) < len(header):
        twice = sorted({column for column in header if header.count(column) > 1})
        raise SourceError(f"{name}: the header repeats {', '.join(twice)}; expected every column once")
    return _Columns(
        width=len(header),
        id=positions[schema.id_column],
        time=positions[time_column] if time_column else None,
        features=[
            (f.name, positions[f.name], cell_reader(f)) for f in schema.features if f.name in positions
        ],
    )


def _header_cells(lines: Iterator[Line], name: str) -> list[str]:
    line = next((line for line in lines if line.text.strip()), None)
    if line is None:
        raise SourceError(f"{name}: empty; expected a header row and at least one customer")
    if line.is_overlong:
        raise SourceError(f"{name}: the header has {line.length} bytes, at most {MAX_LINE_BYTES} allowed")
    cells = _parse(line.text)
    if isinstance(cells, Rejected):
        raise SourceError(f"{name}: the header is {cells.detail}; expected UTF-8 text, cells between commas")
    return [cell.strip() for cell in cells]


def _read_rows(
    lines: Iterator[Line], edge: Edge, columns: _Columns, time_column: str
) -> Iterator[Ready | Invalid]:
    ids = EventIds()
    for line, cells in _rows(lines):
        if isinstance(cells, Rejected):
            yield Invalid(line.number, cells, line.text)
            continue
        if len(cells) != columns.width:
            detail = f"found {len(cells)} cells, the header has {columns.width}"
            yield Invalid(line.number, Rejected(Rejection.NOT_AN_EVENT, "", detail), line.text)
            continue
        time_ms = edge.clock_ms()
        if columns.time is not None:
            try:
                time_ms = parse_time(cells[columns.time].strip())
            except ValueError:
                detail = "expected RFC 3339 text with a time zone"
                yield Invalid(line.number, Rejected(Rejection.BAD_TIME, time_column, detail), line.text)
                continue
        data = {feature: read(cells[position]) for feature, position, read in columns.features}
        customer_id = cells[columns.id].strip()
        payload = encode_event(customer_id, data, event_id=ids.new(), time_ms=time_ms)
        yield edge.judge(line.number, payload, line.text)


def _rows(lines: Iterator[Line]) -> Iterator[tuple[Line, list[str] | Rejected]]:
    """Rows with the line they start on; a row goes over several lines where a quoted cell holds line ends."""
    ahead: deque[Line] = deque()
    while True:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return
        if line.is_overlong:
            detail = f"{line.length} bytes, at most {MAX_LINE_BYTES} allowed"
            yield line, Rejected(Rejection.TOO_LARGE, "", detail)
        elif line.text.strip():
            cells = _parse(line.text)
            if isinstance(cells, Rejected) and cells.detail == _OPEN_QUOTE:
                line, cells = _continue_row(line, cells, ahead, lines)
            yield line, cells


def _continue_row(
    line: Line, failure: Rejected, ahead: deque[Line], lines: Iterator[Line]
) -> tuple[Line, list[str] | Rejected]:
    """Add lines until the open quote closes; if it never does, only the first line is at fault."""
    ahead.extend(islice(lines, MAX_LINES_PER_ROW - len(ahead)))
    text = line.text
    for taken, following in enumerate(list(ahead), start=1):
        text += b"\n" + following.text
        if following.is_overlong or len(text) > MAX_LINE_BYTES:
            break
        if b'"' not in following.text:
            continue
        cells = _parse(text)
        if not isinstance(cells, Rejected):
            for _ in range(taken):
                ahead.popleft()
            return Line(line.number, text, len(text)), cells
    return line, Rejected(failure.kind, "", "not CSV: a quote is opened and never closed")


def _parse(text: bytes) -> list[str] | Rejected:
    try:
        return next(csv.reader((text.decode(),), strict=True))
    except UnicodeDecodeError:
        return Rejected(Rejection.BAD_ENCODING, "", "not valid UTF-8")
    except csv.Error as error:
        if str(error) == _OPEN_QUOTE:
            return Rejected(Rejection.NOT_AN_EVENT, "", _OPEN_QUOTE)
        return Rejected(Rejection.NOT_AN_EVENT, "", f"not CSV: {error}")
