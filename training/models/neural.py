"""A small neural network: for comparison, as its graph cannot say why."""

from __future__ import annotations

from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from training.models.encoding import Encoding
from training.models.kind import Kind, Params
from training.models.numeric import ClippedRange
from training.models.pipeline import assemble

NETWORK: tuple[Params, ...] = ({"hidden": [16], "alpha": 0.3}, {"hidden": [32, 16], "alpha": 1.0})


def neural_net(encoding: Encoding, params: Params, seed: int) -> Pipeline:
    """A multi-layer perceptron on numbers scaled to 0..1."""
    given = {**NETWORK[0], **params}
    # Ends where five epochs gain less than .001 each, long before 1,000.
    model = MLPClassifier(
        tuple(given["hidden"]),
        alpha=given["alpha"],
        learning_rate_init=0.005,
        tol=1e-3,
        n_iter_no_change=5,
        max_iter=1000,
        random_state=seed,
    )
    return assemble(encoding, ClippedRange(), model)


NEURAL = Kind(
    "neural_net", "Neural network", 7, neural_net, NETWORK, family="other", gives_reasons=False, effort=7
)
