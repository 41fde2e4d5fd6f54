"""CSV text from a file or a URL, a bounded number of rows at a time.

Read as the producer reads it, so that what can be trained on can be published: comma-separated UTF-8,
plain or gzip; blanks around header names are dropped, blank lines skipped, a row of another width is no row.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from training.data.download import local_copy
from training.errors import DatasetError
from training.wording import listed, quoted

ENCODING = "utf-8-sig"  # UTF-8, with or without the mark that spreadsheets put first
GZIP_MAGIC = b"\x1f\x8b"
# Other wrappings, by their first bytes.
WRAPPINGS = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
}
MAX_LINES_PER_ROW = 100  # a quote that is never closed must not swallow the rest of the file
_OPEN_QUOTE = "unexpected end of data"

_Row = list[str] | str  # the cells, or why it is no row


class Chunk(NamedTuple):
    """Some rows: cells by column, the line each row starts on, and (line, why) of what is no row."""

    columns: Mapping[str, Sequence[Any]]
    lines: Sequence[int]
    irregular: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV whose header has been read; its rows can be read once. `name` is what messages call it."""

    name: str
    header: list[str]
    rows: Iterator[tuple[int, _Row]]

    def chunks(self, columns: Sequence[str], size: int) -> Iterator[Chunk]:
        """The named columns as text, `size` rows at a time; a column that is not there is blank.

        Raises DatasetError.
        """
        with _explained(self.name):
            while rows := list(islice(self.rows, size)):
                yield self._chunk(rows, columns)

    def _chunk(self, rows: Sequence[tuple[int, _Row]], columns: Sequence[str]) -> Chunk:
        width = len(self.header)
        lines, regular, irregular = [], [], []
        for line, row in rows:
            if isinstance(row, list) and len(row) != width:
                few = "few" if len(row) < width else "many"
                row = f"row: too {few} cells for the header's {width}"
            if isinstance(row, str):
                irregular.append((line, row))
            else:
                lines.append(line)
                regular.append(row)
        blank = [""] * len(regular)
        found = dict(zip(self.header, zip(*regular, strict=True), strict=True)) if regular else {}
        return Chunk({name: found.get(name, blank) for name in columns}, lines, irregular)


@contextmanager
def open_csv(source: str | Path) -> Iterator[CsvFile]:
    """Open a CSV file or URL. Raises DatasetError where there is none, or its header cannot be used."""
    name = str(source)
    with local_copy(source) as path:
        with _explained(name):
            file = path.open("rb")
        with file:
            rows = _rows(_text(file, name), name)
            with _explained(name):
                header = _header(rows, name)
            yield CsvFile(name, header, rows)


def _text(file: io.BufferedReader, name: str) -> Iterator[str]:
    """The lines of a file, with their ends; gzip is known by its first bytes, whatever the file is called."""
    start = file.peek(8)
    for magic, what in WRAPPINGS.items():
        if start.startswith(magic):
            raise DatasetError(f"{name}: {what}; expected CSV text, plain or gzip, so unpack or export it")
    binary = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if start.startswith(GZIP_MAGIC) else file
    with io.TextIOWrapper(binary, encoding=ENCODING, newline="") as text:
        yield from text


def _rows(text: Iterator[str], name: str) -> Iterator[tuple[int, _Row]]:
    """Every row that is not a blank line, with the line it starts on."""
    reader = csv.reader(text, strict=True)
    while True:
        line = reader.line_num + 1
        row: _Row | None
        try:
            row = next(reader, None)
        except csv.Error as error:
            row = f"row: not CSV: {error}"
        if row is None:
            return
        never_closed = isinstance(row, str) and _OPEN_QUOTE in row
        if never_closed or reader.line_num - line >= MAX_LINES_PER_ROW:
            raise DatasetError(f"{name}: a quote is opened on line {line} and never closed; mend that line")
        if len(row) > 1 or (row and row[0].strip()):
            yield line, row


def _header(rows: Iterator[tuple[int, _Row]], name: str) -> list[str]:
    _, row = next(rows, (1, ""))
    if not row:
        raise DatasetError(f"{name}: empty; expected a header and one labelled customer per line")
    if isinstance(row, str):
        raise DatasetError(f"{name}: the header is no {row}; expected names between commas")
    header = [cell.strip() for cell in row]
    if header[0].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise DatasetError(f"{name}: a web page, not a CSV; give the address of the file itself")
    if len(header) == 1:
        raise DatasetError(
            f"{name}: found one column, {quoted(header[0])}; is it separated by ';' or tab? expected commas"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DatasetError(f"{name}: the header repeats {listed(twice)}; expected every column once")
    return header


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn what reading can raise into one line each."""
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(f"{name}: no such file; expected a CSV file or an http(s) URL") from None
    except IsADirectoryError:
        raise DatasetError(f"{name}: a folder; expected a CSV file or an http(s) URL") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name}: not UTF-8 ({error.reason}); save it again as UTF-8") from error
    except EOFError as error:
        raise DatasetError(f"{name}: the gzip file is cut short; copy or download it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(
            f"{name}: the gzip file is damaged ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise DatasetError(
            f"{name}: cannot be read ({error.strerror or error}); check its permissions"
        ) from error
