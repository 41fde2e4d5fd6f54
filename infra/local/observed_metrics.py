"""The metrics that AWS itself publishes about an event source mapping, which MiniStack does not.

MiniStack has those of the function: Invocations, Errors, Throttles, Duration. Here are, from the Lambda
developer guide, "Types of metrics":
IteratorAge: age of a batch's last record when it is sent.
PolledEventCount: events read, 0 where a poll finds none. InvokedEventCount: events the function was invoked
with, each retry again. FailedInvokeEventCount: events that have to be sent again, or are given up.
OnFailureDestinationDeliveredEventCount: events that the on-failure destination has. DroppedEventCount: events
given up without one. DestinationDeliveryFailures: attempts at a destination that failed.
AWS counts events only for a mapping with MetricsConfig; MiniStack drops that setting, so here always.
From the Kinesis developer guide, "Monitoring":
GetRecords.IteratorAgeMilliseconds: age of the last record read.
IncomingRecords: records put, by the minute of their arrival; here only once they have been read.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.local.mapping import MappingSettings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.literals import StandardUnitType
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

ITERATOR_AGE = "IteratorAge"
READ_AGE = "GetRecords.IteratorAgeMilliseconds"
INCOMING = "IncomingRecords"
POLLED = "PolledEventCount"
INVOKED = "InvokedEventCount"
FAILED = "FailedInvokeEventCount"
DELIVERED = "OnFailureDestinationDeliveredEventCount"
DROPPED = "DroppedEventCount"
DELIVERY_FAILURES = "DestinationDeliveryFailures"

# MiniStack evaluates alarms over the data there are, whatever TreatMissingData says: without a zero, one that
# went off would stay so for ever.
ZERO_WHERE_NOTHING_HAPPENED = (DELIVERED, DROPPED)
MINUTE = 60  # seconds; how finely AWS tells metrics apart
QUIET_SECONDS = 5.0  # between publishing nothing but zeros: MiniStack looks at all it has at every request

Observed = tuple[str, int | None]  # a metric, and the minute (epoch seconds) where that is past


class ObservedMetrics:
    """Collects observations from many threads; `publish` sends each metric's statistics since the last."""

    def __init__(self, settings: MappingSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        function = ("AWS/Lambda", "FunctionName", settings.function)
        mapping = ("AWS/Lambda", "EventSourceMappingUUID", settings.mapping_id)
        stream = ("AWS/Kinesis", "StreamName", settings.stream)
        self._homes: dict[str, tuple[tuple[str, str, str], StandardUnitType]] = {
            ITERATOR_AGE: (function, "Milliseconds"),
            READ_AGE: (stream, "Milliseconds"),
            INCOMING: (stream, "Count"),
            DELIVERY_FAILURES: (function, "Count"),
            **dict.fromkeys((POLLED, INVOKED, FAILED, DELIVERED, DROPPED), (mapping, "Count")),
        }
        self._values: dict[Observed, list[float]] = {}
        self._clock = clock
        self._quiet_until = 0.0
        self._lock = threading.Lock()

    def observe(self, metric: str, value: float, at: float | None = None) -> None:
        """Note one value, in the metric's unit; of the minute of `at` (epoch seconds) where that is given."""
        minute = None if at is None else int(at // MINUTE) * MINUTE
        with self._lock:
            self._values.setdefault((metric, minute), []).append(max(value, 0.0))

    def publish(self, client: "CloudWatchClient") -> None:
        """Send what was observed since the last time as statistic sets, one request per namespace.

        Where that is nothing but zeros it waits until QUIET_SECONDS are over.
        """
        values = self._take()
        if values is None:
            return
        for metric in ZERO_WHERE_NOTHING_HAPPENED:
            values.setdefault((metric, None), [0.0])
        by_namespace: dict[str, list[MetricDatumTypeDef]] = {}
        for (metric, minute), observed in values.items():
            (namespace, dimension, resource), unit = self._homes[metric]
            datum = _datum(metric, dimension, resource, unit, minute, observed)
            by_namespace.setdefault(namespace, []).append(datum)
        for namespace, data in by_namespace.items():
            client.put_metric_data(Namespace=namespace, MetricData=data)

    def _take(self) -> dict[Observed, list[float]] | None:
        with self._lock:
            happened = any(map(any, self._values.values()))
            if not happened and self._clock() < self._quiet_until:
                return None
            values, self._values = self._values, {}
            self._quiet_until = self._clock() + QUIET_SECONDS
            return values


def _datum(
    metric: str,
    dimension: str,
    resource: str,
    unit: "StandardUnitType",
    minute: int | None,
    values: list[float],
) -> "MetricDatumTypeDef":
    datum: MetricDatumTypeDef = {
        "MetricName": metric,
        "Dimensions": [{"Name": dimension, "Value": resource}],
        "Unit": unit,
        "StatisticValues": {
            "SampleCount": len(values),
            "Sum": sum(values),
            "Minimum": min(values),
            "Maximum": max(values),
        },
    }
    if minute is not None:
        datum["Timestamp"] = datetime.fromtimestamp(minute, UTC)
    return datum
