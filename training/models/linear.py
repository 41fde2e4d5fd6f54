"""Models whose log-odds are a weighted sum of encoded columns: their reasons are exact."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.pipeline import Pipeline

from training.models.encoding import Encoding
from training.models.kind import Kind, Params
from training.models.numeric import ClippedRange, QuantileRamps, QuantileSteps
from training.models.pipeline import assemble

# Penalties are L2 on every weight, in units of rows: 1/C for logistic regression.
PLAIN: tuple[Params, ...] = ({"penalty": 1.0}, {"penalty": 10.0}, {"penalty": 0.1})
BINS: tuple[Params, ...] = (
    {"bins": 10, "penalty": 10.0},
    {"bins": 10, "penalty": 30.0},
    {"bins": 20, "penalty": 30.0},
)
SGD: tuple[Params, ...] = tuple({"bins": 10, "alpha": alpha} for alpha in (1e-3, 3e-3, 3e-4))
BAYES: tuple[Params, ...] = tuple({"bins": 10, "alpha": alpha} for alpha in (1.0, 10.0))
SGD_EPOCHS = 30


def logistic(encoding: Encoding, params: Params, seed: int) -> Pipeline:  # noqa: ARG001 - nothing is random
    """Logistic regression on numbers scaled to 0..1, clipped to the range seen in training."""
    given = {**PLAIN[0], **params}
    return assemble(encoding, ClippedRange(), _regression(given["penalty"]))


def logistic_bins(encoding: Encoding, params: Params, seed: int) -> Pipeline:  # noqa: ARG001 - as above
    """Logistic regression that is piecewise linear in every number, between quantiles."""
    given = {**BINS[0], **params}
    return assemble(encoding, QuantileRamps(given["bins"]), _regression(given["penalty"]))


def sgd(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """Logistic regression by averaged stochastic gradient descent, on steps over quantile bins."""
    given = {**SGD[0], **params}
    # Without a tolerance every fit takes the same number of epochs: no early stop by chance, no warning.
    model = SGDClassifier(
        loss="log_loss", alpha=given["alpha"], average=True, max_iter=SGD_EPOCHS, tol=None, random_state=seed
    )
    return assemble(encoding, QuantileSteps(given["bins"]), model)


def naive_bayes(encoding: Encoding, params: Params, seed: int) -> Pipeline:  # noqa: ARG001 - as above
    """Naive Bayes on indicators only, steps and levels, which makes its log-odds linear in them."""
    given = {**BAYES[0], **params}
    return assemble(encoding, QuantileSteps(given["bins"]), BernoulliNB(alpha=given["alpha"]))


def _regression(penalty: float) -> LogisticRegression:
    # Newton's method on the exact Hessian: the same weights to ~1e-12 whatever the machine's BLAS.
    return LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8, max_iter=100)


LINEAR = (
    Kind("logistic", "Logistic regression", 1, logistic, PLAIN, effort=0.7),
    Kind("logistic_bins", "Logistic regression on quantile bins", 2, logistic_bins, BINS),
    Kind("sgd", "Stochastic gradient descent", 3, sgd, SGD, effort=2),
    Kind("naive_bayes", "Naive Bayes", 3, naive_bayes, BAYES, effort=0.6),
)
