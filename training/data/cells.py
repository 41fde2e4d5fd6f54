"""Columns of a table, typed as the producer types them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.cells import cell_reader
from contract.feature import Feature, category_text


def read_column(feature: Feature, cells: Sequence[object]) -> list[Any]:
    """One table column as event values: None where blank.

    Text that does not fit the type stays text, so that the schema's own judge rejects it and says why.
    """
    read = cell_reader(feature)
    # Columns repeat few distinct texts, so each is read once.
    texts = {cell: read(cell) for cell in {cell for cell in cells if isinstance(cell, str)}}
    return [texts[cell] if isinstance(cell, str) else plain(cell) for cell in cells]


def plain(cell: object) -> Any:
    """A cell that is already typed; NaN is how pandas and numpy spell None."""
    value = cell.item() if hasattr(cell, "item") else cell
    return None if isinstance(value, float) and math.isnan(value) else value


def cell_text(cell: object) -> str:
    """A cell as text in the spelling of categories; "" where blank."""
    value = plain(cell)
    return "" if value is None else category_text(value).strip()


def pick(values: Sequence[Any], positions: NDArray[np.int64]) -> Sequence[Any]:
    """The values at some positions, which are sorted and distinct."""
    if len(positions) == len(values):
        return values
    return [values[position] for position in positions.tolist()]


def text_array(texts: Sequence[str]) -> NDArray[np.object_]:
    """Texts as an array of shape (n,)."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array
