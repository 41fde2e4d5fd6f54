"""Rows and events that several tests start from."""

from __future__ import annotations

from typing import Any

NOW_MS = 1_795_168_800_000  # 2026-11-20T10:00:00Z

TELCO_ROW: dict[str, Any] = {
    "gender": "Female",
    "SeniorCitizen": 0,
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": 1,
    "PhoneService": "No",
    "MultipleLines": "No phone service",
    "InternetService": "DSL",
    "OnlineSecurity": "No",
    "OnlineBackup": "Yes",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "No",
    "StreamingMovies": "No",
    "Contract": "Month-to-month",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Electronic check",
    "MonthlyCharges": 29.85,
    "TotalCharges": 29.85,
}

MUSIC_ROW: dict[str, Any] = {
    "num_sessions": 12,
    "num_songs_played": 480,
    "num_thumbs_up": 21,
    "num_thumbs_down": 3,
    "num_add_friend": 2,
    "avg_songs_per_session": 40.0,
    "gender": "F",
    "level": "paid",
    "registration_days": 73,
}


def envelope(data: object, **changes: Any) -> dict[str, Any]:
    """A CloudEvents envelope around `data`; a change to `...` removes the attribute."""
    attributes = {
        "specversion": "1.0",
        "id": "0197f0c0-0000-7000-8000-000000000001",
        "source": "/crm",
        "type": "customer.updated",
        "subject": "7590-VHVEG",
        "time": "2026-11-20T10:00:00.123Z",
        "data": data,
        **changes,
    }
    return {name: value for name, value in attributes.items() if value is not ...}
