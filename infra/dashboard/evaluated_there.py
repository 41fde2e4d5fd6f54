"""Expressions that only CloudWatch can evaluate, such as SEARCH: it is asked, with all that they may use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.dashboard.definition import Line
from infra.dashboard.errors import UnsupportedMathError
from infra.dashboard.metric_data import INCOMPLETE, points_of, query, results_of
from infra.dashboard.series import Series, Window

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef


def evaluate_there(
    client: CloudWatchClient,
    lines: Sequence[Line],
    line: Line,
    window: Window,
    error: UnsupportedMathError,
) -> list[tuple[str, Series]]:
    """The series of a line with their labels; a search has many. `lines` are all of its panel.

    Raises `error` where the endpoint has no metric math either, else what botocore raises.
    """
    found: dict[str, Series] = defaultdict(dict)
    for result in results_of(client, [_as_query(each, window, each is line) for each in lines], window):
        if result["Id"] != _id(line):
            continue
        if result.get("StatusCode") in INCOMPLETE:
            raise error
        found[result.get("Label") or line.label].update(points_of(result))
    return [(label, dict(sorted(series.items()))) for label, series in found.items()] or [(line.label, {})]


def _as_query(line: Line, window: Window, wanted: bool) -> MetricDataQueryTypeDef:
    if isinstance(line.source, str):
        asked: MetricDataQueryTypeDef = {
            "Id": _id(line),
            "Expression": line.source,
            "Period": window.period,
        }
        if line.label != line.source:
            asked["Label"] = line.label
    else:
        asked = query(_id(line), line.source, window)
    asked["ReturnData"] = wanted
    return asked


def _id(line: Line) -> str:
    """CloudWatch's ids begin with a small letter; those that nobody has given are not used by anybody."""
    return f"line{line.id}" if line.id.startswith("_") else line.id
