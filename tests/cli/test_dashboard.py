"""`churn dashboard`: where it serves, what it prints, and one line for every mistake."""

from __future__ import annotations

import json
import re
import struct
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import typer.main

from cli import dashboard
from cli.errors import CommandError
from cli.main import app, main
from cli.stage import Stage
from infra.dashboard.browser import find_browser
from infra.dashboard.feed import Refusal
from infra.paths import PROJECT
from tests.browser.dashboard_page import ALARMS, BODY, VALUES
from tests.cli.shop_stage import Ended, refused
from tests.dashboard.fakes import STACK, FakeCloudWatch, FakeLogs
from tests.dashboard.fakes import refused as refused_by_aws
from tests.training.registry.fake_s3 import FakeS3

Run = Callable[[str], Ended]


@dataclass(frozen=True)
class DashboardStage(Stage):
    """A stage on AWS whose services are in memory."""

    cloudwatch: FakeCloudWatch = field(
        default_factory=lambda: FakeCloudWatch(BODY, VALUES, ALARMS, now=time.time())
    )

    def client(self, service: str, **settings: Any) -> Any:
        return {"cloudwatch": self.cloudwatch, "logs": FakeLogs(answers=["Complete"]), "s3": FakeS3()}[
            service
        ]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> DashboardStage:
    """The stage that the command finds."""
    names = dict.fromkeys(("stream", "table", "bucket"), STACK)
    found = DashboardStage(name="dev", stack=STACK, schema="telco", **names)
    monkeypatch.setattr("cli.dashboard.resolve_stage", lambda *_: found)
    return found


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, stage: DashboardStage
) -> Run:
    """`churn dashboard …` in this process."""
    monkeypatch.chdir(tmp_path)

    def run(options: str) -> Ended:
        monkeypatch.setattr("sys.argv", f"churn dashboard --stage dev {options}".split())
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


def test_json_is_one_document_with_the_evaluated_data(run: Run) -> None:
    """Metric math included, and nothing else on stdout."""
    document = run("--json --since 15m").document
    assert document["stack"] == STACK
    assert document["range"]["seconds"] == 900
    assert document["model"] is None
    assert document["next_command"] == "churn train --data customers.csv --stage dev --schema telco"
    (tiles,) = (widget for widget in document["widgets"] if widget["type"] == "singleValue")
    assert [line["label"] for line in tiles["lines"]] == [
        "Scores written", "Rejected (%)", "End to end, p95 (ms)",
    ]  # fmt: skip


def test_a_metric_without_data_is_empty_not_an_error(run: Run, stage: DashboardStage) -> None:
    """Nothing was published yet."""
    stage.cloudwatch.values = {}
    document = run("--json").document
    assert document["scored"] is False
    assert all(line["values"] == [] for widget in document["widgets"] for line in widget.get("lines", []))


@pytest.mark.parametrize(
    ("options", "exit_code", "says"),
    [
        ("--since soon", 2, "--since: the time 'soon' is none: expected a length such as 15m, 1h"),
        ("--png missing/folder/x.png", 1, "expected a file in a folder that is there"),
        ("--png x.png --json", 2, "--png and --json: one of them at a time"),
        ("--port 70000", 2, ""),
    ],
)
def test_wrong_options_are_one_line(run: Run, options: str, exit_code: int, says: str) -> None:
    """Before anything is asked or served."""
    ended = run(options)
    assert ended.exit_code == exit_code
    assert says in ended.err
    assert ended.out == ""


def test_expired_credentials_are_one_line(run: Run, stage: DashboardStage) -> None:
    """With what to do."""
    stage.cloudwatch.error = refused_by_aws("ExpiredToken", "GetDashboard")
    refused(run("--json"), 1, "the AWS credentials have expired: sign in")


def test_a_stack_without_a_dashboard_is_one_line(run: Run, stage: DashboardStage) -> None:
    """It was deployed by an earlier release, or somebody has deleted it."""
    stage.cloudwatch.body = None
    refused(run(""), 1, f"stack {STACK} has no dashboard", "make deploy STAGE=dev")


def test_without_a_browser_there_is_no_picture(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what is missing."""
    monkeypatch.setattr("infra.dashboard.picture.find_browser", lambda: None)
    refused(run("--png page.png"), 1, "no browser to draw with: install Chromium or Chrome")


def test_the_picture_is_the_whole_page(run: Run, tmp_path: Path) -> None:
    """A PNG as wide as a desk and higher than a screen; stdout stays empty."""
    if find_browser() is None:
        pytest.skip("PAGES NOT LOOKED AT: no browser on PATH; install chromium")
    ended = run("--png page.png --dark")
    assert (ended.exit_code, ended.out) == (0, "")
    head = (tmp_path / "page.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:24])
    assert width == 2160
    assert height > 1000
    assert max(corner_of(tmp_path / "page.png")) < 60
    run("--png page.png")
    assert min(corner_of(tmp_path / "page.png")) > 200


def corner_of(picture: Path) -> list[float]:
    """Red, green and blue of the first pixel, up to 255."""
    from matplotlib.image import imread

    return [255 * float(part) for part in imread(picture)[0, 0, :3]]


def test_an_error_on_the_page_is_no_picture(run: Run, tmp_path: Path, stage: DashboardStage) -> None:
    """The definition was there, the data is not: the page's line is the command's."""
    if find_browser() is None:
        pytest.skip("PAGES NOT LOOKED AT: no browser on PATH; install chromium")
    answers = iter([stage.cloudwatch.get_dashboard(DashboardName=STACK)])
    stage.cloudwatch.get_dashboard = lambda **_: next(answers, None) or raise_expired()  # type: ignore[method-assign]
    refused(run("--png page.png"), 1, "the AWS credentials have expired")
    assert not (tmp_path / "page.png").exists()


def test_the_guide_names_every_option_and_no_other() -> None:
    """docs/dashboard.md, of which the README shows one line."""
    guide = (PROJECT / "docs" / "dashboard.md").read_text()
    command = typer.main.get_command(app).commands["dashboard"]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", guide))
    assert named <= known
    assert known - named <= {"--schema", "--open"}


def raise_expired() -> Any:
    raise refused_by_aws("ExpiredToken", "GetDashboard")


def test_it_says_where_it_serves_and_ends_with_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is the one line on stdout; the browser is opened unless told not to; Ctrl-C ends it."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    answers: list[Any] = []

    def press() -> None:
        (url,) = opened
        data = urljoin(url, "data?since=1h")
        with urllib.request.urlopen(data, timeout=10) as answer:  # noqa: S310  # our own loopback server
            answers.append(json.load(answer))
        raise KeyboardInterrupt

    monkeypatch.setattr(dashboard, "until_stopped", press)
    ended = run("--since 3h")
    assert ended.exit_code == 130
    assert ended.out.splitlines() == opened
    assert opened[0].startswith("http://127.0.0.1:")
    assert opened[0].endswith("?since=3h")
    assert answers[0]["stack"] == STACK


def test_a_stage_that_is_gone_is_a_line_on_the_page(
    stage: DashboardStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when it is back, it is read again."""
    told = dashboard.feed("dev", None, dashboard.read("dev", None), 0.0)
    monkeypatch.setattr("cli.dashboard.resolve_stage", lambda *_: gone())
    assert not hasattr(told.read(3600), "line")
    stage.cloudwatch.error = refused_by_aws("ExpiredToken", "GetDashboard")
    expired = told.read(3600)
    assert isinstance(expired, Refusal)
    assert expired.line.startswith("the AWS credentials have expired: sign in")
    assert told.read(3600) == Refusal("stage dev is not up")
    stage.cloudwatch.error = None
    monkeypatch.setattr("cli.dashboard.resolve_stage", lambda *_: stage)
    assert not hasattr(told.read(3600), "line")


def gone() -> Any:
    raise CommandError("stage dev is not up")
