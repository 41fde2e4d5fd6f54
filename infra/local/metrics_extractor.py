"""Turn the function's EMF log lines into CloudWatch metrics, each line once."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from infra.local.embedded_metrics import metrics_in

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

MAX_DATA_PER_REQUEST = 500  # PutMetricData takes 1,000 data, but also no more than 1 MB
OVERLAP_MILLISECONDS = 10_000  # lines of concurrent invocations may become visible out of order
EMF_PATTERN = "_aws"


class MetricsExtractor:
    """Follows one log group by time, a little overlapping, and knows which lines it has published.

    By time and not by log stream, because MiniStack opens a stream per invocation. A line whose metrics
    CloudWatch refuses is read again at the next call. Lines up to `published_until` (epoch milliseconds)
    belong to an earlier extractor.
    """

    def __init__(
        self,
        *,
        logs: "CloudWatchLogsClient",
        cloudwatch: "CloudWatchClient",
        log_group: str,
        published_until: int = 0,
    ) -> None:
        self._logs = logs
        self._cloudwatch = cloudwatch
        self._log_group = log_group
        self._first = published_until + 1
        self._newest = published_until
        self._published: dict[str, int] = {}  # identity to time, of lines that the next call may read again

    @property
    def published_until(self) -> int:
        """Epoch milliseconds of the newest line published."""
        return self._newest

    def extract(self) -> int:
        """Publish the metrics of all lines written since the last call; the number of EMF lines found."""
        found = 0
        while fresh := [event for event in self._read() if _identity(event) not in self._published]:
            found += self._publish([event["message"] for event in fresh])
            self._published |= {_identity(event): event["timestamp"] for event in fresh}
            self._newest = max(self._newest, *self._published.values())
        horizon = self._newest - 2 * OVERLAP_MILLISECONDS
        self._published = {name: time for name, time in self._published.items() if time >= horizon}
        return found

    def _read(self) -> list["FilteredLogEventTypeDef"]:
        request: dict[str, Any] = {
            "logGroupName": self._log_group,
            "filterPattern": EMF_PATTERN,
            "startTime": max(self._newest - OVERLAP_MILLISECONDS, self._first),
        }
        events: list[FilteredLogEventTypeDef] = []
        while True:
            page = self._logs.filter_log_events(**request)
            events += page["events"]
            if not page.get("nextToken"):
                return events
            request["nextToken"] = page["nextToken"]

    def _publish(self, lines: list[str]) -> int:
        by_namespace: dict[str, list[MetricDatumTypeDef]] = defaultdict(list)
        found = 0
        for line in lines:
            metrics = metrics_in(line)
            found += bool(metrics)
            for metric in metrics:
                by_namespace[metric.namespace].append(metric.datum)
        for namespace, data in by_namespace.items():
            for start in range(0, len(data), MAX_DATA_PER_REQUEST):
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + MAX_DATA_PER_REQUEST]
                )
        return found


def _identity(event: "FilteredLogEventTypeDef") -> str:
    """CloudWatch gives every line an id; MiniStack gives none to a function's lines, but each a stream."""
    return event.get("eventId") or f"{event['logStreamName']} {event['timestamp']} {event['message']}"
