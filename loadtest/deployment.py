"""A deployed stack as a load generator sees it: what it stored, what it rejected, what it measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.event import parse_time
from loadtest.accounting import Account, scan, settle, stored_events
from loadtest.advice import BatchTiming
from scorer.metrics import NAMESPACE
from scorer.read import ScoreReader
from scorer.rejected import RejectedStore

COUNTED = (
    "EventsReceived",
    "EventsWritten",
    "EventsCollapsed",
    "EventsRejected",
    "EventsRetried",
    "HighRisk",
    "UnseenCategories",
)
METRIC_WINDOW = timedelta(hours=3)  # longest run that is summed
LOOK_AGAIN_SECONDS = 0.25
MOST_SCORES_FORGOTTEN = 1_000


@dataclass(frozen=True)
class Deployment:
    """Clients and names of one stack. `service` is the dimension its metrics carry."""

    dynamodb: Any
    cloudwatch: Any
    table: str
    service: str
    scores: ScoreReader
    rejected: RejectedStore

    def rejected_payloads(self, *, except_events: Collection[str] = ()) -> list[bytes]:
        """Bytes of all rejected records that are not among `except_events` (event ids)."""
        return [r.data for r in self.rejected.pending().records if r.event_id not in except_events]

    def rejected_events(self) -> set[str]:
        """Event ids of everything rejected so far."""
        return {record.event_id for record in self.rejected.pending().records}

    def forget(self, customer_id: str) -> int:
        """Delete all scores of one customer; how many there were. For synthetic customers of a test."""
        keys = [
            {"customer_id": {"S": customer_id}, "event_key": {"S": each.event_key}}
            for each in self.scores.history(customer_id, MOST_SCORES_FORGOTTEN)
        ]
        for key in keys:
            self.dynamodb.delete_item(TableName=self.table, Key=key)
        return len(keys)

    def account_for(
        self, published: Sequence[bytes], *, broken: Collection[bytes], known_rejections: Collection[str]
    ) -> Account:
        """Where the published records are at this moment; `broken` are those that must be rejected."""
        rejected = self.rejected_payloads(except_events=known_rejections)
        return settle(published, stored_events(self.dynamodb, self.table), rejected, broken=broken)

    def wait_until_settled(
        self,
        published: Sequence[bytes],
        *,
        broken: Collection[bytes],
        since: Mapping[str, float],
        known_rejections: Collection[str],
        patience_seconds: float,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> Account:
        """Wait until every record is accounted for, or nothing has moved for `patience_seconds`.

        First by the metrics, counted from `since` (`totals()` before publishing), because looking at every
        item would load the table that is being measured; then by the items themselves, which alone decide.
        Returns the last account; it is for the caller to judge.
        """
        self.wait_for_metrics(since, len(published), patience_seconds, on_progress)
        deadline = time.monotonic() + patience_seconds
        while True:
            account = self.account_for(published, broken=broken, known_rejections=known_rejections)
            if account.complete or time.monotonic() > deadline:
                return account
            time.sleep(LOOK_AGAIN_SECONDS)

    def wait_for_metrics(
        self,
        since: Mapping[str, float],
        expected: int,
        patience_seconds: float,
        on_progress: Callable[[int, int], object] | None = None,
        *,
        window_start: datetime | None = None,
    ) -> bool:
        """Wait until the scorer has settled `expected` records since `since`.

        `since` is a `totals()` of the same window. False where nothing has moved for `patience_seconds`.
        """
        best, moved = -1.0, time.monotonic()
        while time.monotonic() - moved < patience_seconds:
            counted = self.counted_since(since, window_start)
            settled = counted["EventsReceived"] - counted["EventsRetried"]
            if on_progress:
                on_progress(min(int(settled), expected), expected)
            if settled >= expected:
                return True
            if settled > best:
                best, moved = settled, time.monotonic()
            time.sleep(LOOK_AGAIN_SECONDS)
        return False

    def last_scored_at(self) -> float:
        """When the newest score in the table was made, in seconds since 1970. Reads the whole table."""
        pages = scan(self.dynamodb, self.table, "scored_at")
        return parse_time(max(item["scored_at"]["S"] for item in pages)) / 1000

    def totals(self, *, start: datetime | None = None) -> dict[str, float]:
        """Sums of the scorer's counting metrics from CloudWatch, since `start` or over the last hours."""
        end = datetime.now(UTC) + timedelta(minutes=1)
        queries = [
            {
                "Id": name.lower(),
                "MetricStat": {
                    "Metric": {
                        "Namespace": NAMESPACE,
                        "MetricName": name,
                        "Dimensions": [{"Name": "service", "Value": self.service}],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for name in COUNTED
        ]
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=start or end - METRIC_WINDOW, EndTime=end
        )
        sums = {result["Id"]: sum(result["Values"]) for result in answer["MetricDataResults"]}
        return {name: sums.get(name.lower(), 0.0) for name in COUNTED}

    def counted_since(
        self, since: Mapping[str, float], window_start: datetime | None = None
    ) -> dict[str, float]:
        """What the metrics have counted since an earlier `totals()` of the same window."""
        now = self.totals(start=window_start)
        return {name: now[name] - since[name] for name in COUNTED}

    def batch_timing(self, start: datetime) -> BatchTiming | None:
        """What an invocation did on average since `start`; None where there was none."""
        found = {
            name: self._statistic(NAMESPACE, name, "service", self.service, statistic, start)
            for name, statistic in (
                ("EventsReceived", "Average"),
                ("ScoreMillis", "Average"),
                ("WriteMillis", "Average"),
            )
        }
        if not all(found.values()):
            return None
        means = {name: sum(values) / len(values) for name, values in found.items()}
        return BatchTiming(means["EventsReceived"], means["ScoreMillis"], means["WriteMillis"])

    def iterator_age_ms(self, start: datetime) -> float | None:
        """How far behind the stream the function was at worst since `start`; None before CloudWatch knows.

        AWS/Lambda IteratorAge, which AWS keeps by the minute.
        """
        function = f"{self.service}-scorer"
        values = self._statistic("AWS/Lambda", "IteratorAge", "FunctionName", function, "Maximum", start)
        return max(values, default=None)

    def _statistic(
        self, namespace: str, name: str, dimension: str, value: str, statistic: str, start: datetime
    ) -> list[float]:
        """One statistic of one metric, minute by minute."""
        metric = {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": dimension, "Value": value}],
        }
        query = {"Id": "found", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
        answer = self.cloudwatch.get_metric_data(
            MetricDataQueries=[query], StartTime=start, EndTime=datetime.now(UTC) + timedelta(minutes=1)
        )
        return [each for result in answer["MetricDataResults"] for each in result["Values"]]
