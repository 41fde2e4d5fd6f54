"""Bytes to lines: any file, gzip or a pipe, one bounded line at a time."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from contract.rejection import Rejected, Rejection
from producer.edge import Invalid
from producer.errors import SourceError

# Far above any valid event, so that a file without line ends cannot fill the memory.
MAX_LINE_BYTES = 1_048_576
# How much of an overlong line is shown in the rejects file.
EXCERPT_BYTES = 1_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
STDIN = "-"


class Line(NamedTuple):
    """One line without its line end. `number` counts from 1; `length` is more than len(text) if cut short."""

    number: int
    text: bytes
    length: int

    @property
    def is_overlong(self) -> bool:
        return self.length > len(self.text)


def open_stream(location: str) -> BinaryIO:
    """Open a path, gzip by its `.gz` suffix, or `-` for standard input. Raises SourceError."""
    if location == STDIN:
        return sys.stdin.buffer
    if not location:
        raise SourceError("source '': no name; give a path, - for standard input, or synthetic:N")
    path = Path(location)
    try:
        if path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        return path.open("rb")
    except FileNotFoundError as error:
        raise SourceError(
            f"{location}: no such file; give a path, - for standard input, or synthetic:N"
        ) from error
    except OSError as error:
        raise SourceError(
            f"{location}: cannot be opened ({error.strerror}); expected a readable file"
        ) from error


def lines_of(stream: BinaryIO, name: str) -> Iterator[Line]:
    """The lines of a stream, which is closed at the end; a leading byte order mark is dropped.

    Overlong lines are cut to EXCERPT_BYTES. Raises SourceError where reading itself breaks.
    """
    number = 0
    try:
        with stream:
            while text := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                length = len(text)
                if length > MAX_LINE_BYTES and not text.endswith(b"\n"):
                    length += _skip_to_line_end(stream)
                    text = text[:EXCERPT_BYTES]
                elif number == 1:
                    text = text.removeprefix(BYTE_ORDER_MARK)
                    length = len(text)
                stripped = text.rstrip(b"\r\n")
                yield Line(number, stripped, length - (len(text) - len(stripped)))
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(name, number, error) from error


def unreadable(name: str, number: int, error: Exception) -> SourceError:
    """The error for a stream that breaks after `number` lines."""
    if number == 0 and isinstance(error, gzip.BadGzipFile):
        return SourceError(f"{name}: is named .gz and not compressed with gzip; rename it or compress it")
    where = f"after line {number}" if number else "at its start"
    return SourceError(f"{name}: reading failed {where} ({error}); is the file complete?")


def too_large(line: Line) -> Invalid | None:
    """What an overlong line comes to; None for any other."""
    if not line.is_overlong:
        return None
    detail = f"{line.length} bytes, at most {MAX_LINE_BYTES} allowed"
    return Invalid(line.number, Rejected(Rejection.TOO_LARGE, "", detail), line.text, is_cut=True)


def _skip_to_line_end(stream: BinaryIO) -> int:
    skipped = 0
    while piece := stream.readline(MAX_LINE_BYTES):
        skipped += len(piece.rstrip(b"\r\n"))
        if piece.endswith(b"\n"):
            break
    return skipped
