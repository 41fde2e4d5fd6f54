"""`churn loadtest` on the embedded AWS: a gate can be met, and a throttled function fails one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from contract.schema import load_schema
from infra.local.client_settings import client_arguments
from infra.local.stage import LocalStage
from loadtest.json_service import JsonService
from loadtest.table_query import TableQuery
from producer.synthetic import customers
from scorer.aws.credentials import Keys
from scorer.read import ScoreReader, prediction_table
from tests.commands import Shell
from training.data import splits
from training.data.dataset import table_from_rows
from training.export import parity
from training.registry.registry import Registry
from training.workflow import train

pytestmark = pytest.mark.emulator

ALIAS = "live"
LOAD = "loadtest --rate 100 --readers-rate 5 --tops-rate 0 --customers 50 --json"


@pytest.fixture(scope="module")
def shell(local_aws: LocalStage, local_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The session's stage, which serves a model of telco."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "REPEATS", 1)
        patch.setattr(parity, "FUZZ_ROWS", 1_000)
        schema = load_schema("telco")
        table = table_from_rows(customers("telco", 600, 3), schema, "synthetic")
        model = train(table, schema, candidates=("logistic_bins",))
    registry = Registry(client(local_aws, "s3"), local_aws.bucket, "telco")
    registry.publish(model)
    registry.promote(model.manifest.version, by="tests", reason="load")
    return Shell(tmp_path_factory.mktemp("load"), local_directory)


def client(stage: LocalStage, service: str) -> Any:
    return boto3.client(service, **stage.client_arguments())  # type: ignore[call-overload]


@contextmanager
def throttled(stage: LocalStage) -> Iterator[None]:
    """The function's concurrency is 0, so that every invocation is throttled.

    The emulator throttles the function but not its versions, so the alias that the stream is read through
    leaves its version for as long.
    """
    functions = client(stage, "lambda")
    live = {"FunctionName": stage.function, "Name": ALIAS}
    version = functions.get_alias(**live)["FunctionVersion"]
    functions.put_function_concurrency(FunctionName=stage.function, ReservedConcurrentExecutions=0)
    functions.update_alias(**live, FunctionVersion="$LATEST")
    try:
        yield
    finally:
        functions.update_alias(**live, FunctionVersion=version)
        functions.delete_function_concurrency(FunctionName=stage.function)


def test_a_throttled_function_fails_the_gate_and_an_open_one_meets_it(
    shell: Shell, local_aws: LocalStage
) -> None:
    """Nothing is scored while the function is throttled: exit 3, all missing. Then all is accounted for: 0.

    The second run's gates are met though the first one's events are scored meanwhile.
    """
    with throttled(local_aws):
        missed = shell.run(f"{LOAD} --run-time 2s --warm-up 0 --probes-rate 0 --patience 2")
    assert missed.returncode == 3, missed.stderr
    found = json.loads(missed.stdout)
    assert found["account"]["missing"] == found["account"]["published"] >= 20
    assert [gate["gate"] for gate in found["gates"] if not gate["met"]] == ["missing"]
    assert not found["met"]

    gates = "--min-events-per-second 5 --max-p99-ms 30000 --max-refused 0 --max-iterator-age-ms 300000"
    met = shell.run(f"{LOAD} --run-time 3s --warm-up 1 --probes-rate 2 --workers 1 --patience 40 {gates}")
    assert met.returncode == 0, met.stderr
    found = json.loads(met.stdout)
    account = found["account"]
    assert account["published"] == account["written"] + account["collapsed"] >= 20
    assert found["requests"]["put to readable"]["count"] >= 1
    assert found["requests"]["publish"]["mean_size"] == pytest.approx(
        8.0
    )  # 33 events a second, for a quarter
    assert found["generator"]["processes"] == 1
    folder = shell.directory / found["folder"]
    for name in ("report.html", "locust_stats.csv", "locust_stats_history.csv", "summary.json"):
        assert (folder / name).stat().st_size > 0
    assert json.loads((folder / "summary.json").read_text()) == found
    latest_is_what_readers_are_told(local_aws, folder)


def latest_is_what_readers_are_told(stage: LocalStage, folder: Path) -> None:
    """The load test's own Query and the command line's reader find the same newest score."""
    arguments = client_arguments(stage.endpoint_url)
    keys = Keys(arguments["aws_access_key_id"], arguments["aws_secret_access_key"], None)
    lean = JsonService(
        "dynamodb", url=stage.endpoint_url, region=stage.region, credentials=lambda: keys, connections=1
    )
    reader = ScoreReader(prediction_table(stage.table, **arguments))
    names = json.loads((folder / "generator-0.customers.json").read_text())
    found = [(TableQuery(lean, stage.table).latest_key(name), reader.latest(name)) for name in names[:5]]
    for key, prediction in found:
        assert prediction
        assert key == prediction.event_key
