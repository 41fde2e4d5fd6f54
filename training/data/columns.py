"""What a table's columns hold, before anybody has said what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from contract.feature import Feature
from training.data.cells import read_column
from training.data.source import Chunk

# A column with a few cells such as "N/A" among numbers is still a number column.
MOSTLY = 0.9

_NUMBER = Feature(name="", json_type="number", required=False)


@dataclass(slots=True)
class Column:
    """Facts on one column, gathered chunk by chunk. `texts` are the distinct cells, stripped."""

    name: str
    rows: int = 0
    blank: int = 0
    numeric: int = 0
    texts: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)

    def add(self, cells: Sequence[str]) -> None:
        """Take in the next cells."""
        values = read_column(_NUMBER, cells)
        self.rows += len(cells)
        self.blank += values.count(None)
        self.numeric += sum(isinstance(value, float) for value in values)
        self.texts.update(text for cell in cells if (text := cell.strip()))
        self.numbers.update(value for value in values if isinstance(value, float))

    @property
    def present(self) -> int:
        return self.rows - self.blank

    @property
    def is_unique(self) -> bool:
        """No blank and no repetition."""
        return self.rows > 0 and len(self.texts) == self.rows

    @property
    def is_numeric(self) -> bool:
        return self.present > 0 and self.numeric >= MOSTLY * self.present

    @property
    def is_integer(self) -> bool:
        return self.is_numeric and all(number.is_integer() for number in self.numbers)

    @property
    def is_boolean(self) -> bool:
        return bool(self.texts) and {text.lower() for text in self.texts} <= {"true", "false"}


def gather_columns(header: Sequence[str], chunks: Iterable[Chunk]) -> tuple[list[Column], int]:
    """The facts on every column, in the header's order, and how many rows were none."""
    columns, irregular = [Column(name) for name in header], 0
    for chunk in chunks:
        irregular += len(chunk.irregular)
        for column in columns:
            column.add(chunk.columns[column.name])
    return columns, irregular
