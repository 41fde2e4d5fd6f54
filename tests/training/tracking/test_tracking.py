"""What MLflow is told of a training, and what happens when there is no MLflow."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest

from contract.manifest import decode_manifest
from training.errors import TrackingError
from training.models.encoding import to_frame
from training.result import TrainedModel
from training.tracking import track as tracking
from training.tracking.quiet import ALWAYS, UNLESS_SET
from training.tracking.runs import candidate_runs, training_run
from training.tracking.track import ensure_installed, track

ROOT = Path(__file__).resolve().parents[3]
REPORT = b"<!doctype html><title>report</title>"
HURRY = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """This process's variables, without any that a developer may have set for MLflow."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    return os.environ


@pytest.fixture(scope="module")
def logged(several: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client of the folder of runs that one training was logged to."""
    uri = (tmp_path_factory.mktemp("mlflow") / "runs").as_uri()
    track(several, REPORT, tracking_uri=uri, settings=os.environ, by="dana")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ALWAYS.items():
            patch.setenv(name, value)
        from mlflow import MlflowClient

        yield MlflowClient(tracking_uri=uri)


def runs_of(client: Any, schema: str = "churn-shop") -> tuple[Any, dict[str, Any]]:
    """The run of the training, and those of its candidates by name."""
    experiment = client.get_experiment_by_name(schema)
    runs = client.search_runs([experiment.experiment_id])
    (whole,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return whole, {run.info.run_name: run for run in runs if run is not whole}


def test_every_candidate_and_baseline_is_a_run_of_the_training(logged: Any, several: TrainedModel) -> None:
    """The candidates' runs are nested in one, all are finished, and the chosen one can be searched for."""
    whole, parts = runs_of(logged)
    assert whole.info.run_name == several.manifest.version
    assert set(parts) == {each.name for each in several.manifest.candidates}
    assert {run.data.tags["mlflow.parentRunId"] for run in parts.values()} == {whole.info.run_id}
    assert {run.info.status for run in [whole, *parts.values()]} == {"FINISHED"}
    assert {run.data.tags["mlflow.user"] for run in [whole, *parts.values()]} == {"dana"}
    chosen = [name for name, run in parts.items() if run.data.tags["churn.chosen"] == "true"]
    assert chosen == [several.manifest.chosen] == [whole.data.tags["churn.chosen"]]
    assert parts["majority"].data.tags["churn.baseline"] == "true"
    assert parts["majority"].data.tags["churn.not_eligible_because"]


def test_params_say_what_was_tried_on_which_rows(logged: Any, several: TrainedModel) -> None:
    """Settings, seed, validation and the fingerprint of the rows; a vote's settings are flat."""
    _, parts = runs_of(logged)
    manifest = several.manifest
    for row in manifest.candidates:
        params = parts[row.name].data.params
        assert params["candidate"] == row.name
        assert params["seed"] == str(manifest.seed)
        assert params["validation"] == manifest.validation
        assert params["data.sha256"] == manifest.training_data.sha256
        assert params["data.rows"] == str(manifest.training_data.rows)
        plain = {k: v for k, v in row.params.items() if isinstance(v, int | float)}
        assert {k: json.loads(params[f"settings.{k}"]) for k in plain} == plain
    vote = parts["vote"].data.params
    assert vote["settings.tree"] == "decision_tree"
    assert any(name.startswith("settings.tree_params.") for name in vote)


def test_metrics_are_those_of_the_manifest_and_of_every_fold(logged: Any, several: TrainedModel) -> None:
    """Mean and spread as single figures, folds as steps, so that MLflow draws them."""
    _, parts = runs_of(logged)
    for row, evaluation in zip(several.manifest.candidates, several.evaluations, strict=True):
        run = parts[row.name]
        assert run.data.metrics["roc_auc"] == row.roc_auc.mean
        assert run.data.metrics["roc_auc_std"] == row.roc_auc.std
        assert row.ece is not None
        assert run.data.metrics["ece"] == row.ece.mean
        steps = logged.get_metric_history(run.info.run_id, "pr_auc_fold")
        assert [m.value for m in sorted(steps, key=lambda m: m.step)] == evaluation.folds["pr_auc"]
        if row.t is not None:
            assert run.data.metrics["t_to_chosen"] == row.t


def test_the_training_carries_manifest_and_report(logged: Any, several: TrainedModel, tmp_path: Path) -> None:
    """They are the registry's own files."""
    whole, _ = runs_of(logged)
    folder = Path(logged.download_artifacts(whole.info.run_id, "", str(tmp_path)))
    assert decode_manifest((folder / "manifest.json").read_bytes()) == several.manifest
    assert (folder / "report.html").read_bytes() == REPORT
    assert whole.data.metrics["roc_auc"] == several.manifest.metrics["roc_auc"].mean


def test_a_training_without_a_report_is_logged_too(several: TrainedModel) -> None:
    """Only the manifest is kept then."""
    assert set(training_run(several, None).files) == {"manifest.json"}


def test_every_proved_graph_is_logged_to_the_byte(logged: Any, several: TrainedModel, tmp_path: Path) -> None:
    """What passed the gate has a model, baselines have none; the chosen one's sha256 is the manifest's."""
    _, parts = runs_of(logged)
    for name, run in parts.items():
        paths = {each.path for each in logged.list_artifacts(run.info.run_id)}
        assert ("model" in paths) == (name in several.graphs), name
    run_id = parts[several.manifest.chosen].info.run_id
    file = Path(logged.download_artifacts(run_id, "model/model.onnx", str(tmp_path)))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == several.manifest.onnx_sha256


def test_mlflow_can_score_with_a_logged_graph(logged: Any, several: TrainedModel, tmp_path: Path) -> None:
    """It is a model of MLflow's ONNX flavour, which takes the graph's inputs by name."""
    import mlflow.pyfunc

    _, parts = runs_of(logged)
    run_id = parts[several.manifest.chosen].info.run_id
    model = mlflow.pyfunc.load_model(logged.download_artifacts(run_id, "model", str(tmp_path)))
    inputs = {name: column[:5] for name, column in several.table.inputs.items()}
    scored = model.predict(inputs)["probability"][:, 0]
    np.testing.assert_allclose(scored, several.pipeline.predict_proba(to_frame(inputs))[:, 1], atol=1e-6)


def test_out_of_fold_probabilities_name_nobody(several: TrainedModel) -> None:
    """Fold, label and probability, sorted within the fold: neither ids, nor the order of the table."""
    (run,) = [run for run in candidate_runs(several) if run.name == several.manifest.chosen]
    header, *lines = run.files["out_of_fold.csv"].decode().splitlines()
    assert header == "fold,label,probability"
    cells = [line.split(",") for line in lines]
    assert len(cells) == sum(len(labels) for labels in several.evaluation.labels)
    keys = [(int(fold), float(probability)) for fold, _, probability in cells]
    assert keys == sorted(keys)
    everything = b"".join(content for each in candidate_runs(several) for content in each.files.values())
    assert not any(customer.encode() in everything for customer in several.table.ids)


def test_the_experiment_can_be_named(several: TrainedModel, tmp_path: Path) -> None:
    """MLflow's own variable names it; without it, it is named after the schema."""
    uri = tmp_path.as_uri()
    settings = os.environ | {"MLFLOW_EXPERIMENT_NAME": "retention"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        track(several, None, tracking_uri=uri, settings=settings)
        from mlflow import MlflowClient

        assert MlflowClient(tracking_uri=uri).get_experiment_by_name("retention")


def test_stdout_and_settings_stay_as_they_were(
    several: TrainedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """`churn train --json` prints one document, and what the user set for MLflow is neither lost nor kept."""
    before = dict(os.environ)
    track(several, REPORT, tracking_uri=tmp_path.as_uri(), settings=os.environ)
    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == before


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch, several: TrainedModel) -> None:
    """It says what to install."""
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    with pytest.raises(TrackingError, match=r"pip install 'churn-stream\[mlflow\]'"):
        ensure_installed()
    with pytest.raises(TrackingError, match="not installed"):
        track(several, None, tracking_uri="http://127.0.0.1:9", settings=os.environ)


class _Server(BaseHTTPRequestHandler):
    """A tracking server that does as its class attributes say, and remembers what it was asked."""

    answer: tuple[int, str] = (200, "{}")
    headers_sent: dict[str, str] = {}  # noqa: RUF012 - set anew per test
    hang: Event | None = None
    asked: list[tuple[str, Any]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        self.asked.append((self.path.partition("?")[0], json.loads(body) if body else None))
        if self.hang is not None:
            self.hang.wait(30)
            return
        status, text = self.reply_to(self.path.partition("?")[0])
        self.send_response(status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def reply_to(self, path: str) -> tuple[int, str]:
        return self.answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Takes(_Server):
    """Takes every run; artifacts go to a folder."""

    folder = ""

    def reply_to(self, path: str) -> tuple[int, str]:
        if path.endswith("experiments/get-by-name"):
            return 404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such"})
        if path.endswith("experiments/create"):
            return 200, json.dumps({"experiment_id": "7"})
        number = sum(asked.endswith("runs/create") for asked, _ in self.asked)
        info = {"run_id": f"r{number}", "experiment_id": "7", "artifact_uri": f"{self.folder}/r{number}"}
        return 200, json.dumps({"run": {"info": info, "data": {}}, "run_info": info})


class _DiesHalfway(_Takes):
    """Begins runs and ends them, and takes nothing in between."""

    def reply_to(self, path: str) -> tuple[int, str]:
        if path.endswith("runs/log-batch"):
            return 400, json.dumps({"error_code": "INVALID_STATE", "message": "the disk\nis full"})
        return super().reply_to(path)


def serve(handler: type[_Server]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def refused(several: TrainedModel, uri: str, **settings: str) -> str:
    """The one line that says why nothing was logged."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        started = time.monotonic()
        with pytest.raises(TrackingError) as caught:
            track(several, REPORT, tracking_uri=uri, settings=os.environ)
    assert time.monotonic() - started < 20
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    return line


def test_a_server_that_is_down_is_one_line_without_the_password(
    several: TrainedModel, caplog: pytest.LogCaptureFixture
) -> None:
    """The address is named, but not what is secret in it; and no library logs its own view of it."""
    line = refused(several, "http://dana:secret@127.0.0.1:9")
    assert line.startswith("MLflow at http://127.0.0.1:9: the runs were not logged (")
    assert "secret" not in line
    assert not caplog.records


@pytest.mark.parametrize("uri", ["nonsense://somewhere", "http://", "file:///proc/no/such/folder"])
def test_an_address_that_cannot_be_is_one_line(several: TrainedModel, uri: str) -> None:
    """A mistyped address must not cost a training."""
    assert uri in refused(several, uri)


def test_a_server_that_never_answers_is_given_up(several: TrainedModel) -> None:
    """After the time that the user allows, or ten seconds and one more try."""
    hang = Event()
    handler = type("Hangs", (_Server,), {"hang": hang, "asked": []})
    for uri in serve(handler):
        assert "timed out" in refused(several, uri, **HURRY).lower()
        hang.set()
    assert int(UNLESS_SET["MLFLOW_HTTP_REQUEST_TIMEOUT"]) == 10


def test_a_server_that_says_to_come_back_in_an_hour_is_not_waited_for(several: TrainedModel) -> None:
    """Retry-After is another's idea of how long a training may take."""
    handler = type(
        "Busy", (_Server,), {"answer": (503, "busy"), "headers_sent": {"Retry-After": "3600"}, "asked": []}
    )
    for uri in serve(handler):
        assert "503" in refused(several, uri)
        assert len(handler.asked) == 2


@pytest.mark.parametrize("answer", [(200, "<html>welcome</html>"), (401, "who are you?"), (404, "what?")])
def test_a_server_that_is_no_mlflow_is_one_line(several: TrainedModel, answer: tuple[int, str]) -> None:
    """Another service answers there, or the login is missing."""
    handler = type("Other", (_Server,), {"answer": answer, "asked": []})
    for uri in serve(handler):
        refused(several, uri)


def test_what_was_begun_ends_as_failed(several: TrainedModel) -> None:
    """A run that looks as if it were still running would mislead for ever."""
    handler = type("Full", (_DiesHalfway,), {"asked": []})
    for uri in serve(handler):
        assert "the disk is full" in refused(several, uri)
        path, body = handler.asked[-1]
        assert path.endswith("runs/update")
        assert body["status"] == "FAILED"


def test_a_slow_server_is_given_up_after_a_while(
    several: TrainedModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every answer may come in time, and all of them together too late."""
    monkeypatch.setattr(tracking, "PATIENCE_SECONDS", -1.0)
    assert "not done after" in refused(several, tmp_path.as_uri())


def test_over_http_the_address_of_the_run_is_given_and_nothing_printed(
    several: TrainedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """MLflow itself would print a line per run, between the parts of a JSON document."""
    handler = type("Takes", (_Takes,), {"asked": [], "folder": tmp_path.as_uri()})
    for uri in serve(handler):
        where = track(several, REPORT, tracking_uri=f"{uri}/", settings=os.environ)
        assert where == f"{uri}/#/experiments/7/runs/r1"
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "r1" / "report.html").read_bytes() == REPORT
    ends = [body for path, body in handler.asked if path.endswith("runs/update")]
    assert [body["run_id"] for body in ends][-1] == "r1", "the training's run ends after its candidates'"
    assert {body["status"] for body in ends} == {"FINISHED"}


LOOK_INSIDE = """
import os, sys
import cli.train, training.tracking.track as tracking
from tests.training.tables import SHOP, shop_table
from training.export import parity
from training.workflow import train

parity.FUZZ_ROWS = 1_000
# With no time left, one setting is tried.
trained = train(shop_table(120), SHOP, candidates=["logistic"], budget_minutes=0, jobs=1)
tracking.ensure_installed()
print("imported", *sorted(name for name in sys.modules if name.partition(".")[0] == "mlflow"))

def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        print("contacted", args[-1] if event == "socket.connect" else args[0])
        raise OSError("the network is not ours")

sys.addaudithook(refuse)
tracking.track(trained, None, tracking_uri=sys.argv[1], settings=os.environ)
print("after", "mlflow" in sys.modules)
"""


def test_nothing_of_mlflow_is_imported_without_tracking_and_nobody_is_contacted_with_it(
    tmp_path: Path,
) -> None:
    """Neither `churn train` nor a whole training touches it; and MLflow's own telemetry stays off."""
    # MLflow keeps its telemetry off under pytest and on CI by itself; here it must because we say so.
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", LOOK_INSIDE, tmp_path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=ROOT,
        env=plain,
    )
    assert done.stdout.split("\n") == ["imported", "after True", ""]
