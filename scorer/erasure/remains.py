"""What no command can erase, and until when it is there: records of the stream, and backups of the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contract.event import format_time
from scorer.errors import StorageError

# DynamoDB developer guide, "Point-in-time recovery": 35 days where RecoveryPeriodInDays does not say less.
MAX_RECOVERY_DAYS = 35


class StreamClient(Protocol):
    """The call made of a Kinesis client."""

    def describe_stream_summary(self, **request: Any) -> Any: ...


class BackupsClient(Protocol):
    """The call made of a DynamoDB client."""

    def describe_continuous_backups(self, **request: Any) -> Any: ...


class Remains(NamedTuple):
    """RFC 3339 UTC: when the last record that is on the stream now has expired, and when the last state that
    the table has had can no longer be restored; None where its point-in-time recovery is off.
    """

    stream_until: str
    backups_until: str | None


def remains(
    kinesis: StreamClient, stream: str, dynamodb: BackupsClient, table: str, *, now: datetime | None = None
) -> Remains:
    """As of `now` (an aware time; default the clock's). Raises StorageError."""
    moment = now or datetime.now(UTC)
    try:
        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    except (ClientError, BotoCoreError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        raise StorageError(f"how long stream and backups keep events cannot be read ({code})") from error
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    is_on = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
    days = recovery.get("RecoveryPeriodInDays", MAX_RECOVERY_DAYS)
    return Remains(
        _after(moment, timedelta(hours=summary["RetentionPeriodHours"])),
        _after(moment, timedelta(days=days)) if is_on else None,
    )


def _after(moment: datetime, span: timedelta) -> str:
    return format_time(int((moment + span).timestamp() * 1000))
