"""The two classes that a label must have, and enough rows of each to judge a model by."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from contract.schema import FeatureSchema
from training.data.rows import label_text
from training.errors import DatasetError
from training.wording import counted, listed, quoted

# Two for each of the five folds, so that a figure is never one customer's. The four fifths that are left
# give each of three inner folds two as well.
MIN_ROWS_PER_CLASS = 10


def require_two_labels(rows: Mapping[str, int], schema: FeatureSchema, name: str) -> str:
    """The text of the positive label, given how many rows carry each text. Raises DatasetError."""
    values = sorted(rows)
    where = f"{name}: label {schema.label_column}"
    if len(values) != 2:
        found = counted(len(values), "value", "different values")
        raise DatasetError(
            f"{where} holds {found} ({listed(values)}) in {sum(rows.values()):,} rows; expected exactly two, "
            "one of them for customers who left"
        )
    positive = label_text(schema.label_positive)
    if positive not in values:
        raise DatasetError(
            f"{where} holds {quoted(values[0])} and {quoted(values[1])}, but the schema's x-label-positive "
            f"is {schema.label_positive!r}; set it to the value that means churned"
        )
    return positive


def require_both_classes(labels: NDArray[np.int8], positive: str, schema: FeatureSchema, name: str) -> None:
    """Raise DatasetError where a class has too few rows; `labels` are 1 for the positive one."""
    positives = int(labels.sum())
    smaller = min(positives, len(labels) - positives)
    if smaller < MIN_ROWS_PER_CLASS:
        which = f"are {quoted(positive)}" if smaller == positives else f"are not {quoted(positive)}"
        raise DatasetError(
            f"{name}: label {schema.label_column}: only {smaller} of {len(labels):,} rows {which}; expected "
            f"at least {MIN_ROWS_PER_CLASS} rows of each value, {2 * MIN_ROWS_PER_CLASS} in all, so that "
            "every fold can be judged; add rows"
        )
