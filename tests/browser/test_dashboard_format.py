"""Numbers and times on the live page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.chromium import Browser
from tests.browser.dashboard_page import page_of
from tests.dashboard.fakes import FakeCloudWatch

CASES = [
    ("text(0, 'ms')", "0 ms"),
    ("text(371.4, 'ms')", "371 ms"),
    ("text(1260, 'ms')", "1.26 s"),
    ("text(90000, 'ms')", "1.5 min"),
    ("text(0.0324, 'days')", "46.7 min"),
    ("text(3.25, 'days')", "3.25 d"),
    ("text(0.2294, '%')", "0.229 %"),
    ("text(18312, '')", "18,312"),
    ("text(18312, 'events/s')", "18,312"),
    ("text(2345678, '')", "2.35M"),
    ("text(0.00004, '')", "<0.001"),
    ("text(-12.345, '')", "-12.3"),
    ("text(undefined, 'ms')", "–"),
    ("short(18312, 'events')", "18.3K"),
    ("short(60000, 'ms')", "1 min"),
    ("nameAndUnit('End to end, p95 (ms)')", ["End to end, p95", "ms"]),
    ("nameAndUnit('errors')", ["errors", ""]),
    ("since(7260)", "2 h"),
    ("since(-3)", "0 s"),
    ("logTime('not a time')", "not a time"),
]


@pytest.fixture(scope="module")
def said(chromium: Browser) -> dict[str, Any]:
    """What the page's own functions give for every case."""
    with page_of(FakeCloudWatch({"widgets": []})) as url:
        chromium.open_url(url, width=900)
        names = "text, short, nameAndUnit, since, logTime"
        calls = ", ".join(f"{json.dumps(call)}: {call}" for call, _ in CASES)
        found = chromium.evaluate(f"import('./format.js').then(({{ {names} }}) => ({{ {calls} }}))")
    return dict(found)


@pytest.mark.parametrize(("call", "expected"), CASES)
def test_values_are_said_as_a_person_reads_them(said: dict[str, Any], call: str, expected: Any) -> None:
    """In the unit that fits, with three figures; counts whole as long as they are read as such."""
    assert said[call] == expected
