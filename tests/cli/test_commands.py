"""Commands as people type them, on a deployed local stage: JSON shapes, exit codes, one line per mistake."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.stage import LocalStage
from producer.synthetic import customers
from tests.commands import Shell

pytestmark = pytest.mark.emulator

ONE_LINE = re.compile(r"\Achurn: [^\n]+\n\Z")


def write_csv(path: Path, count: int) -> None:
    rows = list(customers("telco", count, seed=11))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def shell(local_aws: LocalStage, local_directory: Path, tmp_path: Path) -> Shell:
    """A shell whose local stage is the session's."""
    return Shell(tmp_path, local_directory)


@pytest.fixture(scope="module")
def trained(
    local_aws: LocalStage, local_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A model trained and promoted by the command line: what `train --json` printed."""
    shell = Shell(tmp_path_factory.mktemp("train"), local_directory)
    write_csv(shell.directory / "customers.csv", 600)
    command = "train --data customers.csv --promote always --candidates logistic,logistic_bins"
    printed: dict[str, Any] = shell.json(command)
    return printed


def test_train_prints_what_it_promises(trained: dict[str, Any]) -> None:
    """The summary has the fields of DESIGN, the chosen model is one of the candidates, and it serves."""
    promised = {"version", "promoted", "schema", "rows", "candidates", "chosen", "metrics", "threshold"}
    assert promised | {"bands", "parity_max_abs_diff", "onnx_sha256", "seconds"} <= trained.keys()
    assert (trained["promoted"], trained["rows"]) == (True, 600)
    assert trained["parity_max_abs_diff"] <= 1e-6
    assert trained["chosen"] in [candidate["name"] for candidate in trained["candidates"]]
    for metric in ("roc_auc", "pr_auc", "f1", "brier"):
        assert trained["candidates"][0][metric].keys() == {"mean", "std"}


def test_published_events_can_be_read_with_their_reasons(trained: dict[str, Any], shell: Shell) -> None:
    """publish → scores get, history and top, all in the promised shapes."""
    write_csv(shell.directory / "events.csv", 60)
    report = shell.json("publish events.csv")
    assert [report[name] for name in ("read", "published", "refused", "invalid")] == [60, 60, 0, 0]
    assert min(report["seconds"], report["events_per_second"]) > 0

    customer = next(customers("telco", 1, seed=11))["customerID"]
    latest = shell.json_once(f"scores get {customer}")
    assert latest["customer_id"] == customer
    assert 0 <= latest["probability"] <= 1
    assert latest["band"] in ("low", "medium", "high")
    assert [reason.keys() for reason in latest["reasons"]] == [{"feature", "contribution"}] * 3
    assert {"unseen", "model_version", "event_time", "scored_at"} <= latest.keys()
    assert shell.json(f"scores get {customer} --history 5")[0] == latest

    top = shell.json_once("scores top --limit 3")
    assert 1 <= len(top) <= 3
    assert top == sorted(top, key=lambda each: -each["probability"])
    table = shell.run(f"scores get {customer}").stdout
    assert customer in table
    assert latest["reasons"][0]["feature"] in table


def test_invalid_rows_are_never_sent_and_are_explained(trained: dict[str, Any], shell: Shell) -> None:
    """Of a pipe with good and bad lines the good are published; the bad are kept with line and field."""
    row = next(customers("telco", 1, seed=12))
    lines = [row, {**row, "tenure": -1}, {**row, "Contract": None}]
    text = "\n".join(json.dumps(line) for line in lines) + "\nnot json\n"
    report = shell.json("publish - --format jsonl", stdin=text)
    assert [report[name] for name in ("read", "published", "invalid")] == [4, 1, 3]
    rejects = [
        json.loads(line) for line in (shell.directory / report["rejects_file"]).read_text().splitlines()
    ]
    assert [(each["line"], each["field"]) for each in rejects] == [(2, "tenure"), (3, "Contract"), (4, "")]


def test_rejected_events_are_listed_shown_and_replayed(
    trained: dict[str, Any], local_aws: LocalStage, shell: Shell
) -> None:
    """What a foreign producer broke is listed with reason and field; a replay sends the same bytes again."""
    data = b'{"specversion": "1.0"}'
    kinesis = boto3.client("kinesis", **local_aws.client_arguments())
    kinesis.put_record(StreamName=local_aws.stream, PartitionKey="x", Data=data)
    (first,) = shell.json_once("rejected list")
    assert {"event_id", "reason", "field", "received_at", "key"} <= first.keys()
    assert first["field"] == "id"
    assert shell.json(f"rejected show {first['event_id']}")["data"] == data.decode()
    assert shell.json("rejected replay") == {"replayed": 1, "refused": 0}
    (again,) = shell.json_once("rejected list")
    assert again["event_id"] != first["event_id"]


def test_models_are_listed_promoted_and_rolled_back(trained: dict[str, Any], shell: Shell) -> None:
    """A second version can be promoted by hand, and a rollback makes the first serve again."""
    second = shell.json("train --data synthetic:500 --promote never --candidates logistic_bins")
    assert second["promoted"] is False
    listed = shell.json("models list")
    assert [each["version"] for each in listed[:2]] == [second["version"], trained["version"]]
    assert {"version", "created_at", "chosen", "roc_auc", "champion"} <= listed[0].keys()
    assert [each["version"] for each in listed if each["champion"]] == [trained["version"]]
    assert shell.json(f"models promote {second['version']}")["previous"] == trained["version"]
    assert shell.json("models rollback")["version"] == trained["version"]
    assert shell.json(f"models show {second['version']}")["onnx_sha256"] == second["onnx_sha256"]


def test_status_names_everything_another_tool_needs(local_aws: LocalStage, shell: Shell) -> None:
    """`local status --json` has the fields of DESIGN, of the stage that is up."""
    status = shell.json("local status")
    assert status.keys() >= {"stage", "endpoint_url", "region", "stack", "stream", "table", "bucket"}
    assert (status["stage"], status["table"]) == ("local", local_aws.table)


@pytest.mark.parametrize(
    ("command", "exit_code", "says"),
    [
        ("scores get nobody", 1, "no score for customer 'nobody'"),
        ("scores top --stage staging", 2, "choose local, dev, prod"),
        ("publish missing.csv", 1, "missing.csv"),
        ("publish empty.csv", 1, "empty.csv"),
        ("publish no_id.csv", 1, "customerID"),
        ("publish synthetic:many", 1, "synthetic:"),
        ("train --data missing.csv", 1, "missing.csv"),
        ("train --data empty.csv", 1, "empty.csv"),
        ("train --data no_id.csv", 1, "label Churn"),
        ("train --data synthetic:many", 1, "synthetic:ROWS"),
        ("train --data synthetic --schema nope", 1, "built in are music, telco"),
        ("train --data synthetic --schema music", 1, "serves schema telco, not music"),
        ("models promote v0", 1, "v0"),
        ("rejected show nothing", 1, "no rejected event"),
        ("local up --schema music", 1, "churn local down"),
        ("schema infer missing.csv", 1, "missing.csv"),
    ],
)
def test_a_mistake_is_one_clear_line(
    command: str, exit_code: int, says: str, trained: dict[str, Any], shell: Shell
) -> None:
    """Exit code, one line that says what to do next, nothing on stdout, no traceback."""
    (shell.directory / "empty.csv").write_text("")
    (shell.directory / "no_id.csv").write_text("tenure,gender\n1,Male\n")
    done = shell.run(command)
    assert done.returncode == exit_code
    assert ONE_LINE.match(done.stderr), done.stderr
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "command", ["scores get x", "publish synthetic:1", "train --data synthetic", "local status"]
)
def test_a_stage_that_is_not_up_says_how_to_start_it(command: str, tmp_path: Path) -> None:
    """Every command that needs the stage names the command that starts it."""
    done = Shell(tmp_path, tmp_path / "nowhere").run(command)
    assert done.returncode == 1
    assert ONE_LINE.match(done.stderr), done.stderr
    assert "churn local up" in done.stderr


@pytest.mark.parametrize("command", ["nonsense", "scores top --limit 0", "train", "publish x --rat 1"])
def test_wrong_usage_exits_2(command: str, tmp_path: Path) -> None:
    """Unknown commands and options, missing options and values out of range are usage errors."""
    assert Shell(tmp_path, tmp_path).run(command).returncode == 2
