"""What a candidate must know of the table before it is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from contract.inputs import MISSING_CATEGORY, Inputs
from contract.schema import FeatureSchema


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a candidate must know of the table before it is fitted: the columns and the categories seen.

    A missing category ("") is a level of its own where the training data has any; one never seen, missing
    or not, encodes as all zeros.
    """

    schema: FeatureSchema
    levels: Mapping[str, Sequence[str]]

    @property
    def categories(self) -> dict[str, list[str]]:
        """The categories seen, without the missing one: what the manifest carries."""
        return {name: [v for v in seen if v != MISSING_CATEGORY] for name, seen in self.levels.items()}


def learn_encoding(inputs: Inputs, schema: FeatureSchema) -> Encoding:
    """The levels of every categorical feature, sorted; the fit of a fold knows only those of its own rows."""
    levels = {f.name: sorted(set(inputs[f.name][:, 0].tolist())) for f in schema.categorical}
    return Encoding(schema, levels)


def to_frame(inputs: Inputs) -> pd.DataFrame:
    """Graph inputs as the frame that the pipelines take: float32 and object columns."""
    return pd.DataFrame({name: pd.Series(array[:, 0], dtype=array.dtype) for name, array in inputs.items()})
