"""One EMF line per invocation: CloudWatch makes the metrics from the log, no call is made.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from contract.rejection import Rejection

NAMESPACE = "ChurnStream"
MAX_VALUES = 100  # of one metric in one EMF line
STANDARD_RESOLUTION_SECONDS = 60

COUNT = "Count"
MILLISECONDS = "Milliseconds"

# Every metric this function emits. Each costs money per deployment, so: few, and one dimension.
METRIC_UNITS: dict[str, str] = {
    "EventsReceived": COUNT,
    "EventsWritten": COUNT,
    "EventsCollapsed": COUNT,
    "EventsRejected": COUNT,
    "EventsRetried": COUNT,
    "MediumRisk": COUNT,  # what is neither this nor high is low
    "HighRisk": COUNT,
    "ProbabilitySum": "None",  # over EventsWritten it is the mean score
    "UnseenCategories": COUNT,
    "ScoreMillis": MILLISECONDS,
    "WriteMillis": MILLISECONDS,
    "EndToEndMillis": MILLISECONDS,
    "ModelLoads": COUNT,
    "ModelLoadFailures": COUNT,
    "ModelAgeSeconds": "Seconds",
}
# EventsRejected by reason. Each is emitted only where there are any, for metrics are paid by the hour of use.
REJECTED_METRICS = {kind: f"Rejected{kind.title().replace('_', '')}" for kind in Rejection}
METRIC_UNITS |= dict.fromkeys(REJECTED_METRICS.values(), COUNT)


def emit(service: str, values: Mapping[str, Sequence[float]]) -> None:
    """Print one EMF line with the dimension `service`. A metric without values is left out.

    Of more than MAX_VALUES values, MAX_VALUES evenly spaced order statistics stand for all of them: least,
    greatest and percentiles stay right, the count does not.
    """
    provider = _provider(service)
    # Handed over whole: add_metric prints a line of its own as soon as a metric has 100 values.
    provider.metric_set = {
        name: {
            "Unit": METRIC_UNITS[name],
            "StorageResolution": STANDARD_RESOLUTION_SECONDS,
            "Value": order_statistics(found),
        }
        for name, found in values.items()
        if found
    }
    provider.flush_metrics()


@functools.cache
def _provider(service: str) -> AmazonCloudWatchEMFProvider:
    """Made once, for it looks through all of CloudWatch's units; a flush leaves it empty."""
    return AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service=service)


def order_statistics(values: Sequence[float], at_most: int = MAX_VALUES) -> list[float]:
    """The values themselves where they are few, else `at_most` of them, evenly spaced by rank, as whole
    numbers: a line of decimals costs twice the time and twice the log.
    """
    if len(values) <= at_most:
        return list(values)
    ordered = sorted(values)
    return [round(ordered[rank]) for rank in _ranks(len(ordered), at_most)]


@functools.lru_cache(maxsize=64)
def _ranks(count: int, at_most: int) -> tuple[int, ...]:
    step = (count - 1) / (at_most - 1)
    return tuple(round(place * step) for place in range(at_most))
