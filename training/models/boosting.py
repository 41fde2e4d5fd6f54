"""Trees that each correct the ones before. XGBoost and LightGBM are imported only when they are built."""

from __future__ import annotations

from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import Pipeline

from training.models.encoding import Encoding
from training.models.kind import Kind, Params
from training.models.numeric import FilledNumbers
from training.models.pipeline import assemble
from training.models.single_precision import SinglePrecisionHistGradientBoosting

GRADIENT: tuple[Params, ...] = (
    {"trees": 200, "learning_rate": 0.06, "max_depth": 2},
    {"trees": 120, "learning_rate": 0.06, "max_depth": 3},
    {"trees": 80, "learning_rate": 0.06, "max_depth": 3},
)
HISTOGRAM: tuple[Params, ...] = (
    {"trees": 250, "learning_rate": 0.05, "max_leaves": 4},
    {"trees": 150, "learning_rate": 0.05, "max_leaves": 6},
    {"trees": 100, "learning_rate": 0.05, "max_leaves": 6},
)
XGBOOST: tuple[Params, ...] = (
    {"trees": 250, "learning_rate": 0.05, "max_depth": 2},
    {"trees": 150, "learning_rate": 0.05, "max_depth": 3},
    {"trees": 100, "learning_rate": 0.05, "max_depth": 3},
)
LIGHTGBM: tuple[Params, ...] = HISTOGRAM
MIN_LEAF_ROWS = 40


def gradient_boosting(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """Stochastic gradient boosting (Friedman 2002) by scikit-learn's exact splitter."""
    given = {**GRADIENT[0], **params}
    model = GradientBoostingClassifier(
        n_estimators=given["trees"],
        learning_rate=given["learning_rate"],
        max_depth=given["max_depth"],
        min_samples_leaf=MIN_LEAF_ROWS,
        subsample=0.6,
        max_features=0.3,
        random_state=seed,
    )
    return assemble(encoding, FilledNumbers(), model)


def hist_gradient_boosting(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """Gradient boosting on histograms of up to 255 bins."""
    given = {**HISTOGRAM[0], **params}
    model = SinglePrecisionHistGradientBoosting(
        max_iter=given["trees"],
        learning_rate=given["learning_rate"],
        max_leaf_nodes=given["max_leaves"],
        min_samples_leaf=MIN_LEAF_ROWS,
        l2_regularization=5.0,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    return assemble(encoding, FilledNumbers(), model)


def xgboost(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """XGBoost, on one thread."""
    from xgboost import XGBClassifier

    given = {**XGBOOST[0], **params}
    model = XGBClassifier(
        n_estimators=given["trees"],
        learning_rate=given["learning_rate"],
        max_depth=given["max_depth"],
        min_child_weight=5.0,
        reg_lambda=5.0,
        subsample=0.6,
        colsample_bynode=0.3,
        tree_method="hist",
        n_jobs=1,
        random_state=seed,
    )
    return assemble(encoding, FilledNumbers(), model)


def lightgbm(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """LightGBM, on one thread."""
    from training.models.single_precision_lightgbm import SinglePrecisionLightGBM

    given = {**LIGHTGBM[0], **params}
    model = SinglePrecisionLightGBM(
        n_estimators=given["trees"],
        learning_rate=given["learning_rate"],
        num_leaves=given["max_leaves"],
        min_child_samples=MIN_LEAF_ROWS,
        reg_lambda=5.0,
        subsample=0.6,
        subsample_freq=1,
        colsample_bytree=0.5,
        n_jobs=1,
        random_state=seed,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
    )
    return assemble(encoding, FilledNumbers(), model)


BOOSTING = (
    Kind("gradient_boosting", "Gradient boosting", 5, gradient_boosting, GRADIENT, family="tree", effort=8),
    Kind(
        "hist_gradient_boosting",
        "Histogram gradient boosting",
        5,
        hist_gradient_boosting,
        HISTOGRAM,
        family="tree",
        effort=7,
    ),
    Kind("xgboost", "XGBoost", 5, xgboost, XGBOOST, family="tree", effort=3, extra="boosting"),
    Kind("lightgbm", "LightGBM", 5, lightgbm, LIGHTGBM, family="tree", effort=4, extra="boosting"),
)
