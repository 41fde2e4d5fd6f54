"""Where events come from: a file, a pipe, or synthetic customers, all as the same stream of judged events."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO, Literal, cast, get_args

from contract.schema import FeatureSchema
from producer.csv_source import read_csv
from producer.edge import Edge, Invalid, Ready, now_ms
from producer.errors import SourceError
from producer.jsonl_source import read_cloudevents, read_jsonl
from producer.lines import BYTE_ORDER_MARK, lines_of, open_stream

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

    def __iter__(self) -> Iterator[Ready | Invalid]:
        return self.items


def open_source(
    location: str,
    schema: FeatureSchema,
    *,
    format: str | None = None,
    time_column: str | None = None,
    seed: int = 0,
    stdin: BinaryIO | None = None,
    clock_ms: Callable[[], int] = now_ms,
) -> Source:
    """Open a path (also .gz), `-` for standard input, or `synthetic:N` for N made-up events.

    The format follows the file's suffix, else its first character. Raises SourceError, before anything is
    sent, where the input cannot be read at all; bad rows come out as Invalid items instead.
    """
    edge = Edge(schema, clock_ms=clock_ms)
    if format is not None and format not in FORMATS:
        raise SourceError(f"format {format!r}: not known; expected {', '.join(FORMATS)}")
    if location.startswith(SYNTHETIC_PREFIX):
        count = _synthetic_count(location)
        return Source(location, _synthetic(edge, count, seed), count)
    stream = stdin if stdin is not None and location == "-" else open_stream(location)
    name = "standard input" if location == "-" else location
    if format is None:
        format, stream = _guess_format(location, stream, name)
    lines = lines_of(stream, name)
    if format == "csv":
        return Source(name, read_csv(lines, edge, name=name, time_column=time_column))
    if format == "jsonl":
        return Source(name, read_jsonl(lines, edge, time_column=time_column))
    return Source(name, read_cloudevents(lines, edge))


def _guess_format(location: str, stream: BinaryIO, name: str) -> tuple[Format, BinaryIO]:
    path = PurePath(location.removesuffix(".gz"))
    if path.suffix.lower() in FORMAT_OF_SUFFIX:
        return FORMAT_OF_SUFFIX[path.suffix.lower()], stream
    # A buffered stream is peeked at as it is: another buffer around it would wait for 8 KB of a slow pipe.
    peekable = stream if hasattr(stream, "peek") else io.BufferedReader(cast(io.RawIOBase, stream))
    try:
        start = cast(io.BufferedReader, peekable).peek(1)
    except (OSError, EOFError) as error:
        raise SourceError(f"{name}: cannot be read ({error}); expected a readable file") from error
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
