"""A whole comparison, of ours and one peer, on the embedded AWS: that it works, not what it measures."""

from __future__ import annotations

import sys
from pathlib import Path

import boto3
import psutil
import pytest

from cli.comparison import ground_of
from infra.local.stage import LocalStage
from loadtest.bench.agreement import DifferentScoresError
from loadtest.compare.contest import compare, expected_scores, make_payloads
from loadtest.compare.effort import Effort
from loadtest.compare.errors import ComparisonError
from loadtest.compare.functions import JsonLambda
from loadtest.compare.ground import Ground
from loadtest.compare.match import Match
from training.result import TrainedModel

pytestmark = pytest.mark.emulator

EFFORT = Effort(training_rows=0, events=100, starts=1, agreement=20, probes=5, crash_events=40, crash_rate=40)


@pytest.fixture
def ground(local_aws: LocalStage, tmp_path: Path) -> Ground:
    return ground_of(local_aws, Path(sys.executable), tmp_path / "contestants")


def test_ours_and_a_lambda_are_compared(
    ground: Ground, telco_model: TrainedModel, local_aws: LocalStage
) -> None:
    """Every figure is there; a crash costs us nothing; and nothing of the peer is left behind.

    An engine that is not installed is said, and the others go on.
    """
    said: list[str] = []
    ours, peer = compare(ground, telco_model, EFFORT, ["bytewax", "lambda", "ours"], said.append)
    assert [line for line in said if line.startswith("bytewax is left out: no bytewax here")]
    assert (ours.name, peer.name) == ("ours", "lambda")
    for each in (ours, peer):
        assert min(each.events_per_second, each.emulator_cpu, each.client_cpu) > 0
        assert 0 < each.readable_p50 <= each.readable_p99
        assert min(each.cold_start, each.peak_memory, each.lines) > 0
        assert (each.events, each.crash_sent) == (100, 40)
    assert 0 <= ours.cpu < peer.cpu  # so few events may take us less than the clock's tick
    assert ours.crash_missing == 0
    assert ours.answer_p50 is None
    assert peer.answer_p50
    assert f"lambda: {EFFORT.probes} single events" in said
    arguments = local_aws.client_arguments()
    functions = boto3.client("lambda", **arguments).list_functions()["Functions"]
    assert not [each for each in functions if each["FunctionName"].startswith("json-")]
    assert (
        f"{local_aws.table}-lambda" not in boto3.client("dynamodb", **arguments).list_tables()["TableNames"]
    )
    companions = psutil.Process(local_aws.pids["companions"])
    assert companions.status() != psutil.STATUS_STOPPED


def test_nothing_that_can_run_is_no_result(ground: Ground, telco_model: TrainedModel) -> None:
    """An empty table would look like one."""
    with pytest.raises(ComparisonError, match="none of bytewax can run here"):
        compare(ground, telco_model, EFFORT, ["bytewax"], lambda _: None)


def test_other_scores_are_not_reported(ground: Ground, telco_model: TrainedModel) -> None:
    """A contestant that does another job has no figures."""
    payloads = make_payloads(EFFORT.total)
    wrong = dict.fromkeys(expected_scores(telco_model, payloads), "0.5")
    match = Match(ground, EFFORT, payloads, wrong, lambda _: None)
    with pytest.raises(DifferentScoresError, match="lambda: probabilities differ"):
        match.play(JsonLambda(ground, telco_model))
