"""The browser that draws `churn dashboard --png`, with what tests ask of a page besides."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.dashboard import browser as driver
from infra.dashboard.browser import NAMES, find_browser

__all__ = ["NAMES", "Browser", "browser", "find_browser"]


class Browser(driver.Browser):
    """Opens files, takes screenshots, and knows what went wrong on the page."""

    def open(self, page: Path, *, width: int, dark: bool = False, media: str = "screen") -> None:
        """Load a file at a width in CSS pixels, with the reader's preference for light or dark."""
        self.open_url(page.resolve().as_uri(), width=width, dark=dark, media=media)

    def screenshot(self, target: Path, *, whole: bool = True) -> Path:
        """The page as PNG, from top to bottom."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(taken["data"]))
        return target

    def hover(self, x: float, y: float) -> None:
        """Move the pointer to a place on the page, in CSS pixels."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    @property
    def problems(self) -> list[str]:
        """Everything that the console shows as a warning or an error, and every uncaught exception."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
                found.append(str(params["entry"]["text"]))
            if event["method"] == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]["text"]))
            if event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error"):
                found.append(str(params["args"]))
        return found

    @property
    def requested(self) -> list[str]:
        """Every address that the page asked for, itself included."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]


@contextmanager
def browser(executable: str, profile: Path) -> Iterator[Browser]:
    """A browser that is gone afterwards; `profile` is a folder of its own."""
    with driver.browser(executable, profile, Browser) as opened:
        yield opened
