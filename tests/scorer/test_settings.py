"""A wrong deployment fails at start, in one line."""

from __future__ import annotations

import pytest

from scorer.errors import SettingsError
from scorer.settings import DEFAULT_RETENTION_DAYS, read_settings

VARIABLES = {
    "CHURN_SCHEMA": "telco",
    "CHURN_STAGE": "local",
    "CHURN_TABLE": "churn-telco-local-predictions",
    "CHURN_BUCKET": "churn-telco-local-000000000000-us-east-1",
}


def test_settings_are_read_with_defaults() -> None:
    """Retention and service have defaults; the service is named as the stack is."""
    settings = read_settings(VARIABLES)
    assert (settings.schema, settings.stage) == ("telco", "local")
    assert settings.retention_days == DEFAULT_RETENTION_DAYS
    assert settings.service == "churn-telco-local"
    given = read_settings(VARIABLES | {"POWERTOOLS_SERVICE_NAME": "x", "CHURN_RETENTION_DAYS": "7"})
    assert (given.service, given.retention_days) == ("x", 7)


def test_every_missing_variable_is_named_at_once() -> None:
    """Unset and blank are the same: not set."""
    with pytest.raises(SettingsError, match="CHURN_STAGE, CHURN_BUCKET: not set"):
        read_settings({**VARIABLES, "CHURN_STAGE": " ", "CHURN_BUCKET": ""})


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "ten", "", "²", "9" * 5000, "4000"])
def test_a_retention_that_is_no_sensible_number_of_days_is_refused(days: str) -> None:
    """The line says what was found and what is expected."""
    with pytest.raises(SettingsError, match="whole number of days from 1 to 3650"):
        read_settings({**VARIABLES, "CHURN_RETENTION_DAYS": days})
