"""The metrics that AWS itself publishes about an event source mapping, which MiniStack does not.

MiniStack has those of the function: Invocations, Errors, Throttles, Duration. Here are, from the Lambda
developer guide, "Types of metrics":
IteratorAge: age of a batch's last record when it is sent.
PolledEventCount: events read, 0 where a poll finds none. InvokedEventCount: events the function was invoked
with, each retry again. FailedInvokeEventCount: events that have to be sent again, or are given up.
OnFailureDestinationDeliveredEventCount: events that the on-failure destination has. DroppedEventCount: events
given up without one. DestinationDeliveryFailures: attempts at a destination that failed.
AWS counts events only for a mapping with MetricsConfig; MiniStack drops that setting, so here always.
GetRecords.IteratorAgeMilliseconds: age of the last record read (Kinesis developer guide, "Monitoring").
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.local.mapping import MappingSettings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.literals import StandardUnitType
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

ITERATOR_AGE = "IteratorAge"
READ_AGE = "GetRecords.IteratorAgeMilliseconds"
POLLED = "PolledEventCount"
INVOKED = "InvokedEventCount"
FAILED = "FailedInvokeEventCount"
DELIVERED = "OnFailureDestinationDeliveredEventCount"
DROPPED = "DroppedEventCount"
DELIVERY_FAILURES = "DestinationDeliveryFailures"

# MiniStack evaluates alarms over the data there are, whatever TreatMissingData says: without a zero, one that
# went off would stay so for ever.
ZERO_WHERE_NOTHING_HAPPENED = (DELIVERED, DROPPED)
QUIET_SECONDS = 5.0  # between publishing nothing but zeros: MiniStack looks at all it has at every request


class ObservedMetrics:
    """Collects observations from many threads; `publish` sends each metric's statistics since the last."""

    def __init__(self, settings: MappingSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        function = ("AWS/Lambda", "FunctionName", settings.function)
        mapping = ("AWS/Lambda", "EventSourceMappingUUID", settings.mapping_id)
        self._homes: dict[str, tuple[tuple[str, str, str], StandardUnitType]] = {
            ITERATOR_AGE: (function, "Milliseconds"),
            READ_AGE: (("AWS/Kinesis", "StreamName", settings.stream), "Milliseconds"),
            DELIVERY_FAILURES: (function, "Count"),
            **dict.fromkeys((POLLED, INVOKED, FAILED, DELIVERED, DROPPED), (mapping, "Count")),
        }
        self._values: dict[str, list[float]] = {}
        self._clock = clock
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def observe(self, metric: str, value: float) -> None:
        """Note one value, in the metric's unit."""
        with self._lock:
            self._values.setdefault(metric, []).append(max(value, 0.0))

    def publish(self, client: "CloudWatchClient") -> None:
        """Send what was observed since the last time as statistic sets, one request per namespace.

        Where that is nothing but zeros it waits until QUIET_SECONDS are over.
        """
        with self._lock:
            happened = any(map(any, self._values.values()))
            if not happened and self._clock() < self._quiet_until:
                return
            values, self._values = self._values, {}
        self._quiet_until = self._clock() + QUIET_SECONDS
        quiet = {metric: [0.0] for metric in ZERO_WHERE_NOTHING_HAPPENED}
        by_namespace: dict[str, list[MetricDatumTypeDef]] = {}
        for metric, observed in {**quiet, **values}.items():
            (namespace, dimension, resource), unit = self._homes[metric]
            datum: MetricDatumTypeDef = {
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": resource}],
                "Unit": unit,
                "StatisticValues": {
                    "SampleCount": len(observed),
                    "Sum": sum(observed),
                    "Minimum": min(observed),
                    "Maximum": max(observed),
                },
            }
            by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            client.put_metric_data(Namespace=namespace, MetricData=data)
