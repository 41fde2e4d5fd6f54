"""What a deployment tells the function, read once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from scorer.errors import SettingsError

DEFAULT_RETENTION_DAYS = 35
MAX_RETENTION_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment's names and limits. `service` is the only metric dimension."""

    schema: str
    stage: str
    table: str
    bucket: str
    retention_days: int
    service: str


def read_settings(variables: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment. Raises SettingsError naming every variable that is missing or wrong."""
    names = ("CHURN_SCHEMA", "CHURN_STAGE", "CHURN_TABLE", "CHURN_BUCKET")
    missing = [name for name in names if not variables.get(name, "").strip()]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: not set; serverless.yml sets them, so deploy from it")
    schema, stage, table, bucket = (variables[name].strip() for name in names)
    return Settings(
        schema=schema,
        stage=stage,
        table=table,
        bucket=bucket,
        retention_days=_days(variables.get("CHURN_RETENTION_DAYS", str(DEFAULT_RETENTION_DAYS))),
        service=variables.get("POWERTOOLS_SERVICE_NAME") or f"churn-{schema}-{stage}",
    )


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_RETENTION_DAYS):
        raise SettingsError(
            f"CHURN_RETENTION_DAYS: found {text[:40]!r}, expected a whole number of days "
            f"from 1 to {MAX_RETENTION_DAYS}"
        )
    return int(text)
