"""Telling an MLflow server, or a folder of runs, about a training."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import MutableMapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.errors import TrackingError
from training.result import TrainedModel
from training.tracking.quiet import quiet
from training.tracking.runs import Run, candidate_runs, training_run
from training.wording import printable

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT_SETTING = "MLFLOW_EXPERIMENT_NAME"  # MLflow's own
PATIENCE_SECONDS = 300.0  # for a whole training, on a server that answers slowly
MODEL_FOLDER = "model"
CAUSE_SHOWN = 200  # characters


def ensure_installed() -> None:
    """Raise TrackingError where the `mlflow` extra is missing; nothing of MLflow is imported."""
    if find_spec("mlflow") is None:
        raise TrackingError(
            "MLFLOW_TRACKING_URI is set, but MLflow is not installed: pip install 'churn-stream[mlflow]',"
            " or unset it"
        )


def track(
    trained: TrainedModel,
    report: bytes | None,
    *,
    tracking_uri: str,
    settings: MutableMapping[str, str],
    by: str = "",
) -> str:
    """Log a training to MLflow: a run for all of it, and nested in it one for every candidate and baseline.

    Every graph that passed the parity gate is logged byte for byte, as MLflow's ONNX flavour under `model`.
    The experiment is `churn-<schema>`, or what MLFLOW_EXPERIMENT_NAME says in `settings`, the variables of
    this process, from which MLflow takes credentials and limits. `by` is the user shown. Gives the address
    of the training's run.

    Nothing is contacted but `tracking_uri` and the artifact store that its server names. Raises
    TrackingError in one line where MLflow is missing or the runs cannot be logged; a server that does not
    answer is given up within a minute. Runs begun by then end as FAILED where that can still be said.
    """
    ensure_installed()
    whole, parts = training_run(trained, report), candidate_runs(trained)
    experiment = settings.get(EXPERIMENT_SETTING) or f"churn-{trained.schema.name}"
    with quiet(settings):
        try:
            tracker = _Tracker(tracking_uri, experiment, {"mlflow.user": by} if by else {})
            return _without_password(tracker.log(whole, parts))
        except Exception as error:  # stores are plug-ins, whose errors have no common base but Exception
            raise TrackingError(
                f"MLflow at {_without_password(tracking_uri)}: the runs were not logged"
                f" ({_cause(error)}); check MLFLOW_TRACKING_URI and that the server is up"
            ) from error


class _Tracker:
    """One experiment of one tracking store."""

    def __init__(self, uri: str, experiment: str, tags: dict[str, str]) -> None:
        from mlflow import MlflowClient

        self._give_up_at = time.monotonic() + PATIENCE_SECONDS
        self._uri = uri
        self._tags = tags
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = _experiment_id(self._client, experiment)

    def log(self, whole: Run, parts: list[Run]) -> str:
        """All runs, finished; where to look at the one of the whole."""
        begun: list[str] = []
        try:
            begun.append(self._start(whole, {}))
            self._fill(begun[0], whole)
            for part in parts:
                begun.append(self._start(part, {"mlflow.parentRunId": begun[0]}))
                self._fill(begun[-1], part)
                self._client.set_terminated(begun.pop())
            self._client.set_terminated(begun[0])
        except BaseException:
            self._fail(begun)
            raise
        if self._uri.startswith(("http:", "https:")):
            return f"{self._uri.rstrip('/')}/#/experiments/{self._experiment}/runs/{begun[0]}"
        return f"run {begun[0]} in {self._uri}"

    def _start(self, run: Run, tags: dict[str, str]) -> str:
        self._check_time()
        created = self._client.create_run(
            self._experiment, run_name=run.name, tags={**run.tags, **self._tags, **tags}
        )
        run_id: str = created.info.run_id
        return run_id

    def _fill(self, run_id: str, run: Run) -> None:
        """Everything a run holds."""
        self._log_batch(run_id, run)
        self._check_time()
        with tempfile.TemporaryDirectory(prefix="churn-run-") as folder:
            _write(Path(folder), run)
            self._client.log_artifacts(run_id, folder)
        self._check_time()

    def _log_batch(self, run_id: str, run: Run) -> None:
        from mlflow.entities import Metric, Param

        now = time.time_ns() // 1_000_000
        metrics = [Metric(name, value, now, 0) for name, value in run.metrics.items()]
        for name, figures in run.series.items():
            metrics += [Metric(name, figure, now, step) for step, figure in enumerate(figures)]
        params = [Param(name, value) for name, value in run.params.items()]
        self._client.log_batch(run_id, metrics=metrics, params=params)

    def _fail(self, begun: list[str]) -> None:
        # A server that is gone fails here too, and then once is enough.
        with suppress(Exception):
            for run_id in begun:
                self._client.set_terminated(run_id, status="FAILED")

    def _check_time(self) -> None:
        if time.monotonic() > self._give_up_at:
            raise TimeoutError(f"not done after {PATIENCE_SECONDS:.0f} seconds")


def _experiment_id(client: MlflowClient, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException:  # another training made it in this very moment
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def _write(folder: Path, run: Run) -> None:
    for name, content in run.files.items():
        (folder / name).write_bytes(content)
    if run.onnx:
        _write_model(folder / MODEL_FOLDER, run.onnx)


def _write_model(folder: Path, onnx: bytes) -> None:
    """The graph in MLflow's ONNX flavour, which `mlflow.onnx.load_model` and `mlflow.pyfunc` read."""
    import mlflow.onnx
    from onnx import load_from_string

    save: Any = mlflow.onnx.save_model
    save(
        load_from_string(onnx),
        str(folder),
        pip_requirements=[f"{name}=={version(name)}" for name in ("onnx", "onnxruntime")],
        onnx_execution_providers=["CPUExecutionProvider"],
    )
    (folder / "model.onnx").write_bytes(onnx)  # to the byte, so that its sha256 is the registry's


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)


def _cause(error: BaseException) -> str:
    """What a person can act on: `Connection refused` rather than the three errors wrapped around it."""
    told, inner = error, error.__cause__ or error.__context__
    while inner is not None:
        if isinstance(inner, OSError) or type(inner).__module__.startswith("urllib3."):
            told = inner
        inner = inner.__cause__ or inner.__context__
    words = re.sub(r"^\[Errno -?\d+\] ", "", " ".join(str(told).split())) or type(told).__name__
    return printable(_without_password(words), CAUSE_SHOWN)
