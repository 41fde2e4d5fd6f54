"""Load shapes: how many publishing users there are at a moment. Readers and probes are always all there."""

from __future__ import annotations

import math
from enum import StrEnum

STEPS = 10
SPIKE_BASE = 0.2  # of the users, before and after
SPIKE_FROM, SPIKE_TO = 0.4, 0.6  # of the run
RAMP_SHARE = 0.8  # of the run; the rest of it stays at the top
SOAK_RAMP_SHARE, SOAK_RAMP_SECONDS = 0.1, 60.0
DEFAULT_SECONDS = 300.0  # what the shapes with a beginning and an end are fitted into


class Shape(StrEnum):
    """The forms of load that the locustfile knows."""

    STEADY = "steady"
    RAMP = "ramp"
    STEPS = "steps"
    SPIKE = "spike"
    SOAK = "soak"


def publishers_at(shape: Shape, elapsed: float, duration: float | None, users: int) -> int:
    """How many of `users` publish `elapsed` seconds after the start of a run of `duration` seconds.

    steady: all from the start; ramp: from one to all in 80 % of the time; steps: ten equal ones up to all;
    spike: a fifth, in the middle fifth of the time all; soak: all, after a short ramp. At least one.
    """
    total = duration or DEFAULT_SECONDS
    share = min(1.0, elapsed / total)
    match shape:
        case Shape.STEADY:
            part = 1.0
        case Shape.RAMP:
            part = min(1.0, share / RAMP_SHARE)
        case Shape.STEPS:
            part = math.floor(share * STEPS + 1) / STEPS
        case Shape.SPIKE:
            part = 1.0 if SPIKE_FROM <= share < SPIKE_TO else SPIKE_BASE
        case Shape.SOAK:
            part = min(1.0, elapsed / min(SOAK_RAMP_SECONDS, SOAK_RAMP_SHARE * total))
    return min(users, max(1, math.ceil(users * part)))
