"""The settings of an event source mapping, read from the Lambda API exactly as deployed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

FOREVER = -1  # MaximumRetryAttempts and MaximumRecordAgeInSeconds: no limit, which is AWS's default
REPORT_ITEM_FAILURES = "ReportBatchItemFailures"


@dataclass(frozen=True, slots=True)
class MappingSettings:
    """What governs reading, batching and failure; the defaults are those of CreateEventSourceMapping.

    Source: AWS Lambda developer guide, "Lambda parameters for Amazon Kinesis Data Streams event source
    mappings".
    """

    mapping_id: str
    stream_arn: str
    function_arn: str
    starting_position: str = "TRIM_HORIZON"
    starting_timestamp: datetime | None = None
    batch_size: int = 100
    window_seconds: float = 0.0
    parallelization: int = 1
    reports_item_failures: bool = False
    bisect: bool = False
    retry_attempts: int = FOREVER
    record_age_seconds: int = FOREVER
    on_failure_arn: str | None = None

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.stream_arn.rsplit("/", 1)[1]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.function_arn.split(":")[6]

    @property
    def region(self) -> str:
        """The region of the stream."""
        return self.stream_arn.split(":")[3]


def settings_from(described: Mapping[str, Any]) -> MappingSettings:
    """Turn a GetEventSourceMapping response into settings, filling in AWS's defaults."""
    on_failure = (described.get("DestinationConfig") or {}).get("OnFailure") or {}
    return MappingSettings(
        mapping_id=described["UUID"],
        stream_arn=described["EventSourceArn"],
        function_arn=described["FunctionArn"],
        starting_position=described.get("StartingPosition", "TRIM_HORIZON"),
        starting_timestamp=described.get("StartingPositionTimestamp"),
        batch_size=int(described.get("BatchSize", 100)),
        window_seconds=float(described.get("MaximumBatchingWindowInSeconds", 0)),
        parallelization=int(described.get("ParallelizationFactor", 1)),
        reports_item_failures=REPORT_ITEM_FAILURES in (described.get("FunctionResponseTypes") or []),
        bisect=bool(described.get("BisectBatchOnFunctionError", False)),
        retry_attempts=int(described.get("MaximumRetryAttempts", FOREVER)),
        record_age_seconds=int(described.get("MaximumRecordAgeInSeconds", FOREVER)),
        on_failure_arn=on_failure.get("Destination"),
    )


def read_settings(client: "LambdaClient", mapping_id: str) -> MappingSettings:
    """The settings of a deployed mapping."""
    return settings_from(client.get_event_source_mapping(UUID=mapping_id))
