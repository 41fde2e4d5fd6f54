"""The models that compete, by name. All take the graph's own inputs and clean them themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from contract.inputs import MISSING_CATEGORY, Inputs
from contract.schema import FeatureSchema
from training.errors import CandidateError
from training.models.numeric import ClippedRange, NumberEncoder, QuantileSteps

NUMBERS, CATEGORIES, ENCODE, MODEL = "numbers", "categories", "encode", "model"
# L2 penalties (1/C). Neighbouring steps should agree unless the data insists: on Telco 10 beats 1 by .0007.
PLAIN_PENALTY, STEPS_PENALTY = 1.0, 10.0


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
    """The levels of every categorical feature, sorted. Labels play no part, so folds may share it."""
    levels = {f.name: sorted(set(inputs[f.name][:, 0].tolist())) for f in schema.categorical}
    return Encoding(schema, levels)


def to_frame(inputs: Inputs) -> pd.DataFrame:
    """Graph inputs as the frame that the pipelines take: float32 and object columns."""
    return pd.DataFrame({name: pd.Series(array[:, 0], dtype=array.dtype) for name, array in inputs.items()})


def logistic(encoding: Encoding) -> Pipeline:
    """Logistic regression on numbers scaled to 0..1, clipped to the range seen in training."""
    return _linear(encoding, ClippedRange(), PLAIN_PENALTY)


def logistic_bins(encoding: Encoding) -> Pipeline:
    """Logistic regression on steps over ten quantile bins of every number."""
    return _linear(encoding, QuantileSteps(n_bins=10), STEPS_PENALTY)


def _linear(encoding: Encoding, numbers: NumberEncoder, penalty: float) -> Pipeline:
    schema = encoding.schema
    one_hot = OneHotEncoder(
        categories=[np.array(levels, dtype=object) for levels in encoding.levels.values()],
        handle_unknown="ignore",
        sparse_output=False,
    )
    parts = [
        (NUMBERS, numbers, [feature.name for feature in schema.numeric]),
        (CATEGORIES, one_hot, list(encoding.levels)),
    ]
    encode = ColumnTransformer([part for part in parts if part[2]])
    # Newton's method on the exact Hessian: the same weights to ~1e-12 whatever the machine's BLAS.
    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8, max_iter=100)
    return Pipeline([(ENCODE, encode), (MODEL, model)])


# Simplest first: a tie goes to the earlier one.
CANDIDATES: Mapping[str, Callable[[Encoding], Pipeline]] = {
    "logistic": logistic,
    "logistic_bins": logistic_bins,
}


def build(name: str, encoding: Encoding) -> Pipeline:
    """An unfitted candidate. Raises CandidateError naming the known ones."""
    if name not in CANDIDATES:
        raise CandidateError(f"candidate {name!r}: not known; choose from {', '.join(CANDIDATES)}")
    return CANDIDATES[name](encoding)


def feature_of_column(pipeline: Pipeline, schema: FeatureSchema) -> NDArray[np.int64]:
    """For every column of the encoded table, the schema position of the feature it was made from."""
    position = {name: i for i, name in enumerate(schema.feature_names)}
    owners: list[int] = []
    for _, encoder, columns in pipeline[ENCODE].transformers_:
        if isinstance(encoder, NumberEncoder):
            local = encoder.column_owners.tolist()
        else:
            local = [i for i, levels in enumerate(encoder.categories_) for _ in levels]
        owners += [position[columns[i]] for i in local]
    return np.array(owners, dtype=np.int64)


def thresholds(pipeline: Pipeline) -> dict[str, NDArray[np.float32]]:
    """Where each numeric feature's part of the score jumps or bends: parity is hardest there."""
    for name, encoder, columns in pipeline[ENCODE].transformers_:
        if name == NUMBERS:
            return dict(zip(columns, encoder.thresholds, strict=True))
    return {}
