"""The rejects file: every event that was not sent, with the reason, as JSON Lines."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from producer.edge import Invalid
from producer.errors import RejectsFileError
from producer.kinesis import Refused

MAX_ROW_CHARS = 100_000  # above MAX_EVENT_BYTES, so that a refused event is always kept whole


class RejectsFile:
    """One line per event: `line` (null if refused), `kind` (invalid or refused), `reason`, `field`, `row`.

    `row` is the input as it was found, or the event as it was to be sent, so that it can be mended and
    published again. The file appears with its first line, readable by its owner only, and never replaces
    one that is there already: `rejects.jsonl` becomes `rejects-2.jsonl`. `path` is None until then.
    """

    def __init__(self, wanted: Path) -> None:
        if not wanted.parent.is_dir():
            raise RejectsFileError(f"rejects file {wanted}: no such folder; create {wanted.parent} first")
        self.path: Path | None = None
        self._wanted = wanted
        self._file: BinaryIO | None = None

    def add_invalid(self, invalid: Invalid) -> None:
        """Note a row that was never sent."""
        rejected = invalid.rejected
        self._write(invalid.line, "invalid", rejected.reason, rejected.field, invalid.original)

    def add_refused(self, refused: Refused) -> None:
        """Note an event that the stream did not take."""
        self._write(None, "refused", refused.reason, "", refused.payload)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: int | None, kind: str, reason: str, field: str, row: bytes) -> None:
        text = row.decode(errors="backslashreplace")[:MAX_ROW_CHARS]
        entry = {"line": line, "kind": kind, "reason": reason, "field": field, "row": text}
        try:
            self._file = self._file or self._open()
            self._file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise RejectsFileError(
                f"rejects file {self._wanted}: cannot be written ({error.strerror}); choose another place"
            ) from error

    def _open(self) -> BinaryIO:
        for number in count(1):
            suffix = "" if number == 1 else f"-{number}"
            path = self._wanted.with_name(f"{self._wanted.stem}{suffix}{self._wanted.suffix}")
            try:
                path.touch(mode=0o600, exist_ok=False)
            except FileExistsError:
                continue
            self.path = path
            return path.open("ab")
        raise AssertionError("count() never ends")
