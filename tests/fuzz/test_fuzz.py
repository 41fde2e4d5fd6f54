"""The short version of `make fuzz`, and that it would find something."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from contract.rejection import Rejection
from tests.fuzz.__main__ import main, replay
from tests.fuzz.cases import DECODE, HANDLE, Case, make_case, read_case, run_cases


def test_mutated_events_decode_as_a_second_opinion_says() -> None:
    """15,000 events gone wrong: nothing raises, every kind of rejection is met, and plenty is accepted."""
    report = run_cases(DECODE, 0, range(15_000))
    assert not report.findings
    # How long scores are kept is for the function to know, and none of the decoder's business.
    assert set(report.counts) >= {*Rejection, "accepted"} - {Rejection.EXPIRED}
    assert report.counts["accepted"] > report.events / 4


def test_mutated_batches_end_as_they_should() -> None:
    """150 batches: each record is written, collapsed or rejected with its bytes, also after a throttle."""
    report = run_cases(HANDLE, 0, range(150))
    assert not report.findings
    assert set(report.counts) == {"written", "collapsed", "rejected"}
    assert report.counts["written"] > report.events / 20


@pytest.mark.parametrize("target", [DECODE, HANDLE])
def test_a_case_is_known_by_its_number(target: str) -> None:
    """The same seed and number give the same bytes, others give others, and a file keeps them exactly."""
    cases = [make_case(target, seed, number) for seed in (0, 1) for number in range(50)]
    assert cases == [make_case(target, seed, number) for seed in (0, 1) for number in range(50)]
    assert len({tuple(case.texts) for case in cases}) > 80
    assert [read_case(case.document()) for case in cases] == cases


def test_a_failing_batch_is_made_as_small_as_it_can_be() -> None:
    """Of a batch that fails for one record, that record alone is kept."""
    culprit = make_case(HANDLE, 0, 2).texts[7]

    def check(case: Case) -> Counter[str]:
        if culprit in case.texts:
            raise ValueError("found")
        return Counter(fine=len(case.texts))

    report = run_cases(HANDLE, 0, range(4), check)
    assert [(case.texts, why) for case, why in report.findings] == [([culprit], "case 2: ValueError: found")]
    assert report.counts.keys() == {"fine"}


def test_a_kept_case_runs_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--replay FILE` says what came of it."""
    file = tmp_path / "case.json"
    file.write_text(Case(HANDLE, ["e30=", "\ud800"]).document())
    assert replay(file) == 0
    assert "rejected 2" in " ".join(capsys.readouterr().out.split())


def test_the_command_reports_every_target(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` is one document with the events and failures of both targets."""
    assert main(["--events", "300", "--jobs", "1", "--seed", "7", "--guided-runs", "0", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["seed"] == 7
    assert [(t["target"], t["failures"], t["events"] >= 300) for t in document["targets"]] == [
        (DECODE, 0, True),
        (HANDLE, 0, True),
    ]
