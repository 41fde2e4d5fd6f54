"""The table that `churn train --data` names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.errors import CommandError

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from training.data.dataset import Table

SYNTHETIC = "synthetic"
SYNTHETIC_ROWS = 7000
DEFAULT_MAX_ROWS = 200_000


def load(
    data: str,
    schema: FeatureSchema,
    seed: int,
    *,
    group: str | None = None,
    time: str | None = None,
    extras: Sequence[str] = (),
    max_rows: int = DEFAULT_MAX_ROWS,
) -> Table:
    """The table that `--data` names."""
    from training.data.dataset import read_table, table_from_rows

    name, _, rows = data.partition(":")
    if name != SYNTHETIC:
        return read_table(data, schema, group=group, time=time, extras=extras, max_rows=max_rows, seed=seed)
    if rows and not rows.isdigit():
        raise CommandError(f"--data {data}: expected synthetic or synthetic:ROWS, such as synthetic:7000")
    from producer.synthetic import customers

    made = customers(schema.name, int(rows or SYNTHETIC_ROWS), seed)
    return table_from_rows(
        made, schema, data, group=group, time=time, extras=extras, max_rows=max_rows, seed=seed
    )
