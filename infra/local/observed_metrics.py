"""The metrics that AWS itself publishes about reading a stream, which MiniStack does not.

IteratorAge: age of a batch's last record when it is sent (Lambda developer guide, "Types of metrics").
GetRecords.IteratorAgeMilliseconds: age of the last record read (Kinesis developer guide, "Monitoring").
"""

import threading
from typing import TYPE_CHECKING

from infra.local.mapping import MappingSettings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef


class ObservedMetrics:
    """Collects observations from many threads; `publish` sends each metric's statistics since the last."""

    def __init__(self, settings: MappingSettings) -> None:
        self._homes = {
            "IteratorAge": ("AWS/Lambda", "FunctionName", settings.function),
            "GetRecords.IteratorAgeMilliseconds": ("AWS/Kinesis", "StreamName", settings.stream),
        }
        self._values: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def observe(self, metric: str, value: float) -> None:
        """Note one value, in milliseconds."""
        with self._lock:
            self._values.setdefault(metric, []).append(max(value, 0.0))

    def publish(self, client: "CloudWatchClient") -> None:
        """Send what was observed since the last call as statistic sets; nothing when there is nothing."""
        with self._lock:
            values, self._values = self._values, {}
        for metric, observed in values.items():
            namespace, dimension, resource = self._homes[metric]
            datum: MetricDatumTypeDef = {
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": resource}],
                "Unit": "Milliseconds",
                "StatisticValues": {
                    "SampleCount": len(observed),
                    "Sum": sum(observed),
                    "Minimum": min(observed),
                    "Maximum": max(observed),
                },
            }
            client.put_metric_data(Namespace=namespace, MetricData=[datum])
