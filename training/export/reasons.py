"""Why a customer scores as they do: each feature's part of the log-odds, against the average customer.

For a linear model this is exact, and equals its SHAP values under independent features
(Lundberg & Lee 2017, https://arxiv.org/abs/1705.07874, corollary 1).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from contract.schema import FeatureSchema
from training.models.candidates import ENCODE, MODEL, feature_of_column

Table64 = NDArray[np.float64]


def weights_by_feature(pipeline: Pipeline, schema: FeatureSchema) -> Table64:
    """(encoded columns, features): each column's weight, under the feature it was made from."""
    owners = feature_of_column(pipeline, schema)
    weights = np.zeros((len(owners), len(schema.features)))
    weights[np.arange(len(owners)), owners] = pipeline[MODEL].coef_[0]
    return weights


def parts(pipeline: Pipeline, schema: FeatureSchema, frame: pd.DataFrame) -> Table64:
    """(n, features): every feature's part of the log-odds; with the intercept they add up to the margin."""
    contributed: Table64 = pipeline[ENCODE].transform(frame) @ weights_by_feature(pipeline, schema)
    return contributed


def average_parts(pipeline: Pipeline, schema: FeatureSchema, frame: pd.DataFrame) -> Table64:
    """(features,): the mean of `parts`; what contributions are measured from."""
    average: Table64 = pipeline[ENCODE].transform(frame).mean(axis=0) @ weights_by_feature(pipeline, schema)
    return average
