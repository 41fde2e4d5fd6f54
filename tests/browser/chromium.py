"""A real headless browser, driven over the DevTools protocol through a pipe: nothing to install for it.

https://chromedevtools.github.io/devtools-protocol/ ; with --remote-debugging-pipe the browser reads
commands from file descriptor 3 and writes answers to 4, as JSON ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any

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
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
TIMEOUT_SECONDS = 30
ANSWER = 4  # the browser's file descriptors
COMMAND = 3


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
        """One command and its result. Raises RuntimeError where the browser refuses it."""
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """Until the event has been reported."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """A JavaScript expression's value on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select([self.from_browser], [], [], left)[0]:
                raise TimeoutError(f"the browser said nothing for {TIMEOUT_SECONDS} s")
            part = os.read(self.from_browser, 1 << 20)
            if not part:
                raise RuntimeError("the browser ended")
            self._unread += part
        raw, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        return message

    def open(self, page: Path, *, width: int, dark: bool = False, media: str = "screen") -> None:
        """Load a file at a width in CSS pixels, with the reader's preference for light or dark."""
        self.events.clear()
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.wait_for("Page.loadEventFired")

    def screenshot(self, target: Path, *, whole: bool = True) -> Path:
        """The page as PNG, from top to bottom."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(taken["data"]))
        return target

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
    command_end, to_browser = os.pipe()
    from_browser, answer_end = os.pipe()

    def give_pipes() -> None:
        # Moved out of the way first: one end may itself be number 3 or 4.
        command, answer = os.dup(command_end), os.dup(answer_end)
        os.dup2(command, COMMAND)
        os.dup2(answer, ANSWER)

    process = subprocess.Popen(
        [executable, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        close_fds=False,
        preexec_fn=give_pipes,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(command_end)
    os.close(answer_end)
    try:
        driven = Browser(to_browser, from_browser)
        target = driven.call("Target.createTarget", url="about:blank")["targetId"]
        driven.session = driven.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        yield driven
    finally:
        with suppress(OSError, RuntimeError, TimeoutError):
            driven.session = ""
            driven.call("Browser.close")
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(to_browser)
        os.close(from_browser)
