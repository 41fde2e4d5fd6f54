"""Metrics of many widgets in few GetMetricData requests, each metric asked for once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.dashboard.definition import Metric
from infra.dashboard.series import Series, Window

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef, MetricDataResultTypeDef

MAX_QUERIES = 500  # of one GetMetricData request
INCOMPLETE = ("InternalError", "Forbidden")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A metric over a window."""

    metric: Metric
    window: Window


@dataclass(frozen=True, slots=True)
class Answers:
    """A series for everything that was wanted (empty where there are no values), and what went wrong."""

    series: Mapping[Wanted, Series]
    complaints: Mapping[Wanted, str] = field(default_factory=dict)

    def complaints_about(self, wanted: Wanted) -> list[str]:
        """What went wrong with one metric: nothing, or one line."""
        return [self.complaints[wanted]] if wanted in self.complaints else []


def fetch(client: CloudWatchClient, wanted: Iterable[Wanted]) -> Answers:
    """Ask for everything that is wanted. Raises what botocore raises."""
    by_window: dict[Window, list[Wanted]] = defaultdict(list)
    for each in dict.fromkeys(wanted):
        by_window[each.window].append(each)
    series: dict[Wanted, Series] = {}
    complaints: dict[Wanted, str] = {}
    for window, some in by_window.items():
        for begin in range(0, len(some), MAX_QUERIES):
            _ask(client, window, some[begin : begin + MAX_QUERIES], series, complaints)
    return Answers(series, complaints)


def _ask(
    client: CloudWatchClient,
    window: Window,
    some: list[Wanted],
    series: dict[Wanted, Series],
    complaints: dict[Wanted, str],
) -> None:
    found: dict[str, Series] = {f"q{number}": {} for number in range(len(some))}
    refused: dict[str, str] = {}
    queries = [query(f"q{number}", each.metric, window) for number, each in enumerate(some)]
    for result in results_of(client, queries, window):
        found[result["Id"]].update(points_of(result))
        if result.get("StatusCode") in INCOMPLETE:
            refused[result["Id"]] = f"CloudWatch gave no values: {result['StatusCode']}"
    for number, each in enumerate(some):
        series[each] = dict(sorted(found[f"q{number}"].items()))
        if complaint := refused.get(f"q{number}"):
            complaints[each] = complaint


def results_of(
    client: CloudWatchClient, queries: list[MetricDataQueryTypeDef], window: Window
) -> Iterator[MetricDataResultTypeDef]:
    """Every result of every page; one query may have several."""
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(window.start, UTC),
        EndTime=datetime.fromtimestamp(window.end, UTC),
        ScanBy="TimestampAscending",
    )
    for page in pages:
        yield from page["MetricDataResults"]


def points_of(result: MetricDataResultTypeDef) -> Series:
    """The values of one result by their times."""
    times = (int(each.timestamp()) for each in result["Timestamps"])
    return dict(zip(times, result["Values"], strict=True))


def query(name: str, metric: Metric, window: Window) -> MetricDataQueryTypeDef:
    """What GetMetricData is asked for a metric in a window."""
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in metric.dimensions],
            },
            "Period": window.period,
            "Stat": metric.stat,
        },
    }
