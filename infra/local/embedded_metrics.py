"""CloudWatch Embedded Metric Format: from a log line to what PutMetricData takes.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

MAX_VALUES_PER_DATUM = 150  # PutMetricData limit
MARKER = '"_aws"'


@dataclass(frozen=True, slots=True)
class NamedDatum:
    """One metric value, or array of values, for one dimension set."""

    namespace: str
    datum: "MetricDatumTypeDef"


def metrics_in(line: str) -> list[NamedDatum]:
    """The metrics of one log line; none when it is not valid EMF, as CloudWatch too passes over it.

    A dimension set that names a member the line lacks, and a value that is no number, are left out.
    """
    if MARKER not in line:
        return []
    try:
        members = json.loads(line)
        return list(_read(members))
    except (ValueError, TypeError, KeyError, AttributeError):
        return []


def _read(members: Mapping[str, Any]) -> Iterator[NamedDatum]:
    metadata = members["_aws"]
    epoch_seconds = metadata["Timestamp"] / 1000
    for directive in metadata["CloudWatchMetrics"]:
        for dimension_names in directive.get("Dimensions") or [[]]:
            if not all(isinstance(members.get(name), str) for name in dimension_names):
                continue
            for metric in directive["Metrics"]:
                for values in _chunks(members.get(metric["Name"])):
                    datum: MetricDatumTypeDef = {
                        "MetricName": metric["Name"],
                        "Dimensions": [{"Name": name, "Value": members[name]} for name in dimension_names],
                        "Timestamp": epoch_seconds,
                        "Unit": metric.get("Unit", "None"),
                        "Values": values,
                    }
                    yield NamedDatum(directive["Namespace"], datum)


def _chunks(value: Any) -> Iterator[list[float]]:
    values = value if isinstance(value, list) else [value]
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    for start in range(0, len(numbers), MAX_VALUES_PER_DATUM):
        yield numbers[start : start + MAX_VALUES_PER_DATUM]
