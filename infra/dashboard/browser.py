"""A real headless browser, driven over the DevTools protocol through a pipe: nothing to install for it.

https://chromedevtools.github.io/devtools-protocol/ ; with --remote-debugging-pipe the browser reads commands
from file descriptor 3 and writes answers to 4, as JSON ended by a zero byte.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any, TypeVar

from infra.dashboard.errors import BrowserError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Root in a container has no user namespaces; the pages are our own, and the browser is kept off the network.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--remote-debugging-pipe",
)
TIMEOUT_SECONDS = 30
# Puts the pipes' ends at the numbers that the browser reads, in a process of its own: this one has threads.
EXECUTE = (
    "import fcntl, os, sys; "
    "ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]; "
    "[os.dup2(end, number) for end, number in zip(ends, (3, 4))]; "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


def find_browser() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Browser:
    """One browser with one blank page. Events that it reported are kept in `events`."""

    to_browser: int
    from_browser: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _sent: int = 0
    _unread: bytes = b""

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result. Raises BrowserError where the browser refuses it."""
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise BrowserError(f"the browser refused {method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """Until the event has been reported."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value on the page. Raises BrowserError where it throws."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"the page failed: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def wait_until(self, expression: str, *, seconds: float = TIMEOUT_SECONDS) -> None:
        """Until a JavaScript expression is true. Raises BrowserError where it does not become so."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                raise BrowserError(f"after {seconds:g} s the page was not ready ({expression})")
            time.sleep(0.05)

    def open_url(
        self, url: str, *, width: int, height: int = 900, dark: bool = False, media: str = "screen"
    ) -> None:
        """Load an address at a width in CSS pixels, with the reader's preference for light or dark."""
        self.events.clear()
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def resize(self, width: int, height: int, *, scale: float = 1) -> None:
        """Make the page so large, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 500,
        )

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select([self.from_browser], [], [], left)[0]:
                raise BrowserError(f"the browser said nothing for {TIMEOUT_SECONDS} s")
            part = os.read(self.from_browser, 1 << 20)
            if not part:
                raise BrowserError("the browser ended by itself")
            self._unread += part
        raw, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        return message


Kind = TypeVar("Kind", bound=Browser)


@contextmanager
def browser(executable: str, profile: Path, kind: type[Kind]) -> Iterator[Kind]:
    """A browser that is gone afterwards; `profile` is a folder of its own."""
    command_end, to_browser = os.pipe()
    from_browser, answer_end = os.pipe()
    theirs = (command_end, answer_end)
    command = [sys.executable, "-S", "-c", EXECUTE, *map(str, theirs), executable, *OPTIONS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in theirs:
        os.close(end)
    try:
        driven = kind(to_browser, from_browser)
        target = driven.call("Target.createTarget", url="about:blank")["targetId"]
        driven.session = driven.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        yield driven
    finally:
        with suppress(OSError, BrowserError):
            driven.session = ""
            driven.call("Browser.close")
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(to_browser)
        os.close(from_browser)
