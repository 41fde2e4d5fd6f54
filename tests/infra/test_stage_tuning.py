"""A local stage that was tuned for a load test is not taken for one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import StageError
from infra.local import companions_process, stage
from infra.local.stage import LocalStage
from infra.local.state import read_state, write_state


def a_stage(**parameters: str) -> LocalStage:
    names = ("stack", "stream", "table", "bucket", "function", "mapping_id", "dashboard")
    return LocalStage(
        endpoint_url="http://127.0.0.1:1",
        region="us-east-1",
        schema="telco",
        pids={"ministack": 1},
        parameters=parameters,
        **dict.fromkeys(names, "x"),  # type: ignore[arg-type]
    )


def test_a_stage_remembers_its_parameters(tmp_path: Path) -> None:
    """Also after the command that brought it up has ended; an older state has none."""
    write_state(tmp_path, a_stage(batchSize="2000"))
    found = read_state(tmp_path)
    assert found
    assert found.parameters == {"batchSize": "2000"}


@pytest.mark.parametrize("running", [{}, {"batchSize": "500"}, {"shards": "2"}])
def test_up_with_other_parameters_is_refused(
    running: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names what was asked and what to do; nothing is started anew."""
    monkeypatch.setattr(stage, "status", lambda _: a_stage(**running))
    with pytest.raises(StageError, match=r"up without batchSize=2000: run `churn local down` first"):
        stage.up(tmp_path, parameters={"batchSize": "2000"})


@pytest.mark.parametrize("asked", [None, {}, {"batchSize": "2000"}])
def test_up_with_the_same_or_none_takes_the_stage_as_it_is(
    asked: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for nothing gets what runs."""
    running = a_stage(batchSize="2000", shards="2")
    monkeypatch.setattr(stage, "status", lambda _: running)
    monkeypatch.setattr(companions_process, "start", lambda found, _: found)
    assert stage.up(tmp_path, parameters=asked) is running
