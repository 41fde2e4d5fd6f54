"""Rows of CSV text, many at a time, each with the line it starts on."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from training.errors import DatasetError

MAX_LINES_PER_ROW = 100  # a quote that is never closed must not swallow the rest of the file
_OPEN_QUOTE = "unexpected end of data"

_Row = list[str] | str  # the cells, or why it is no row


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with the line each starts on, and (line, why) of what is no CSV. Blank lines are left out."""

    rows: list[list[str]]
    lines: Sequence[int]
    broken: list[tuple[int, str]]


class CsvBlocks:
    """Reads text (lines with their ends) block by block. Raises DatasetError for a quote never closed."""

    def __init__(self, text: Iterator[str], name: str) -> None:
        self._text = text
        self._name = name
        self._lines_read = 0

    def next(self, size: int) -> Block | None:
        """The rows of the next `size` lines, to the end of the last row; None after the last line."""
        lines = list(islice(self._text, size))
        if not lines:
            return None
        try:
            rows = list(csv.reader(lines, strict=True))
        except csv.Error:
            rows = []
        # As many rows as lines: each row is one line, and none is broken.
        if len(rows) != len(lines):
            return self._line_by_line(lines)
        first = self._lines_read + 1
        self._lines_read += len(lines)
        if min(map(len, rows)) > 1:
            return Block(rows, range(first, first + len(rows)), [])
        kept = [(line, row) for line, row in enumerate(rows, start=first) if _is_row(row)]
        return Block([row for _, row in kept], [line for line, _ in kept], [])

    def next_row(self) -> _Row | None:
        """The next row that is not a blank line; None after the last."""
        return next((row for _, row in self._rows([])), None)

    def _line_by_line(self, lines: list[str]) -> Block:
        block = Block([], starts := [], [])
        last = self._lines_read + len(lines)
        for start, row in self._rows(lines):
            if isinstance(row, str):
                block.broken.append((start, row))
            else:
                block.rows.append(row)
                starts.append(start)
            if self._lines_read >= last:
                break
        return block

    def _rows(self, lines: list[str]) -> Iterator[tuple[int, _Row]]:
        """The rows of these lines and of the text after them, one at a time."""
        before = self._lines_read
        reader = csv.reader(chain(lines, self._text), strict=True)
        while True:
            start = before + reader.line_num + 1
            row: _Row | None
            try:
                row = next(reader, None)
            except csv.Error as error:
                row = f"row: not CSV: {error}"
            if row is None:
                return
            self._lines_read = before + reader.line_num
            never_closed = isinstance(row, str) and _OPEN_QUOTE in row
            if never_closed or self._lines_read - start >= MAX_LINES_PER_ROW:
                raise DatasetError(
                    f"{self._name}: a quote is opened on line {start} and never closed; mend that line"
                )
            if isinstance(row, str) or _is_row(row):
                yield start, row


def _is_row(row: list[str]) -> bool:
    return len(row) > 1 or bool(row and row[0].strip())
