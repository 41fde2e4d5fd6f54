"""Who left, in a table that nobody has described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.schema import FeatureSchema
from training.data.columns import Column
from training.data.label import guess_label, positive_value
from training.errors import DatasetError
from training.wording import listed, printable, quoted


@dataclass(frozen=True, slots=True)
class Label:
    """Who left: 1, 0, or NaN where it is not said. `positive` is the value that means left."""

    column: str
    positive: str
    values: NDArray[np.float64]

    @property
    def rate(self) -> float:
        """The share of 1 among the rows that say it."""
        return float(np.nanmean(self.values))


def find_label(
    facts: Sequence[Column],
    texts: Mapping[str, NDArray[np.object_]],
    schema: FeatureSchema | None,
    told: str | None,
    positive: str | None,
    name: str,
) -> tuple[Label | None, str]:
    """Who left, or None and why it is not known. What was told and is not there raises."""
    by_name = {each.name: each for each in facts}
    if told is not None and told.strip() not in by_name:
        raise DatasetError(
            f"{name}: no column {quoted(told)} for the label; found: {listed(list(by_name))}. "
            "Mend --label-column"
        )
    wanted = told.strip() if told is not None else schema.label_column if schema else ""
    column = by_name.get(wanted) or (None if schema else guess_label(facts))
    if column is None:
        where = f"no column {printable(wanted)}" if wanted else "no two-valued column named like churn"
        return None, f"No label: {where}. Name it with --label-column to see what goes with leaving."
    says = positive if positive is not None or told is not None or schema is None else schema.label_positive
    try:
        churned = positive_value(column, says, name)
    except DatasetError as error:
        if told is not None or positive is not None:
            raise
        return None, f"No label: {str(error).removeprefix(f'{name}: ')}."
    values = np.full(len(texts[column.name]), np.nan)
    known = texts[column.name] != ""
    values[known] = texts[column.name][known] == churned
    return Label(column.name, churned, values), ""
