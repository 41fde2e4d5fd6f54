"""What of the template costs money without any load: read from it, so that the bill follows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.cost.load import Deployment, Watching
from infra.errors import CostError, CostUsageError
from infra.paths import PROJECT

RESOURCES = PROJECT / "infra" / "resources"
# AWS/Lambda metrics of a Kinesis mapping with MetricsConfig EventCount: polled, filtered out, invoked, failed
# to invoke, dropped, delivered to the on-failure destination. Billed as custom metrics.
EVENT_COUNT_METRICS = 6


class _Loader(yaml.SafeLoader):
    """YAML whose `!Ref` and the like are of no interest here."""


def _nothing(_loader: yaml.SafeLoader, _suffix: str, _node: yaml.Node) -> None:
    return None


_Loader.add_multi_constructor("!", _nothing)


def deployment(stage: str, *, own_metrics: int, resources: Path = RESOURCES) -> Deployment:
    """The parameters of a stage as deployed, with all alarms and dashboards of the template.

    `own_metrics` is how many metrics the scorer emits. Raises CostUsageError for a stage that is not on AWS,
    CostError for a template that cannot be read.
    """
    parameters = _read(resources / "parameters.yml")
    known = [name for name in parameters if name not in ("default", "local")]
    if stage not in known:
        raise CostUsageError(
            f"no stage {stage!r} on AWS: infra/resources/parameters.yml has {', '.join(known)}"
        )
    found = _resources(resources)
    mapping = found.get("AWS::Lambda::EventSourceMapping", [])
    event_counts = EVENT_COUNT_METRICS * sum("MetricsConfig" in each for each in mapping)
    watching = Watching(
        custom_metrics=own_metrics + event_counts,
        alarm_metrics=sum(_metrics_watched(each) for each in found.get("AWS::CloudWatch::Alarm", [])),
        composite_alarms=len(found.get("AWS::CloudWatch::CompositeAlarm", [])),
        dashboards=len(found.get("AWS::CloudWatch::Dashboard", [])),
    )
    return Deployment.of({**parameters["default"], **(parameters[stage] or {})}, watching)


def _metrics_watched(alarm: Mapping[str, Any]) -> int:
    """How many metrics an alarm looks at: each is billed, expressions are not."""
    queries = alarm.get("Metrics")
    if not isinstance(queries, list):
        return 1
    return max(1, sum(isinstance(query, dict) and "MetricStat" in query for query in queries))


def _resources(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Properties of every resource, by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.yml")):
        resources = _read(path).get("Resources") or {}
        for resource in resources.values():
            found.setdefault(resource["Type"], []).append(resource.get("Properties") or {})
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise CostError(f"{path}: {' '.join(str(error).split())}") from error
    return document if isinstance(document, dict) else {}
