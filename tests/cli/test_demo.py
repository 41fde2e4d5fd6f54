"""The demo accounts for everything, and keeps its hands off what is yours."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local.stage import down
from tests.commands import Shell

pytestmark = pytest.mark.emulator


def test_the_demo_accounts_for_every_event_and_spares_your_stage(tmp_path: Path) -> None:
    """Counts add up and the exit code is 0; a mistake or a stage of your own stops it before any harm."""
    shell = Shell(tmp_path, tmp_path / "local")
    try:
        report = shell.json("demo --events 400 --schema music")
        ends = report["written"] + report["collapsed"] + report["rejected"] + report["missing"]
        assert report["published"] == ends == 400 + 4 + 2 + 40
        assert (report["missing"], report["rejected"], report["stage"]) == (0, 2, "local")
        assert {"model_version", "seconds", "events_per_second", "put_to_readable_ms"} <= report.keys()
        assert report["metrics"]["EventsReceived"] == report["published"]

        mistaken = shell.run("demo --data nothere.csv")
        assert mistaken.returncode == 1
        assert "nothere.csv" in mistaken.stderr
        assert shell.json("models list")[0]["version"] == report["model_version"]

        (shell.local / "started-by-demo").unlink()
        refused = shell.run("demo --events 400 --schema music")
        assert refused.returncode == 1
        assert "churn local down" in refused.stderr
        assert shell.json("models list")[0]["version"] == report["model_version"]
    finally:
        down(shell.local)
