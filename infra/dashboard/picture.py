"""The page as a picture, for reports."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from infra.dashboard.browser import NAMES, Browser, browser, find_browser
from infra.dashboard.errors import BrowserError

WIDTH = 1440  # CSS pixels
SHARPNESS = 1.5  # picture pixels for each of them
DRAWN = "document.getElementById('grid').getAttribute('aria-busy') === 'false'"
HEIGHT = "Math.ceil(document.body.getBoundingClientRect().bottom)"
PROBLEM = "document.getElementById('error').textContent"


def take_picture(url: str, target: Path, *, dark: bool = False) -> None:
    """Draw the page at `url` into a PNG file, from top to bottom.

    Raises BrowserError where there is no browser, or the page shows an error in place of data.
    """
    executable = find_browser()
    if executable is None:
        raise BrowserError(
            f"no browser to draw with: install Chromium or Chrome ({', '.join(NAMES[:3])} on the PATH), "
            "or open the page and print it"
        )
    with tempfile.TemporaryDirectory() as folder, browser(executable, Path(folder), Browser) as opened:
        theme = "dark" if dark else "light"
        opened.open_url(f"{url}&picture=yes&theme={theme}", width=WIDTH)
        opened.wait_until(DRAWN)
        if problem := opened.evaluate(PROBLEM):
            raise BrowserError(str(problem))
        target.write_bytes(whole_page(opened))


def whole_page(opened: Browser) -> bytes:
    """The open page as PNG, as high as it is."""
    opened.resize(WIDTH, int(opened.evaluate(HEIGHT)), scale=SHARPNESS)
    opened.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return base64.b64decode(opened.call("Page.captureScreenshot")["data"])
