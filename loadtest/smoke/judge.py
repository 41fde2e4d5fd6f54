"""Whether a score that a deployed function wrote is the one that its model gives."""

from __future__ import annotations

import time

from contract.champion import Champion
from contract.event import Event, parse_time
from contract.prediction import Prediction
from scorer.champion import CHECK_SECONDS
from scorer.model import Model

# What rounding to six decimals and another processor may change.
PROBABILITY_TOLERANCE = 2e-6


def complaint_about(found: Prediction, payload: bytes, model: Model, champion: Champion) -> str | None:
    """What is wrong with the score of an event, in one line; None where nothing is.

    `model` is the version that `champion` names, loaded here. Raises ModelError where it cannot score.
    """
    if found.model_version != model.version:
        if found.model_version in also_allowed(champion):
            return None
        return (
            f"customer {found.customer_id}: scored by model {found.model_version}, "
            f"but {model.version} serves; see the scorer's log and ModelLoadFailures"
        )
    decoded = model.decode(payload)
    assert isinstance(decoded, Event), decoded  # a value outside the schema would be our own mistake
    expected = model.score([decoded.values]).probabilities[0]
    if abs(found.probability - expected) <= PROBABILITY_TOLERANCE:
        return None
    return (
        f"customer {found.customer_id}: probability {found.probability}, "
        f"but model {model.version} gives {expected} here"
    )


def also_allowed(champion: Champion) -> set[str]:
    """A sandbox looks for a new champion once a minute, so its predecessor may score a little longer."""
    age_seconds = time.time() - parse_time(champion.promoted_at) / 1000
    return {champion.previous} if champion.previous and age_seconds < 2 * CHECK_SECONDS else set()
