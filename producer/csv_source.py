"""CSV with a header row to events: one row, one snapshot of one customer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from contract.rejection import Rejected
from contract.schema import FeatureSchema
from producer.csv_row import OPEN_QUOTE, RowReader, parse_cells
from producer.edge import Edge, Invalid, Ready
from producer.errors import SourceError
from producer.event_ids import EventIds
from producer.lines import MAX_LINE_BYTES, Line, too_large
from producer.wording import listed

# A quote that is never closed must not swallow the rest of the file.
MAX_LINES_PER_ROW = 100


def read_csv(
    lines: Iterator[Line], edge: Edge, *, name: str, time_column: str | None = None
) -> Iterator[Ready | Invalid]:
    """Rows to events; the header is read at once and SourceError raised where it does not fit the schema.

    The label column and columns the schema does not know are ignored, blank cells are missing. `time_column`
    holds RFC 3339 text; without it an event's time is when its row is read.
    """
    columns = _header_cells(lines, name)
    _check_header(columns, edge.schema, name, time_column)
    first = next(lines, None)
    if first is None:
        raise SourceError(f"{name}: has a header and no rows; expected at least one customer")
    reader = RowReader(columns, edge, EventIds(), time_column=time_column)
    return _read_rows(_chain(first, lines), reader)


def _chain(first: Line, rest: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from rest


def _check_header(header: list[str], schema: FeatureSchema, name: str, time_column: str | None) -> None:
    required = [schema.id_column, *(f.name for f in schema.features if f.required)]
    absent = [column for column in required if column not in header]
    if absent and len(header) == 1:
        raise SourceError(
            f"{name}: found one column, {listed(header)}; is it separated by ';' or tab? expected commas"
        )
    if absent:
        raise SourceError(
            f"{name}: no column {listed(absent)}, which schema {schema.name!r} needs; found {listed(header)}"
        )
    if time_column is not None and time_column not in header:
        raise SourceError(
            f"{name}: no column {time_column!r}, which was given as time column; found {listed(header)}"
        )
    if len(set(header)) < len(header):
        twice = sorted({column for column in header if header.count(column) > 1})
        raise SourceError(f"{name}: the header repeats {listed(twice)}; expected every column once")


def _header_cells(lines: Iterator[Line], name: str) -> list[str]:
    line = next((line for line in lines if line.text.strip()), None)
    if line is None:
        raise SourceError(f"{name}: empty; expected a header row and at least one customer")
    if line.is_overlong:
        raise SourceError(f"{name}: the header has {line.length} bytes, at most {MAX_LINE_BYTES} allowed")
    cells = parse_cells(line.text)
    if isinstance(cells, Rejected):
        raise SourceError(f"{name}: the header is {cells.detail}; expected UTF-8 text, cells between commas")
    return [cell.strip() for cell in cells]


def _read_rows(lines: Iterator[Line], reader: RowReader) -> Iterator[Ready | Invalid]:
    for line, cells in _rows(lines):
        yield too_large(line) or reader.read(line.number, line.text, cells)


def _rows(lines: Iterator[Line]) -> Iterator[tuple[Line, list[str] | Rejected]]:
    """Rows with the line they start on; a row goes over several lines where a quoted cell holds line ends."""
    ahead: deque[Line] = deque()
    while True:
        line = ahead.popleft() if ahead else next(lines, None)
        if line is None:
            return
        if line.is_overlong:
            yield line, []
        elif line.text.strip():
            cells = parse_cells(line.text)
            if isinstance(cells, Rejected) and cells.detail == OPEN_QUOTE:
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
        cells = parse_cells(text)
        if not isinstance(cells, Rejected):
            for _ in range(taken):
                ahead.popleft()
            return Line(line.number, text, len(text)), cells
    return line, Rejected(failure.kind, "", "not CSV: a quote is opened and never closed")
