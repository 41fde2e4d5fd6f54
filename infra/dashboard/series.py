"""Values of metric math: a number, a time series, or several."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from infra.dashboard.errors import MathError

Series: TypeAlias = dict[int, float]  # epoch seconds of a period's begin, ascending, to its value
Many: TypeAlias = tuple[Series, ...]
Value: TypeAlias = float | Series | Many


@dataclass(frozen=True, slots=True)
class Window:
    """The times that are looked at: periods that begin at `start`, `start + period`, … before `end`."""

    start: int
    end: int
    period: int

    @property
    def times(self) -> range:
        """When each period begins, in epoch seconds."""
        return range(self.start, self.end, self.period)


def number(function: Callable[..., float], *values: float) -> float:
    """What the function gives, or not a number where it gives none."""
    try:
        found = function(*values)
    except (ArithmeticError, ValueError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def series_of(pairs: Iterable[tuple[int, float]]) -> Series:
    """A series of those pairs that have a number."""
    return {time: value for time, value in pairs if math.isfinite(value)}


def combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply to numbers, to each value of a series, or to what two series have for the same time."""
    match left, right:
        case tuple(), tuple():
            raise MathError("between several series and several others there is no arithmetic")
        case tuple(), _:
            return tuple(_one(combine(function, each, right)) for each in left)
        case _, tuple():
            return tuple(_one(combine(function, left, each)) for each in right)
        case dict(), dict():
            return series_of((t, number(function, v, right[t])) for t, v in left.items() if t in right)
        case dict(), float():
            return series_of((time, number(function, value, right)) for time, value in left.items())
        case float(), dict():
            return series_of((time, number(function, left, value)) for time, value in right.items())
        case float(), float():
            return number(function, left, right)
    raise MathError("arithmetic needs numbers or series")


def _one(value: Value) -> Series:
    assert isinstance(value, dict)  # one of the operands was a series
    return value
