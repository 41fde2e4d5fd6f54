"""A labelled table, as model inputs. Rows that could not arrive as events are counted, not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.data.download import public_name
from training.data.gather import Gatherer, Wanted
from training.data.skipped import SkippedRows
from training.data.source import Chunk, open_csv
from training.errors import DatasetError
from training.wording import listed, printable, quoted

ROWS_PER_CHUNK = 1_000  # few enough to stay in the processor's caches, which makes reading twice as fast
MAX_ROWS = 200_000  # trained on; of more a random sample is as good and far quicker
LONGEST_LIST = 1_000  # characters of column names in one message


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to train on, in their order in the source.

    `inputs` is what the graph takes (contract/inputs.py), `labels` int8 of shape (n,) with 1 for the positive
    value, `ids` the customers. Guaranteed: both labels, at least 10 rows of each.

    Where asked for: `groups` (text; rows of one group belong together, a blank is a group of its own),
    `times` (seconds since 1970 UTC, or the column's own numbers), and `extras` (more columns as text, ""
    where blank). `group_column` and `time_column` are their names. `total_rows` could be trained on, of which
    these are all, or a random sample.
    """

    source: str
    inputs: Inputs
    labels: NDArray[np.int8]
    ids: tuple[str, ...]
    skipped: SkippedRows
    groups: NDArray[np.object_] | None = None
    times: NDArray[np.float64] | None = None
    extras: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)
    total_rows: int = 0  # 0: as many as there are
    group_column: str = ""
    time_column: str = ""

    def __post_init__(self) -> None:
        if not self.total_rows:
            object.__setattr__(self, "total_rows", self.rows)

    @property
    def rows(self) -> int:
        return len(self.labels)


def read_table(
    source: str | Path,
    schema: FeatureSchema,
    *,
    group: str | None = None,
    time: str | None = None,
    extras: Sequence[str] = (),
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> Table:
    """Read a CSV file or http(s) URL, in memory bounded by `max_rows`: of more rows a random sample is kept.

    `group`, `time` and `extras` name any columns of the file. The same file and seed give the same table.
    Raises DatasetError with one line for anything that cannot be trained on.
    """
    wanted = Wanted(public_name(source), schema, group, time, tuple(extras), max_rows, seed)
    with open_csv(source) as csv:
        _require_columns(csv.header, wanted)
        return _gather(csv.chunks(wanted.columns, ROWS_PER_CHUNK), wanted)


def table_from_rows(
    rows: Iterable[Mapping[str, object]],
    schema: FeatureSchema,
    source_name: str,
    *,
    group: str | None = None,
    time: str | None = None,
    extras: Sequence[str] = (),
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> Table:
    """Build a table from rows in memory, text or typed cells by column name, as `read_table` does."""
    wanted = Wanted(source_name, schema, group, time, tuple(extras), max_rows, seed)
    return _gather(_column_chunks(rows, wanted), wanted)


def _gather(chunks: Iterable[Chunk], wanted: Wanted) -> Table:
    gatherer = Gatherer(wanted)
    for chunk in chunks:
        gatherer.add(chunk)
    gathered = gatherer.finish()
    return Table(
        wanted.name,
        gathered.inputs,
        gathered.labels,
        gathered.ids,
        gathered.skipped,
        gathered.groups,
        gathered.times,
        gathered.extras,
        gathered.total_rows,
        wanted.group or "",
        wanted.time or "",
    )


def _column_chunks(rows: Iterable[Mapping[str, object]], wanted: Wanted) -> Iterator[Chunk]:
    iterator = iter(rows)
    number = 1
    while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
        if number == 1:
            _require_columns(list(dict.fromkeys(key for row in chunk for key in row)), wanted)
        columns: dict[str, list[Any]] = {name: [row.get(name) for row in chunk] for name in wanted.columns}
        yield Chunk(columns, range(number, number + len(chunk)))
        number += len(chunk)


def _require_columns(found: Sequence[str], wanted: Wanted) -> None:
    """An optional feature may have no column, as in an event; without any the table is another's."""
    schema = wanted.schema
    required = [feature.name for feature in schema.features if feature.required]
    if not set(schema.feature_names) & set(found):
        required = list(schema.feature_names)
    needed = {"id": [schema.id_column], "label": [schema.label_column], "feature": required}
    missing = [
        f"{kind} {', '.join(absent)}"
        for kind, columns in needed.items()
        if (absent := [column for column in columns if column not in found])
    ]
    if missing:
        raise DatasetError(
            f"{wanted.name}: no column for {'; '.join(missing)} (schema {schema.name}); "
            f"found: {listed(found)}. "
            "Rename the columns, or draft a schema for this table with `churn schema infer`"
        )
    for purpose, column in wanted.asked_for:
        if column not in found:
            names = printable(", ".join(found), LONGEST_LIST)
            raise DatasetError(
                f"{wanted.name}: no column {quoted(column)} {purpose}; name one of those found: {names}"
            )
