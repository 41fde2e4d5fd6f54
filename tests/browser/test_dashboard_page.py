"""The live dashboard as a browser shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.browser.chromium import Browser
from tests.browser.dashboard_page import ALARMS, BODY, VALUES, look, page_of
from tests.dashboard.fakes import FakeCloudWatch, refused

WIDTHS = (390, 900, 1440)  # a telephone, a tablet, a desk
OVERFLOWING = """
[...document.querySelectorAll('header *, main *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .plot'))
  .map(e => e.tagName + ' ' + e.className)
"""
SPILLING = """
[...document.querySelectorAll('.card')].filter(card => card.scrollHeight > card.clientHeight + 2)
  .map(card => card.querySelector('h3').textContent)
"""
# How many pixels of a panel's canvas are of a colour that no axis has.
INK = """
(title => {
  const canvas = CARD(title).querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b, a] = data.slice(i, i + 4);
    if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) found += 1;
  }
  return found;
})"""
CARD = """
(title => [...document.querySelectorAll('.card')].find(c => c.querySelector('h3')?.textContent === title))"""
TRY_A_SCRIPT = """
document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}));
window.ran === true
"""


def card(title: str) -> str:
    return f"{CARD}({title!r})"


def ink(chromium: Browser, title: str) -> int:
    return int(chromium.evaluate(f"{INK.replace('CARD', CARD)}({title!r})"))


def text(chromium: Browser, selector: str) -> str:
    return str(chromium.evaluate(f"document.querySelector({selector!r}).innerText"))


@pytest.fixture
def cloudwatch() -> FakeCloudWatch:
    return FakeCloudWatch(BODY, VALUES, ALARMS, now=time.time())


@pytest.fixture
def url(cloudwatch: FakeCloudWatch) -> Iterator[str]:
    with page_of(cloudwatch) as address:
        yield address


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_and_asks_nobody_else(chromium: Browser, url: str, width: int, dark: bool) -> None:
    """Nothing on the console, nothing from elsewhere, nothing wider than the screen or than its panel."""
    look(chromium, url, width=width, dark=dark)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate(OVERFLOWING) == []
    assert chromium.evaluate(SPILLING) == []
    assert len(chromium.requested) > 5
    assert [address for address in chromium.requested if not address.startswith(url)] == []
    assert chromium.problems == []
    assert ink(chromium, "End to end") > 50
    assert ink(chromium, "Ends") > 50
    assert ink(chromium, "Empty") == 0


def test_panels_say_what_cloudwatch_holds(chromium: Browser, url: str) -> None:
    """Single values in fitting units, alarms by urgency, log rows, the serving model."""
    look(chromium, url)
    tiles = chromium.evaluate(
        "[...document.querySelectorAll('.tile')].map(t => t.innerText.replace(/\\s+/g, ' '))"
    )
    assert tiles == ["45 Scores written", "10 % Rejected", "610 ms End to end, p95"]
    alarms = chromium.evaluate(
        "[...document.querySelectorAll('.state')].map(e => e.innerText.replace(/\\s+/g, ' '))"
    )
    assert alarms == ["errors alarm", "iterator age no data", "throttles ok", "gone not deployed"]
    runbook = chromium.evaluate("document.querySelector('.state a').href")
    assert runbook == "https://example.org/runbook#churn-telco-dev-errors"
    assert "v1" in text(chromium, ".log tbody")
    assert chromium.evaluate("document.getElementById('hint').hidden") is True
    assert text(chromium, "#model") == "serving v1, promoted 2 h ago by ana"
    assert "alarm at 1 s" in chromium.evaluate(f"{card('End to end')}.innerText")
    assert "SEARCH is not supported here" in chromium.evaluate(f"{card('Unsupported')}.innerText")
    assert "nothing in this time" in chromium.evaluate(f"{card('Empty')}.innerText")


def test_what_a_dashboard_says_is_text(chromium: Browser, url: str) -> None:
    """Markup in it is shown as it is written, not obeyed."""
    look(chromium, url)
    assert text(chromium, ".text h2") == "Is it healthy? <img src=x onerror=alert(1)> code"
    assert chromium.evaluate("document.querySelectorAll('main img').length") == 0


def hover(chromium: Browser, title: str, share: float) -> str:
    """Move over a panel, from left (0) to right (1); what its tooltip says."""
    place = f"(o => [o.left + o.width * {share}, o.top + o.height / 2])"
    x, y = chromium.evaluate(f"{place}({card(title)}.querySelector('.u-over').getBoundingClientRect())")
    chromium.hover(x, y)
    chromium.wait_until(f"!{card(title)}.querySelector('.tip').hidden")
    return str(chromium.evaluate(f"{card(title)}.querySelector('.tip').innerText"))


def test_hovering_shows_values(chromium: Browser, url: str) -> None:
    """Of the period under the pointer, in the axis's unit; where there are none it says so."""
    look(chromium, f"{url}?since=15m")
    now = hover(chromium, "End to end", 0.975)
    assert "p95" in now
    assert "610 ms" in now
    assert "no values" in hover(chromium, "End to end", 0.1)
    assert "written" in hover(chromium, "Ends", 0.975)


def test_a_refresh_leaves_the_reader_in_place(chromium: Browser, cloudwatch: FakeCloudWatch) -> None:
    """New values come under a pointer that rests, and to the name that has the keyboard."""
    with page_of(cloudwatch, refresh_seconds=0.3) as url:
        look(chromium, f"{url}?since=15m")
        assert "610 ms" in hover(chromium, "End to end", 0.975)
        chromium.evaluate(f"{card('End to end')}.querySelector('.legend button').focus()")
        cloudwatch.values = VALUES | {"EndToEndMillis": [*VALUES["EndToEndMillis"][:-1], 777.0]}
        chromium.wait_until(f"{card('End to end')}.querySelector('.tip').innerText.includes('777 ms')")
        assert chromium.evaluate(f"{card('End to end')}.querySelector('.tip').hidden") is False
        assert chromium.evaluate("document.activeElement.innerText") == "p95"


def test_the_legend_toggles(chromium: Browser, url: str) -> None:
    """A click hides a line, another shows it again; the stack above it falls."""
    look(chromium, url)
    before = ink(chromium, "Ends")
    click = f"{card('Ends')}.querySelector('.legend button').click()"
    chromium.evaluate(click)
    assert chromium.evaluate(f"{card('Ends')}.querySelector('.legend button').ariaPressed") == "false"
    assert ink(chromium, "Ends") != before
    chromium.evaluate(click)
    assert ink(chromium, "Ends") == before


def test_the_theme_follows_the_reader_and_the_switch(chromium: Browser, url: str) -> None:
    """Dark where the system is, and light again where the switch says so; the choice is kept."""
    background = "getComputedStyle(document.documentElement).backgroundColor"
    look(chromium, url, dark=True)
    dark = chromium.evaluate(background)
    chromium.evaluate("document.getElementById('theme').click()")
    light = chromium.evaluate(background)
    assert dark != light
    look(chromium, url, dark=True)
    assert chromium.evaluate(background) == light
    chromium.evaluate("localStorage.clear()")


def test_another_range_is_asked_for(chromium: Browser, cloudwatch: FakeCloudWatch, url: str) -> None:
    """The button is marked, the address keeps it, and CloudWatch is asked for that time."""
    look(chromium, url)
    chromium.evaluate(
        "[...document.querySelectorAll('#ranges button')].find(b => b.innerText === '12h').click()"
    )
    chromium.wait_until("document.getElementById('grid').dataset.since === '12h'")
    pressed = "[...document.querySelectorAll('#ranges button[aria-pressed=true]')].map(b => b.innerText)"
    assert chromium.evaluate(pressed) == ["12h"]
    assert "since=12h" in chromium.evaluate("location.search")
    asked = cloudwatch.requests[-1]
    assert (asked["EndTime"] - asked["StartTime"]).total_seconds() >= 12 * 3600


@pytest.mark.parametrize(
    ("serves", "why", "command"),
    [
        (True, "Nothing was scored in the last 1h", "churn publish customers.csv"),
        (False, "No model serves yet", "churn train --data customers.csv"),
    ],
)
def test_before_anything_was_scored_it_says_what_to_do(
    chromium: Browser, serves: bool, why: str, command: str
) -> None:
    """The command that makes something happen, and empty panels."""
    with page_of(FakeCloudWatch(BODY, {}, ALARMS), serves=serves) as url:
        look(chromium, url)
        assert chromium.evaluate("document.getElementById('hint').hidden") is False
        assert why in text(chromium, "#hint")
        assert text(chromium, "#hint").endswith(command)
        assert (
            chromium.evaluate("[...document.querySelectorAll('.tile .value')].map(v => v.innerText)")
            == ["–"] * 3
        )
        assert chromium.problems == []


def test_an_error_is_one_line_and_passes_by_itself(chromium: Browser, cloudwatch: FakeCloudWatch) -> None:
    """Also when the page has data already: it stays, faded, until there is newer."""
    with page_of(cloudwatch, refresh_seconds=0.3) as url:
        look(chromium, url)
        cloudwatch.error = refused("ExpiredToken", "GetDashboard", "expired")
        chromium.wait_until("!document.getElementById('error').hidden")
        assert text(chromium, "#error").startswith("a line: An error occurred (ExpiredToken)")
        assert chromium.evaluate("document.querySelectorAll('.tile').length") == 3
        assert chromium.evaluate("document.body.classList.contains('stale')") is True
        cloudwatch.error = None
        chromium.wait_until("document.getElementById('error').hidden", seconds=15)
        assert chromium.evaluate("document.body.classList.contains('stale')") is False


def test_when_the_command_has_ended_the_page_says_so(chromium: Browser, cloudwatch: FakeCloudWatch) -> None:
    """There is nobody left to ask."""
    with page_of(cloudwatch, refresh_seconds=0.3) as url:
        look(chromium, url)
    chromium.wait_until("!document.getElementById('error').hidden")
    assert "run churn dashboard again" in text(chromium, "#error")


def test_a_script_that_got_in_would_not_run(chromium: Browser, url: str) -> None:
    """The policy of the server stops it."""
    look(chromium, url)
    assert chromium.evaluate(TRY_A_SCRIPT) is False
    chromium.evaluate("1")
    assert any("Content Security Policy" in problem for problem in chromium.problems)
