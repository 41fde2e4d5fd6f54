"""The functions of metric math, each as CloudWatch's user guide describes it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from infra.dashboard.errors import MathError
from infra.dashboard.series import Many, Series, Value, Window, number, series_of

Function: TypeAlias = Callable[..., Value]
REPEAT, LINEAR = "REPEAT", "LINEAR"


def constant(value: float, window: Window) -> Series:
    """The same value at every time of the window."""
    return series_of((time, value) for time in window.times)


def as_series(name: str, value: Value, window: Window) -> Series:
    """One series; a number is constant. Raises MathError for several series and for words."""
    if isinstance(value, float):
        return constant(value, window)
    if isinstance(value, dict):
        return value
    raise MathError(f"{name} needs one time series here")


def _each(name: str, change: Callable[[Series], Series]) -> Function:
    """A function of one series, applied to each of several; a number has to be a series first."""

    def call(window: Window, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(change(series) for series in value)
        return change(as_series(name, value, window))

    return call


def _pointwise(function: Callable[[float], float]) -> Function:
    """A function of one number, applied to numbers and to each value of series."""

    def on_series(series: Series) -> Series:
        return series_of((time, number(function, value)) for time, value in series.items())

    def call(_window: Window, value: Value) -> Value:
        if isinstance(value, float):
            return number(function, value)
        return tuple(map(on_series, value)) if isinstance(value, tuple) else on_series(value)

    return call


def _summary(name: str, function: Callable[[list[float]], float]) -> Function:
    """One number of a series; of several series, one series with a number for each time that any has."""

    def call(_window: Window, value: Value) -> Value:
        match value:
            case tuple():
                times = sorted({time for series in value for time in series})
                return series_of((t, function([each[t] for each in value if t in each])) for t in times)
            case dict():
                return function(list(value.values())) if value else math.nan
        raise MathError(f"{name} needs a time series")

    return call


def _differences(series: Series, *, per_second: bool = False) -> Series:
    points = list(series.items())
    return series_of(
        (later, (new - old) / (later - earlier if per_second else 1))
        for (earlier, old), (later, new) in pairwise(points)
    )


def _running_sum(series: Series) -> Series:
    total = 0.0
    return {time: (total := total + value) for time, value in series.items()}


def _period(window: Window, value: Value) -> float:
    as_series("PERIOD", value, window)
    return float(window.period)


def _fill(window: Window, value: Value, by: Any) -> Value:
    if isinstance(value, tuple):
        return tuple(_filled(series, by, window) for series in value)
    return _filled(as_series("FILL", value, window), by, window)


def _filled(series: Series, by: Any, window: Window) -> Series:
    if by == LINEAR:
        return _interpolated(series, window)
    if by == REPEAT:
        last = math.nan
        return series_of((time, last := series.get(time, last)) for time in window.times)
    instead = as_series("FILL", by, window)
    return series_of((time, series.get(time, instead.get(time, math.nan))) for time in window.times)


def _interpolated(series: Series, window: Window) -> Series:
    """Straight lines across gaps; before the first and after the last value there stays none."""
    found = dict(series)
    points = list(series.items())
    for (earlier, low), (later, high) in pairwise(points):
        slope = (high - low) / (later - earlier)
        inside = (time for time in window.times if earlier < time < later)
        found |= {time: low + slope * (time - earlier) for time in inside}
    return dict(sorted(found.items()))


def _if(window: Window, condition: Value, then: Value, otherwise: Value = math.nan) -> Value:
    if isinstance(condition, float):
        return then if condition else otherwise
    if isinstance(condition, tuple):
        raise MathError("the condition of IF must be a number or one series")
    yes, no = as_series("IF", then, window), _or_none(otherwise, window)
    return series_of((t, (yes if met else no).get(t, math.nan)) for t, met in condition.items())


def _or_none(value: Value, window: Window) -> Series:
    return as_series("IF", value, window)  # NaN everywhere where there is no third argument, so no value


def _datapoints(window: Window, value: Value) -> float:
    return float(len(as_series("DATAPOINT_COUNT", value, window)))


def _count(_window: Window, value: Value) -> float:
    return float(len(value) if isinstance(value, tuple) else 1)


def _without_empty(_window: Window, value: Value) -> Many:
    several = value if isinstance(value, tuple) else (value,)
    return tuple(each for each in several if isinstance(each, dict) and each)


# Name: fewest and most arguments, and what it does.
FUNCTIONS: Mapping[str, tuple[int, int, Function]] = {
    "ABS": (1, 1, _pointwise(abs)),
    "AVG": (1, 1, _summary("AVG", statistics.fmean)),
    "CEIL": (1, 1, _pointwise(math.ceil)),
    "DATAPOINT_COUNT": (1, 1, _datapoints),
    "DIFF": (1, 1, _each("DIFF", _differences)),
    "FILL": (2, 2, _fill),
    "FIRST": (1, 1, _summary("FIRST", lambda values: values[0])),
    "FLOOR": (1, 1, _pointwise(math.floor)),
    "IF": (2, 3, _if),
    "LAST": (1, 1, _summary("LAST", lambda values: values[-1])),
    "LOG": (1, 1, _pointwise(math.log)),
    "LOG10": (1, 1, _pointwise(math.log10)),
    "MAX": (1, 1, _summary("MAX", max)),
    "METRIC_COUNT": (1, 1, _count),
    "MIN": (1, 1, _summary("MIN", min)),
    "PERIOD": (1, 1, _period),
    "RATE": (1, 1, _each("RATE", lambda series: _differences(series, per_second=True))),
    "REMOVE_EMPTY": (1, 1, _without_empty),
    "RUNNING_SUM": (1, 1, _each("RUNNING_SUM", _running_sum)),
    "STDDEV": (1, 1, _summary("STDDEV", statistics.pstdev)),
    "SUM": (1, 1, _summary("SUM", math.fsum)),
    "TIME_SERIES": (1, 1, lambda window, value: as_series("TIME_SERIES", value, window)),
}
WORDS: Mapping[str, frozenset[str]] = {"FILL": frozenset({REPEAT, LINEAR})}
