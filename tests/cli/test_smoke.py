"""`churn smoke` as people type it; tests/e2e runs it on deployed stacks."""

from __future__ import annotations

import json

import pytest

from cli import smoke as command
from cli.main import main
from loadtest.smoke import Report

HEALTHY = Report(
    model_version="20261120T000000000Z-aaaaaaaa",
    published=7,
    put_to_readable_seconds=[0.7, 0.2, 0.21],
    counted={"EventsReceived": 7.0, "EventsWritten": 6.0, "EventsRejected": 1.0},
)
ILL = Report(
    published=1, failures=["customer a: no score within 30 s", "metric X"], left=["scores of a: denied"]
)


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """What the next smoke test finds; no stage is asked."""
    reports: list[Report] = []
    monkeypatch.setattr(command, "resolve_stage", lambda *_: None)
    monkeypatch.setattr(command, "run", lambda *_: reports.pop())
    return reports


def run(monkeypatch: pytest.MonkeyPatch, words: str) -> int:
    monkeypatch.setattr("sys.argv", ["churn", "smoke", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_living_stage_is_said_to_be_so(
    reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0; for people in a few lines, for programs in one document."""
    reports += [HEALTHY, HEALTHY]
    assert run(monkeypatch, "--stage dev") == 0
    printed = capsys.readouterr()
    assert "Stage dev is alive" in printed.out
    assert "0.20 s to 0.70 s" in printed.out
    assert run(monkeypatch, "--stage dev --json") == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["passed"], document["published"], document["failures"]) == (True, 7, [])
    assert printed.err == ""


def test_each_failure_is_a_line_and_the_exit_code_is_1(
    reports: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what could not be taken away again; the document has the same lines."""
    reports += [ILL, ILL]
    assert run(monkeypatch, "--stage prod") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "left behind, until it expires: scores of a: denied",
        "FAILED customer a: no score within 30 s",
        "FAILED metric X",
        "churn: smoke test of stage prod: 2 of its checks failed",
    ]
    assert run(monkeypatch, "--stage prod --json") == 1
    assert json.loads(capsys.readouterr().out)["failures"] == ILL.failures
