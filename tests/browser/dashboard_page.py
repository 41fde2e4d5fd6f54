"""A dashboard with every kind of panel, served with values that a test chooses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.dashboard.feed import Feed
from infra.dashboard.server import serving
from infra.dashboard.snapshot import Deployed
from tests.browser.chromium import Browser
from tests.dashboard.fakes import STACK, FakeCloudWatch, FakeLogs

DRAWN = "document.getElementById('grid').getAttribute('aria-busy') === 'false'"
VALUES = {
    "EventsReceived": [20.0, 40.0, 30.0, 50.0],
    "EventsWritten": [18.0, 36.0, 30.0, 45.0],
    "EventsRejected": [2.0, 4.0, 0.0, 5.0],
    "EndToEndMillis": [420.0, 1310.0, 520.0, 610.0],
}


def metric(name: str, **shown: Any) -> list[Any]:
    return ["ChurnStream", name, "service", STACK, shown]


def panel(kind: str, x: int, y: int, width: int, height: int, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, "properties": properties}


ARN = "arn:aws:cloudwatch:us-east-1:1:alarm:"
ALARMS = {
    f"{STACK}-errors": "ALARM",
    f"{STACK}-throttles": "OK",
    f"{STACK}-iterator-age": "INSUFFICIENT_DATA",
}
BODY = {
    "widgets": [
        panel("text", 0, 0, 24, 1, markdown="## Is it **healthy**? <img src=x onerror=alert(1)> `code`"),
        panel("alarm", 0, 1, 8, 4, title="Alarms", alarms=[ARN + n for n in [*ALARMS, f"{STACK}-gone"]]),
        panel(
            "metric", 8, 1, 16, 4, title="In the time shown", view="singleValue", stat="Sum", period=60,
            metrics=[
                metric("EventsWritten", label="Scores written"),
                [{"expression": "100 * rejected / received", "label": "Rejected (%)", "id": "share"}],
                metric("EndToEndMillis", label="End to end, p95 (ms)", stat="p95"),
                metric("EventsReceived", id="received", visible=False),
                metric("EventsRejected", id="rejected", visible=False),
            ],
        ),
        panel(
            "metric", 0, 5, 8, 5, title="End to end", stat="p95", period=60, yAxis={"left": {"label": "ms"}},
            metrics=[metric("EndToEndMillis", label="p95"), metric("Nothing", label="absent")],
            annotations={"horizontal": [{"label": "alarm", "value": 1000}]},
        ),
        panel(
            "metric", 8, 5, 8, 5, title="Ends", stat="Sum", period=60, stacked=True,
            metrics=[metric("EventsWritten", label="written"), metric("EventsRejected", label="rejected")],
        ),
        panel("metric", 16, 5, 8, 5, title="Unsupported", metrics=[[{"expression": "SEARCH('x', 'Sum')"}]]),
        panel("metric", 0, 10, 8, 5, title="Empty", stat="Sum", period=60, metrics=[metric("Nothing")]),
        panel("log", 8, 10, 16, 5, title="Log", query="SOURCE 'g' | fields @timestamp, version | limit 5"),
    ]
}  # fmt: skip
ROWS = [{"@timestamp": "2026-11-20 10:00:00.123", "version": "v1", "@message": json.dumps({"version": "v1"})}]


def promoted(version: str) -> dict[str, Any]:
    """What is told of the serving model."""
    return {"version": version, "promoted_by": "ana", "promoted_at": int(time.time()) - 7200}


@contextmanager
def page_of(
    cloudwatch: FakeCloudWatch, *, refresh_seconds: float = 600.0, serves: bool = True
) -> Iterator[str]:
    """The address of a page that shows what the fake holds."""

    def connect() -> Deployed:
        return Deployed(
            stage="dev",
            stack=STACK,
            cloudwatch=cloudwatch,  # type: ignore[arg-type]
            logs=FakeLogs(ROWS, answers=["Complete"]),  # type: ignore[arg-type]
            model=lambda: promoted("v1") if serves else None,
            train_command="churn train --data customers.csv",
            publish_command="churn publish customers.csv",
            log_seconds=0.0,
        )

    feed = Feed(connect, lambda error: f"a line: {error}", fresh_seconds=0.0)
    with serving(feed, port=0, refresh_seconds=refresh_seconds) as address:
        yield address


def look(chromium: Browser, url: str, *, width: int = 1440, dark: bool = False) -> None:
    """Open the page and wait until its first answer is drawn."""
    chromium.open_url(url, width=width, dark=dark)
    chromium.wait_until(DRAWN)
