"""What the bill is for: a load, and the deployment that takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import CostError, CostUsageError

HOURS_PER_MONTH = 730  # as AWS's own calculator counts: 365 × 24 ÷ 12
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
SECONDS_PER_DAY = 86_400
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
GB = 2**30  # AWS bills a GB as 1,024³ bytes
ON_DEMAND, PROVISIONED = "ON_DEMAND", "PROVISIONED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Events on average, spread evenly over customers; `peak_factor` is the busiest minute ÷ the average.

    `collapse_share` is the share of events that a newer one of the same customer and batch replaces; None
    derives it. Raises CostUsageError where a number makes no sense.
    """

    events_per_day: float
    customers: float
    event_bytes: float = 600
    peak_factor: float = 3
    high_risk_share: float = 0.2
    rejected_share: float = 0.001
    reads_per_day: float = 0
    collapse_share: float | None = None

    def __post_init__(self) -> None:
        for name, least, most in (
            ("events_per_day", 1, 1e12),
            ("customers", 1, 1e11),
            ("event_bytes", 1, 1_048_576),
            ("peak_factor", 1, 1000),
            ("high_risk_share", 0, 1),
            ("rejected_share", 0, 1),
            ("reads_per_day", 0, 1e12),
            ("collapse_share", 0, 1),
        ):
            _require(self, name, least, most)

    @property
    def rate(self) -> float:
        """Events per second, on average."""
        return self.events_per_day / SECONDS_PER_DAY

    @property
    def events(self) -> float:
        """Events a month."""
        return self.events_per_day * DAYS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What CloudWatch bills besides logs: as the template has it."""

    custom_metrics: int
    alarm_metrics: int
    composite_alarms: int
    dashboards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The parameters of a stage that the bill depends on, named as in infra/resources/parameters.yml.

    `write_millis` is no parameter: how long DynamoDB takes to answer a BatchWriteItem of 25 is assumed.
    Raises CostUsageError where a number makes no sense.
    """

    capacity: str
    retention_hours: float
    enhanced_fan_out: bool
    batch_size: int
    window_seconds: float
    parallelization: int
    memory_megabytes: int
    architecture: str
    prediction_days: float
    log_retention_days: float
    watching: Watching
    own_key: bool = False
    write_millis: float = 10

    def __post_init__(self) -> None:
        for name, least, most in (
            ("retention_hours", 24, 8760),
            ("batch_size", 1, 10_000),
            ("window_seconds", 0, 300),
            ("parallelization", 1, 10),
            ("memory_megabytes", 128, 10_240),
            ("prediction_days", 1, 3650),
            ("log_retention_days", 1, 3653),
            ("write_millis", 0, 60_000),
        ):
            _require(self, name, least, most)
        for name, choices in (("capacity", (ON_DEMAND, PROVISIONED)), ("architecture", ("x86_64", "arm64"))):
            if getattr(self, name) not in choices:
                raise CostUsageError(
                    f"{name}: found {getattr(self, name)!r}, expected {' or '.join(choices)}"
                )

    @classmethod
    def of(cls, parameters: Mapping[str, Any], watching: Watching) -> Deployment:
        """A stage's parameters. Raises CostError where one is missing."""
        try:
            return cls(
                capacity=str(parameters["capacityMode"]),
                retention_hours=float(parameters["retentionHours"]),
                enhanced_fan_out=str(parameters["enhancedFanOut"]).lower() == "true",
                batch_size=int(parameters["batchSize"]),
                window_seconds=float(parameters["windowSeconds"]),
                parallelization=int(parameters["parallelization"]),
                memory_megabytes=int(parameters["memoryMegabytes"]),
                architecture=str(parameters["architecture"]),
                prediction_days=float(parameters["predictionDays"]),
                log_retention_days=float(parameters["logRetentionDays"]),
                watching=watching,
                own_key=bool(parameters.get("kmsKey")),
            )
        except KeyError as error:
            raise CostError(f"infra/resources/parameters.yml lacks {error}, which the bill needs") from error


def _require(owner: object, name: str, least: float, most: float) -> None:
    """Raise CostUsageError unless a number is within its bounds; None, where that is allowed, always is."""
    value = getattr(owner, name)
    if value is not None and not least <= value <= most:
        words = name.replace("_", " ")
        raise CostUsageError(f"{words}: found {value:,.15g}, expected a number from {least:,} to {most:,.0f}")


def kilobytes(size: float) -> float:
    """Bytes rounded up to whole KB, as Kinesis on demand and DynamoDB bill them."""
    return math.ceil(size / 1024)
