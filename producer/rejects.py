"""The rejects file: every event that was not sent, with the reason, as JSON Lines that can be read again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from producer.csv_row import parse_cells
from producer.edge import Invalid
from producer.errors import RejectsFileError
from producer.kinesis import Refused

MAX_ROW_CHARS = 100_000  # above MAX_EVENT_BYTES, so that a refused event is always kept whole
INVALID, REFUSED = "invalid", "refused"


class RejectsFile:
    """One line per event: `line` of the source, `kind` (invalid or refused), `reason`, `field`, `row`.

    `row` is the input as it was found, or the event as it was to be sent; a CSV row is an object by column
    name, or its text with the header in `columns` where the cells do not fit the header. `time_column` is
    there if one was asked for. Mended or not, every line can be published again, except where `cut` says
    that the row was too long to keep. The file appears with its first line, readable by its owner only, and
    never replaces one that is there already: `rejects.jsonl` becomes `rejects-2.jsonl`. `path` is None until
    then. Raises RejectsFileError at once where it could not be written.
    """

    def __init__(self, wanted: Path) -> None:
        self.path: Path | None = None
        self._wanted = wanted
        self._file: io.FileIO | None = None
        with self._explained():
            if not wanted.name or wanted.is_dir():
                example = wanted / "rejects.jsonl"
                raise RejectsFileError(f"rejects file {wanted}: is a folder; give a file, such as {example}")
            if not wanted.parent.is_dir():
                raise RejectsFileError(f"rejects file {wanted}: no such folder; create {wanted.parent} first")
            self._create().unlink()

    def add_invalid(self, invalid: Invalid) -> None:
        """Note a row that was never sent."""
        rejected = invalid.rejected
        text = invalid.original.decode(errors="backslashreplace")
        entry = {"line": invalid.line, "kind": INVALID, "reason": rejected.reason, "field": rejected.field}
        entry["row"] = text[:MAX_ROW_CHARS]
        if invalid.is_cut or len(text) > MAX_ROW_CHARS:
            entry["cut"] = True
        elif invalid.columns:
            cells = parse_cells(invalid.original)
            if isinstance(cells, list) and len(cells) == len(invalid.columns):
                entry["row"] = dict(zip(invalid.columns, cells, strict=True))
            else:
                entry["columns"] = invalid.columns
        if invalid.time_column is not None:
            entry["time_column"] = invalid.time_column
        self._write(entry)

    def add_refused(self, refused: Refused) -> None:
        """Note an event that the stream did not take."""
        entry = {"line": refused.line, "kind": REFUSED, "reason": refused.reason, "field": ""}
        self._write({**entry, "row": refused.payload.decode(errors="backslashreplace")[:MAX_ROW_CHARS]})

    def close(self) -> None:
        if self._file:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, entry: dict[str, Any]) -> None:
        line = msgspec.json.encode(entry) + b"\n"
        with self._explained():
            if not self._file:
                self.path = self._create()
                # Unbuffered: a line that was noted is in the file, whatever happens next.
                self._file = self.path.open("ab", buffering=0)
            while line:
                line = line[self._file.write(line) :]

    def _create(self) -> Path:
        for number in count(1):
            suffix = "" if number == 1 else f"-{number}"
            path = self._wanted.with_name(f"{self._wanted.stem}{suffix}{self._wanted.suffix}")
            try:
                path.touch(mode=0o600, exist_ok=False)
            except FileExistsError:
                continue
            return path
        raise AssertionError("count() never ends")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RejectsFileError(
                f"rejects file {self._wanted}: cannot be written ({error.strerror}); choose another place"
            ) from error
