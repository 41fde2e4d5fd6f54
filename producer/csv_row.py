"""One CSV row to one event: cells by their header, typed by the schema, judged at the edge."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from contract.cells import cell_reader
from contract.event import encode_event, parse_time
from contract.rejection import Rejected, Rejection
from producer.edge import Edge, Invalid, Ready
from producer.event_ids import EventIds
from producer.subject import fault_of

OPEN_QUOTE = "unexpected end of data"


class RowReader:
    """Reads rows under one header. Columns the schema does not know are ignored, blank cells are missing.

    An event's time is when its row is read, or what `time_column` says (RFC 3339).
    """

    def __init__(
        self, columns: Sequence[str], edge: Edge, ids: EventIds, *, time_column: str | None = None
    ) -> None:
        positions = {column: position for position, column in enumerate(columns)}
        self._columns = tuple(columns)
        self._edge = edge
        self._ids = ids
        self._id = positions.get(edge.schema.id_column)
        self._time_column = time_column
        self._time = None if time_column is None else positions.get(time_column)
        self._features = [
            (f.name, positions[f.name], cell_reader(f)) for f in edge.schema.features if f.name in positions
        ]

    def read(self, number: int, text: bytes, cells: list[str] | Rejected) -> Ready | Invalid:
        """The event of one row, whose text begins on line `number`; Invalid keeps what reading it takes."""
        event = cells if isinstance(cells, Rejected) else self._event(cells)
        if isinstance(event, Rejected):
            item: Ready | Invalid = Invalid(number, event, text)
        else:
            item = self._edge.judge(number, event, text)
        if isinstance(item, Ready):
            return item
        return item._replace(columns=self._columns, time_column=self._time_column)

    def _event(self, cells: list[str]) -> bytes | Rejected:
        if len(cells) != len(self._columns):
            detail = f"found {len(cells)} cells, the header has {len(self._columns)}"
            return Rejected(Rejection.NOT_AN_EVENT, "", detail)
        customer_id = "" if self._id is None else cells[self._id].strip()
        if fault := fault_of(customer_id, self._edge.schema.id_column):
            return fault
        time_ms = self._edge.clock_ms()
        if self._time_column is not None:
            try:
                time_ms = parse_time("" if self._time is None else cells[self._time].strip())
            except ValueError:
                detail = "expected RFC 3339 text with a time zone"
                return Rejected(Rejection.BAD_TIME, self._time_column, detail)
        data = {feature: read(cells[position]) for feature, position, read in self._features}
        return encode_event(customer_id, data, event_id=self._ids.new(), time_ms=time_ms)


def parse_cells(text: bytes) -> list[str] | Rejected:
    """The cells of one row; its quoted cells may hold line ends."""
    try:
        return next(csv.reader((text.decode(),), strict=True))
    except UnicodeDecodeError:
        return Rejected(Rejection.BAD_ENCODING, "", "not valid UTF-8")
    except csv.Error as error:
        if str(error) == OPEN_QUOTE:
            return Rejected(Rejection.NOT_AN_EVENT, "", OPEN_QUOTE)
        return Rejected(Rejection.NOT_AN_EVENT, "", f"not CSV: {error}")
