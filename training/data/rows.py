"""Which rows could arrive as events, and what they would carry: judged by the event decoder's own types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.cells import cell_reader
from contract.feature import Feature, category_text
from contract.row import RowDecoder, explain
from contract.schema import FeatureSchema
from training.data.cells import plain
from training.data.skipped import SkippedRows
from training.data.source import Chunk

REFUSED: Final = object()  # in place of a value that no event may carry
MAX_TEXTS_KEPT = 100_000  # bounds the memory of columns that hardly repeat a text


class RowJudge:
    """Decides row by row as `contract.row.RowDecoder` would, but reads every distinct text once."""

    def __init__(self, schema: FeatureSchema) -> None:
        self._schema = schema
        self._row = RowDecoder(schema).struct
        types = {field.encode_name: field.type for field in msgspec.structs.fields(self._row)}
        self._readers = {f.name: _ColumnReader(f, types[f.name]) for f in schema.features}
        self._labels = _Texts(label_text)

    def judge(self, chunk: Chunk, skipped: SkippedRows) -> JudgedRows:
        """The rows of a chunk that have a label and that an event decoder would accept; counts the others."""
        for line, reason in chunk.irregular:
            skipped.add(reason, line)
        labels = self._labels.of(chunk.columns[self._schema.label_column])
        unlabelled = {row for row, text in enumerate(labels) if not text} if "" in labels else set()
        values, refused = {}, set(unlabelled)
        for name, reader in self._readers.items():
            values[name] = reader.read(chunk.columns[name])
            if reader.has_refused:
                refused.update(row for row, value in enumerate(values[name]) if value is REFUSED)
        for row in sorted(refused):
            reason, cell = self._why(chunk, row, row in unlabelled)
            skipped.add(reason, chunk.lines[row], cell)
        accepted = np.setdiff1d(np.arange(len(labels)), np.fromiter(refused, np.int64, len(refused)))
        return JudgedRows(values, labels, accepted)

    def _why(self, chunk: Chunk, row: int, is_unlabelled: bool) -> tuple[str, object]:
        """The reason in the event decoder's words, and the cell at fault."""
        if is_unlabelled:
            return f"{self._schema.label_column}: blank label", ""
        cells = {feature.name: chunk.columns[feature.name][row] for feature in self._schema.features}
        data = {name: self._readers[name].event_value(cell) for name, cell in cells.items()}
        try:
            msgspec.convert({name: value for name, value in data.items() if value is not None}, self._row)
        except msgspec.ValidationError as error:
            # A message about a bare row, as if the row were an event's `data`.
            rejected = explain(str(error).replace("- at `$", "- at `$.data", 1))
            return rejected.reason, cells.get(rejected.field, "")
        raise AssertionError("a cell was refused alone and accepted in its row")


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """A chunk's columns as event values, its labels in one spelling, and which rows are `accepted`."""

    values: Mapping[str, Sequence[Any]]
    labels: Sequence[str]
    accepted: NDArray[np.int64]


class _Texts(dict[str, Any]):
    """What `read` makes of texts, each asked for once; other cells are asked for every time."""

    def __init__(self, read: Callable[[object], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Any:
        value = self[text] = self._read(text)
        return value

    def of(self, cells: Sequence[object]) -> list[Any]:
        if len(self) > MAX_TEXTS_KEPT:
            self.clear()
        known, read = self.__getitem__, self._read
        if set(map(type, cells)) == {str}:
            return list(map(known, cells))  # type: ignore[arg-type]
        return [known(cell) if isinstance(cell, str) else read(cell) for cell in cells]


class _ColumnReader:
    """One feature's cells as event values, REFUSED where an event decoder would not take them."""

    def __init__(self, feature: Feature, accepted: Any) -> None:
        self.has_refused = False
        self._accepted = accepted
        self._read_text = cell_reader(feature)
        self._texts = _Texts(self._judge)

    def read(self, cells: Sequence[object]) -> list[Any]:
        return self._texts.of(cells)

    def event_value(self, cell: object) -> Any:
        """A cell as the producer would type it, fitting or not; None where it is blank."""
        return self._read_text(cell) if isinstance(cell, str) else plain(cell)

    def _judge(self, cell: object) -> Any:
        try:
            return msgspec.convert(self.event_value(cell), self._accepted)
        except msgspec.ValidationError:
            self.has_refused = True
            return REFUSED


def label_text(value: object) -> str:
    """A label in the spelling of `category_text`; 1.0 and "1.0" are 1, None and NaN are blank."""
    if value is None or value != value:
        return ""
    text = category_text(value.item() if hasattr(value, "item") else value).strip()
    return text.removesuffix(".0")
