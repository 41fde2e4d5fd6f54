"""Columns of a table, typed as the producer types them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from contract.cells import cell_reader
from contract.feature import Feature


def read_column(feature: Feature, cells: Sequence[object]) -> list[Any]:
    """One table column as event values: None where blank.

    Text that does not fit the type stays text, so that the schema's own judge rejects it and says why.
    """
    read = cell_reader(feature)
    # Columns repeat few distinct texts, so each is read once.
    texts = {cell: read(cell) for cell in {cell for cell in cells if isinstance(cell, str)}}
    return [texts[cell] if isinstance(cell, str) else _plain(cell) for cell in cells]


def _plain(cell: object) -> Any:
    """A cell that is already typed; NaN is how pandas and numpy spell None."""
    value = cell.item() if hasattr(cell, "item") else cell
    return None if isinstance(value, float) and math.isnan(value) else value
