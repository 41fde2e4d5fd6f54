"""One browser for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.chromium import NAMES, Browser, browser, find_browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.skip(f"PAGES NOT LOOKED AT: no browser on PATH ({', '.join(NAMES)}); install chromium")
    with browser(executable, tmp_path_factory.mktemp("profile")) as opened:
        yield opened
