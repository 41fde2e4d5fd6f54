"""A fitted candidate that explains itself, in float64: what the parity gate holds the graph against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.models.candidates import ENCODE, MODEL, feature_of_column

Table64 = NDArray[np.float64]
CERTAIN = 1e-7  # log-odds are those of a probability at least this far from 0 and 1
ROWS_PER_SLICE = 20_000  # bounds memory on large tables
SAME = 1e-9  # closer than this, a secant's slope is lost in rounding


class Explained(NamedTuple):
    """Probability (n,), log-odds (n,) and contributions (n, features) of some rows."""

    probability: Table64
    margin: Table64
    contributions: Table64


class Reference(ABC):
    """A fitted candidate that explains itself.

    `separable` contributions answer to their own feature only. `from_probability`: log-odds are taken from
    the probability, and are as exact as a graph's `probability_digits` of it let them be. `used` marks the
    features that can contribute, (features,).
    """

    separable = False
    from_probability = True
    probability_digits = 1e-7  # float32's
    base_margin: float
    used: NDArray[np.bool_]

    @abstractmethod
    def explain(self, frame: pd.DataFrame) -> Explained:
        """The rows of a frame as the pipelines take it."""

    @abstractmethod
    def moved(self, frame: pd.DataFrame, base: pd.DataFrame) -> set[int]:
        """The features whose encoded columns differ anywhere between two frames of the same length."""


class Encoded(Reference):
    """A pipeline of an encoder and a model whose columns belong to features."""

    def __init__(self, pipeline: Pipeline, schema: FeatureSchema) -> None:
        self.encode, self.model = pipeline[ENCODE].transform, pipeline[MODEL]
        self.owners = feature_of_column(pipeline, schema)
        self.features = len(schema.features)

    def moved(self, frame: pd.DataFrame, base: pd.DataFrame) -> set[int]:
        differs = (self.encode(frame) != self.encode(base)).any(axis=0)
        return set(self.owners[differs].tolist())


def slices(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows in turn, few enough at a time."""
    for start in range(0, len(frame), ROWS_PER_SLICE):
        yield frame.iloc[start : start + ROWS_PER_SLICE]


def secant(rise: Table64, run: Table64, derivative: float) -> Table64:
    """rise / run, and the derivative where the run is next to nothing."""
    flat = np.abs(run) < SAME
    slope: Table64 = np.where(flat, derivative, rise / np.where(flat, 1.0, run))
    return slope


def sigmoid(margin: float) -> float:
    """The probability of log-odds."""
    return float(1 / (1 + np.exp(-margin)))


def log_odds(probability: Any) -> Any:
    """Of one probability or many, each held away from 0 and 1."""
    held = np.clip(probability, CERTAIN, 1 - CERTAIN)
    return np.log(held / (1 - held))
