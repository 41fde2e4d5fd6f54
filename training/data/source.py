"""CSV text from a file or a URL, a bounded number of rows at a time.

Read as the producer reads it, so that what can be trained on can be published: comma-separated UTF-8,
plain or gzip; blanks around header names are dropped, blank lines skipped, a row of another width is no row.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from training.data.csv_blocks import Block, CsvBlocks
from training.data.download import local_copy, public_name
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
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


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
    path: Path
    blocks: CsvBlocks

    def chunks(self, columns: Sequence[str], size: int) -> Iterator[Chunk]:
        """The named columns as text, `size` lines at a time; a column that is not there is blank.

        Raises DatasetError.
        """
        with _explained(self.name, self.path):
            while block := self.blocks.next(size):
                yield self._chunk(block, columns)

    def _chunk(self, block: Block, columns: Sequence[str]) -> Chunk:
        width = len(self.header)
        rows, lines, irregular = block.rows, block.lines, block.broken
        if set(map(len, rows)) != {width}:
            rows, lines, others = _regular(block, width)
            irregular = sorted([*irregular, *others])
        blank = [""] * len(rows)
        position = {name: self.header.index(name) for name in columns if name in self.header}
        found = {name: list(map(itemgetter(at), rows)) for name, at in position.items()}
        return Chunk({name: found.get(name, blank) for name in columns}, lines, irregular)


def _regular(block: Block, width: int) -> tuple[list[list[str]], list[int], list[tuple[int, str]]]:
    """The rows of the header's width, their lines, and what is wrong with the others."""
    rows, lines, others = [], [], []
    for line, row in zip(block.lines, block.rows, strict=True):
        if len(row) == width:
            rows.append(row)
            lines.append(line)
        else:
            few = "few" if len(row) < width else "many"
            others.append((line, f"row: too {few} cells for the header's {width}"))
    return rows, lines, others


@contextmanager
def open_csv(source: str | Path) -> Iterator[CsvFile]:
    """Open a CSV file or URL. Raises DatasetError where there is none, or its header cannot be used."""
    name = public_name(source)
    with local_copy(source) as path:
        with _explained(name, path):
            file = path.open("rb")
        with file:
            blocks = CsvBlocks(_text(file, name), name)
            with _explained(name, path):
                header = _header(blocks, name)
            yield CsvFile(name, header, path, blocks)


def _text(file: io.BufferedReader, name: str) -> Iterator[str]:
    """The lines of a file, with their ends; gzip is known by its first bytes, whatever the file is called."""
    start = file.peek(8)
    for magic, what in WRAPPINGS.items():
        if start.startswith(magic):
            raise DatasetError(f"{name}: {what}; expected CSV text, plain or gzip, so unpack or export it")
    with io.TextIOWrapper(_unpacked(file), encoding=ENCODING, newline="") as text:
        yield from text


def _unpacked(file: io.BufferedReader) -> BinaryIO:
    is_gzip = file.peek(2).startswith(GZIP_MAGIC)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if is_gzip else file


def _header(blocks: CsvBlocks, name: str) -> list[str]:
    row = blocks.next_row()
    if not row:
        raise DatasetError(f"{name}: empty; expected a header and one labelled customer per line")
    if isinstance(row, str):
        raise DatasetError(f"{name}: the header is no {row}; expected names between commas")
    header = [cell.strip() for cell in row]
    if header[0].lower().startswith(("<!doctype", "<html", "<?xml")):
        raise DatasetError(f"{name}: a web page, not a CSV; give the address of the file itself")
    if len(header) == 1:
        raise DatasetError(
            f"{name}: found one column, {quoted(header[0])}; is it separated by ';' or tab? "
            "expected commas, so export it with those"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DatasetError(f"{name}: the header repeats {listed(twice)}; expected every column once")
    return header


@contextmanager
def _explained(name: str, path: Path) -> Iterator[None]:
    """Turn what reading can raise into one line each."""
    try:
        yield
    except FileNotFoundError:
        raise DatasetError(f"{name}: no such file; expected a CSV file or an http(s) URL") from None
    except IsADirectoryError:
        raise DatasetError(f"{name}: a folder; expected a CSV file or an http(s) URL") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{name}: {_not_utf8(path)}") from error
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


def _not_utf8(path: Path) -> str:
    """Where a file stops being UTF-8, what it may be instead, and how to convert it."""
    with path.open("rb") as file:
        for number, line in enumerate(_unpacked(file), start=1):
            if number == 1 and line.startswith(UTF_16_MARKS):
                return f"not UTF-8 but UTF-16; {_convert_from('UTF-16')}"
            try:
                line.decode()
            except UnicodeDecodeError as error:
                # Bytes 80 to 9f are letters and quotes in the one, and never used in the other.
                windows = any(0x80 <= byte <= 0x9F for byte in line)
                other = "WINDOWS-1252" if windows else "ISO-8859-1"
                found = f"byte {error.start + 1} of line {number} is 0x{line[error.start]:02x}"
                return f"not UTF-8 ({found}), probably {other}; {_convert_from(other)}"
    return f"not UTF-8; {_convert_from('ISO-8859-1')}"


def _convert_from(encoding: str) -> str:
    return f"convert it: iconv -f {encoding} -t UTF-8 OLD.csv > NEW.csv"
