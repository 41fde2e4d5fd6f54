"""Where events come from: a file, a pipe, or synthetic customers, all as the same stream of judged events."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal, cast, get_args

from contract.schema import FeatureSchema
from producer.csv_source import read_csv
from producer.edge import Edge, Invalid, Ready, now_ms
from producer.errors import SourceError
from producer.jsonl_source import read_cloudevents, read_jsonl
from producer.lines import BYTE_ORDER_MARK, STDIN, Line, lines_of, open_stream, unreadable

Format = Literal["csv", "jsonl", "cloudevents"]
FORMATS: tuple[Format, ...] = get_args(Format)
FORMAT_OF_SUFFIX: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
SYNTHETIC_PREFIX = "synthetic:"


@dataclass(frozen=True, slots=True)
class Source:
    """A stream of judged events, read once. `total` is how many there will be, where that is known."""

    name: str
    items: Iterator[Ready | Invalid]
    total: int | None = None
    stream: BinaryIO | None = None

    def close(self) -> None:
        """Close the input before its end, where reading to it does."""
        if self.stream:
            self.stream.close()

    def __iter__(self) -> Iterator[Ready | Invalid]:
        return self.items


def open_source(
    location: str,
    schema: FeatureSchema,
    *,
    format: str | None = None,
    time_column: str | None = None,
    from_line: int = 1,
    seed: int = 0,
    stdin: BinaryIO | None = None,
    clock_ms: Callable[[], int] = now_ms,
) -> Source:
    """Open a path (also .gz), `-` for standard input, or `synthetic:N` for N made-up events.

    The format follows the file's suffix, else its first character. Raises SourceError, before anything is
    sent, where the input cannot be read at all; bad rows come out as Invalid items instead. Rows that begin
    before `from_line` are left out; a header is read all the same.
    """
    _check_options(location, format, time_column)
    edge = Edge(schema, clock_ms=clock_ms)
    if location.startswith(SYNTHETIC_PREFIX):
        count = _synthetic_count(location)
        items = _from_line(from_line, _synthetic(edge, count, seed))
        return Source(location, items, max(0, count - max(0, from_line - 1)))
    stream = stdin if stdin is not None and location == STDIN else open_stream(location)
    name = "standard input" if location == STDIN else location
    try:
        if format is None:
            format, stream = _guess_format(location, stream, name)
        items = _read(lines_of(stream, name), edge, format=format, name=name, time_column=time_column)
    except BaseException:
        stream.close()
        raise
    return Source(name, _from_line(from_line, items), stream=stream)


def _read(
    lines: Iterator[Line], edge: Edge, *, format: str, name: str, time_column: str | None
) -> Iterator[Ready | Invalid]:
    if format == "csv":
        return read_csv(lines, edge, name=name, time_column=time_column)
    if format == "jsonl":
        return read_jsonl(lines, edge, time_column=time_column)
    return read_cloudevents(lines, edge)


def _check_options(location: str, format: str | None, time_column: str | None) -> None:
    if format is not None and format not in FORMATS:
        raise SourceError(f"format {format!r}: not known; expected {', '.join(FORMATS)}")
    if location.startswith(SYNTHETIC_PREFIX) and not (format is None and time_column is None):
        raise SourceError(f"{location}: made-up events have no format and no time column; leave them out")
    if format == "cloudevents" and time_column is not None:
        raise SourceError(f"{location}: CloudEvents carry their own time; leave the time column out")


def _from_line(first: int, items: Iterator[Ready | Invalid]) -> Iterator[Ready | Invalid]:
    return items if first <= 1 else (item for item in items if item.line >= first)


def _guess_format(location: str, stream: BinaryIO, name: str) -> tuple[Format, BinaryIO]:
    path = PurePath(location.removesuffix(".gz"))
    if path.suffix.lower() in FORMAT_OF_SUFFIX:
        return FORMAT_OF_SUFFIX[path.suffix.lower()], stream
    # A buffered stream is peeked at as it is: another buffer around it would wait for 8 KB of a slow pipe.
    peekable = stream if hasattr(stream, "peek") else io.BufferedReader(cast(io.RawIOBase, stream))
    try:
        start = cast(io.BufferedReader, peekable).peek(1)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(name, 0, error) from error
    start = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    return ("jsonl" if start.startswith(b"{") else "csv"), peekable


def _synthetic_count(location: str) -> int:
    text = location.removeprefix(SYNTHETIC_PREFIX)
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 13 and int(text)):
        raise SourceError(f"{location}: expected synthetic:N with N events, such as synthetic:1000")
    return int(text)


def _synthetic(edge: Edge, count: int, seed: int) -> Iterator[Ready | Invalid]:
    from producer import synthetic  # needs numpy, which a CSV does not

    events = synthetic.events(edge.schema.name, count, seed)
    return (edge.judge(line, event.payload, event.payload) for line, event in enumerate(events, start=1))
