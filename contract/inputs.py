"""Events to ONNX inputs. Training and scoring both come through here, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.feature import Feature, category_text
from contract.schema import FeatureSchema

Column = Sequence[Any]
Inputs = dict[str, NDArray[Any]]

# In the graph, empty text is a missing category and NaN a missing number.
MISSING_CATEGORY = ""


def columns_of(rows: Iterable[tuple[Any, ...]], schema: FeatureSchema) -> dict[str, Column]:
    """Rows in schema order, turned on their side: one sequence per feature name."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema.features)
    return dict(zip(schema.feature_names, columns, strict=True))


def to_inputs(columns: Mapping[str, Column], schema: FeatureSchema) -> Inputs:
    """One array of shape (n, 1) per feature, named as in the schema.

    Numeric features are float32 with NaN where the value is None; categorical ones are text (object dtype)
    with "" where it is None, and the spelling of `category_text` otherwise.
    """
    return {feature.name: _to_input(feature, columns[feature.name]) for feature in schema.features}


def _to_input(feature: Feature, values: Column) -> NDArray[Any]:
    if not feature.is_categorical:
        return np.array(values, dtype=np.float32).reshape(-1, 1)
    if feature.json_type != "string":
        texts: Sequence[str] = [MISSING_CATEGORY if v is None else category_text(v) for v in values]
    else:
        texts = [v or MISSING_CATEGORY for v in values] if not feature.required else values
    return np.array(texts, dtype=object).reshape(-1, 1)


def known_texts(categories: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """What each categorical input may hold without being unseen: its categories, or none at all."""
    return {name: frozenset([*known, MISSING_CATEGORY]) for name, known in categories.items()}


def find_unseen(inputs: Inputs, known: Mapping[str, frozenset[str]]) -> dict[int, tuple[str, ...]]:
    """Which features of which row carry a category the model never saw in training (`known_texts`).

    Returns row number → feature names, for the rows that have any; a missing category is not an unseen one.
    """
    found: dict[int, tuple[str, ...]] = {}
    for name, texts in known.items():
        column = inputs[name][:, 0].tolist()
        if not texts.issuperset(column):
            for row, value in enumerate(column):
                if value not in texts:
                    found[row] = (*found.get(row, ()), name)
    return found
