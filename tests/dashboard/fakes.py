"""CloudWatch and its logs as this project asks them, with the limits of the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

STACK = "churn-telco-dev"
REGION = "eu-central-1"
NOW = 1_800_000_030.0


def refused(code: str, operation: str, message: str = "no") -> ClientError:
    """The error that botocore raises for an error of the service."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeCloudWatch:
    """Holds one dashboard; values by metric name, one for each minute up to `now`; alarms by name."""

    body: Mapping[str, Any] | None = None
    values: Mapping[str, list[float]] = field(default_factory=dict)
    alarms: Mapping[str, str] = field(default_factory=dict)
    status: str = "Complete"
    searched: Mapping[str, float] = field(default_factory=dict)  # what any expression gives; nothing: refused
    page_size: int = 2
    error: Exception | None = None
    now: float = NOW
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name=REGION))
    requests: list[dict[str, Any]] = field(default_factory=list)

    def get_dashboard(self, *, DashboardName: str) -> dict[str, Any]:  # noqa: N803
        if self.error:
            raise self.error
        if self.body is None or DashboardName != STACK:
            raise refused("ResourceNotFound", "GetDashboard")
        return {"DashboardBody": json.dumps(self.body)}

    def get_paginator(self, operation: str) -> FakeCloudWatch:
        assert operation == "get_metric_data"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.requests.append(request)
        queries = request["MetricDataQueries"]
        assert 1 <= len(queries) <= 500
        assert len({query["Id"] for query in queries}) == len(queries)
        assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", query["Id"]) for query in queries)
        for query in queries:
            if "Expression" in query:
                yield self._expression(query)
                continue
            stat = query["MetricStat"]
            assert stat["Period"] % 60 == 0
            points = list(self._points(stat, request["StartTime"], request["EndTime"]))
            # Values come in pages, in an order of CloudWatch's own.
            for begin in range(0, max(len(points), 1), self.page_size):
                some = points[begin : begin + self.page_size]
                yield {
                    "MetricDataResults": [
                        {
                            "Id": query["Id"],
                            "Timestamps": [datetime.fromtimestamp(time, UTC) for time, _ in reversed(some)],
                            "Values": [value for _, value in reversed(some)],
                            "StatusCode": self.status,
                        }
                    ]
                }

    def _expression(self, query: Mapping[str, Any]) -> dict[str, Any]:
        results = [
            {
                "Id": query["Id"],
                "Label": name,
                "Timestamps": [datetime.fromtimestamp(self.now, UTC)],
                "Values": [value],
                "StatusCode": "Complete",
            }
            for name, value in self.searched.items()
        ]
        refusal = {"Id": query["Id"], "Timestamps": [], "Values": [], "StatusCode": "InternalError"}
        return {"MetricDataResults": results or [refusal]}

    def _points(self, stat: Mapping[str, Any], start: datetime, end: datetime) -> Iterator[tuple[int, float]]:
        values = self.values.get(stat["Metric"]["MetricName"], [])
        minute = int(self.now) // 60 * 60
        for place, value in enumerate(values):
            time = minute - 60 * (len(values) - 1 - place)
            if start.timestamp() <= time < end.timestamp():
                yield time, value

    def describe_alarms(self, **request: Any) -> dict[str, Any]:
        assert 1 <= len(request["AlarmNames"]) <= 100
        found = [
            {
                "AlarmName": name,
                "StateValue": self.alarms[name],
                "StateReason": "because",
                "AlarmDescription": f"What to do: https://example.org/runbook#{name}",
            }
            for name in request["AlarmNames"]
            if name in self.alarms
        ]
        return {"MetricAlarms": found[:1], "CompositeAlarms": found[1:]}


@dataclass
class FakeLogs:
    """Answers every query with the same rows, once it has been asked often enough."""

    rows: list[dict[str, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=lambda: ["Running", "Complete"])
    error: Exception | None = None
    queries: list[dict[str, Any]] = field(default_factory=list)
    _asked: int = 0

    def start_query(self, **request: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        self.queries.append(request)
        self._asked = 0
        return {"queryId": "1"}

    def get_query_results(self, *, queryId: str) -> dict[str, Any]:  # noqa: N803
        assert queryId == "1"
        status = self.answers[min(self._asked, len(self.answers) - 1)]
        self._asked += 1
        rows = [[{"field": key, "value": value} for key, value in row.items()] for row in self.rows]
        return {"status": status, "results": rows if status == "Complete" else []}
