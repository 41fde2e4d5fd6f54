"""A short soak in every test run: random faults, one seed, and what the long one prints and writes."""

from __future__ import annotations

import json
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from infra.local.stage import LocalStage
from tests.faults import soak
from tests.faults.plan import Rates
from tests.faults.soak import Round, line_of, run_round, summary, table

pytestmark = pytest.mark.emulator

# Denser than in the long one, with less that has to be waited for.
DENSE = Rates(write=0.4, late=0.0, kill=0.02, object=0.3, object_late=0.0, stubborn=0.0, delivery=0.2)


def test_a_short_round_under_dense_faults_is_clean(local_aws: LocalStage, task_root: Path) -> None:
    """800 events of all kinds: all accounted for by their bytes, their scores and the function's metrics."""
    done = run_round(local_aws, task_root, seed=5, number=0, events=800, batch_size=40, rates=DENSE)
    assert done.verdict.is_clean, str(done.verdict)
    assert done.events >= 800
    assert len(done.faults) > 10
    assert done.replayed
    assert sum(done.verdict.ends.values()) == done.events


@pytest.mark.parametrize(("missing", "code"), [([], 0), (["shard:1 valid c key"], 1)])
def test_a_soak_that_lost_something_fails_and_says_how_to_see_it_again(
    missing: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 1, and the line that runs the round again; the document is written either way."""
    found = Round(4, events=10)
    found.verdict.missing = missing
    monkeypatch.setattr(soak, "soak", lambda *_, **__: [found])
    monkeypatch.setattr(soak, "local_stage", lambda *_, **__: nullcontext())
    monkeypatch.setattr("infra.local.companions_process.stop", lambda _: None)
    monkeypatch.setattr(soak, "BUILD", tmp_path)
    with zipfile.ZipFile(tmp_path / "code.zip", "w"):
        pass
    assert soak.main(["--artifact", str(tmp_path / "code.zip"), "--seed", "9", "--events", "10"]) == code
    assert json.loads((tmp_path / "soak.json").read_text())["missing"] == len(missing)
    assert ("make soak SEED=9 ROUND=4 EVENTS=10" in capsys.readouterr().err) == bool(missing)


def test_what_is_missing_or_wrong_is_summed_up() -> None:
    """The line, the table and the document say how many, of which round, and give examples."""
    bad = Round(3, events=10)
    bad.verdict.missing = ["shard:1 valid c key"]
    bad.verdict.wrong = ["c: latest is x, not y"]
    bad.faults["throttled"] = 2
    document = summary([Round(2, events=10), bad], seed=9, seconds=1.0)
    assert (document["events"], document["missing"], document["wrong"]) == (20, 1, 1)
    assert document["rounds"][1]["examples"] == ["shard:1 valid c key", "c: latest is x, not y"]
    assert "1 missing  1 wrong" in line_of(bad)
    assert "throttled" in table(document)
