"""Percentiles of counted values, as load tests report them: by nearest rank, never between two values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

ROUNDING = 1e-9

Number = TypeVar("Number", int, float)


def percentile(counts: Mapping[Number, int], share: float) -> Number | None:
    """The smallest value at or below which `share` of the values are; None where there are none."""
    left = share * sum(counts.values())
    found = None
    for found in sorted(counts):
        left -= counts[found]
        if left <= ROUNDING:
            break
    return found
