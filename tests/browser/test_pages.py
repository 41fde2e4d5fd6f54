"""The pages as a reader's browser shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tests.training.tables import shop_rows, write_csv
from training.report import explore as exploration
from training.report.page import SECTIONS, render_report
from training.report.raw import read_raw
from training.result import TrainedModel

PAGES = ("report", "explore")
WIDTHS = (390, 900, 1440)  # a telephone, a tablet, a desk
SMALLEST_TEXT = 8.0  # CSS pixels

OVERFLOWING = """
[...document.querySelectorAll('main *, header *, footer *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, pre, svg'))
  .map(e => e.tagName + ' ' + e.className)
"""
SMALLEST = """
Math.min(...[...document.querySelectorAll('figure svg')].flatMap(svg => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return [...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
}))
"""
COLOURS = """
[getComputedStyle(document.documentElement).backgroundColor,
 getComputedStyle(document.querySelector('figure svg text')).fill]
"""
TRY_A_SCRIPT = """
document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}));
window.ran === true
"""


@pytest.fixture(scope="module")
def pages(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of each kind, of the shop's customers."""
    folder = tmp_path_factory.mktemp("pages")
    found = exploration.explore(read_raw(write_csv(folder / "shop.csv", shop_rows())))
    made = {"report": render_report(trained), "explore": exploration.render_exploration(found)}
    for name, page in made.items():
        (folder / f"{name}.html").write_bytes(page)
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_alone_and_fits(
    chromium: Browser, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    """Nothing on the console, nothing fetched, nothing wider than the screen, all text large enough."""
    chromium.open(pages[name], width=width, dark=dark)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate(OVERFLOWING) == []
    assert chromium.evaluate(SMALLEST) >= SMALLEST_TEXT
    assert [url for url in chromium.requested if not url.startswith("data:")] == [pages[name].as_uri()]
    assert chromium.problems == []


def test_every_section_is_seen(chromium: Browser, pages: dict[str, Path]) -> None:
    """All are laid out, with a heading, a size and, where there are charts, something drawn."""
    chromium.open(pages["report"], width=1440)
    for section, _ in SECTIONS:
        height = chromium.evaluate(f"document.getElementById('{section}').getBoundingClientRect().height")
        assert height > 80, section
    empty = "[...document.querySelectorAll('figure svg')].filter(s => !s.querySelector('path, rect')).length"
    assert chromium.evaluate(empty) == 0


@pytest.mark.parametrize("name", PAGES)
def test_dark_mode_reaches_the_charts(chromium: Browser, pages: dict[str, Path], name: str) -> None:
    """Page and charts follow the reader's preference together."""
    chromium.open(pages[name], width=900)
    light = chromium.evaluate(COLOURS)
    chromium.open(pages[name], width=900, dark=True)
    dark = chromium.evaluate(COLOURS)
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_paper_is_white_and_has_no_menu(chromium: Browser, pages: dict[str, Path]) -> None:
    """Printed from a dark screen, the page is dark ink on light ground."""
    chromium.open(pages["report"], width=900, dark=True, media="print")
    assert chromium.evaluate("getComputedStyle(document.querySelector('nav.toc')).display") == "none"
    assert chromium.evaluate("getComputedStyle(document.body).color") == "rgb(29, 28, 26)"


def test_a_script_that_got_in_would_not_run(chromium: Browser, pages: dict[str, Path]) -> None:
    """The page's own policy stops it."""
    chromium.open(pages["report"], width=900)
    assert chromium.evaluate(TRY_A_SCRIPT) is False
    chromium.evaluate("1")
    assert any("Content Security Policy" in problem for problem in chromium.problems)
