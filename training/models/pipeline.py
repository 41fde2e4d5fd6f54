"""What every pipeline is made of: an encoder for numbers and categories, then a classifier."""

from __future__ import annotations

from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from training.models.encoding import Encoding
from training.models.numeric import NumberEncoder

NUMBERS, CATEGORIES, ENCODE, MODEL = "numbers", "categories", "encode", "model"


def assemble(encoding: Encoding, numbers: NumberEncoder, model: Any) -> Pipeline:
    """An unfitted pipeline on `to_frame`'s columns; categories become one column per level seen in its fit.

    So a fold's model meets a level that only judged rows hold as the served one meets a stranger: all zeros.
    """
    return Pipeline([(ENCODE, _encoder(encoding, numbers)), (MODEL, model)])


def _encoder(encoding: Encoding, numbers: NumberEncoder) -> ColumnTransformer:
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [
        (NUMBERS, numbers, [feature.name for feature in encoding.schema.numeric]),
        (CATEGORIES, one_hot, list(encoding.levels)),
    ]
    return ColumnTransformer([part for part in parts if part[2]])
