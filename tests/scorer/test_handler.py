"""What Lambda sees: the answer, one EMF line whatever happens, and logs without payloads."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from contract.champion import champion_key
from scorer.errors import NoUsableModelError, SettingsError
from scorer.handler import Invocations, build
from scorer.metrics import METRIC_UNITS, REJECTED_METRICS
from scorer.settings import read_settings
from scorer.time_budget import TimeBudget
from tests.scorer.batches import Rig, batch_of, event, sequence
from tests.scorer.fakes import client_error
from tests.scorer.test_settings import VARIABLES

ALWAYS = set(METRIC_UNITS) - {"EndToEndMillis"} - set(REJECTED_METRICS.values())


class Context:
    """The Lambda context, as far as it is used."""

    aws_request_id = "request-1"

    def __init__(self, remaining_millis: int = 60_000) -> None:
        self.remaining_millis = remaining_millis

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_millis


class Stage:
    """Invocations over a rig, with its output kept."""

    def __init__(
        self, rig: Rig, capsys: pytest.CaptureFixture[str], budget: TimeBudget | None = None
    ) -> None:
        self.logged = io.StringIO()
        self._capsys = capsys
        log = Logger(service=f"test-{id(self)}", stream=self.logged)
        self._invocations = Invocations(
            score=rig.score, champion=rig.champion, log=log, service="s", budget=budget or TimeBudget()
        )

    def invoke(self, *payloads: bytes | str, context: Context | None = None) -> Any:
        return self._invocations.handle({"Records": batch_of(*payloads)}, context or Context())

    def metrics(self) -> dict[str, Any]:
        [line] = self._capsys.readouterr().out.splitlines()
        document: dict[str, Any] = json.loads(line)
        assert_adds_up(document)
        return document


def assert_adds_up(document: dict[str, Any]) -> None:
    ends = ("EventsWritten", "EventsCollapsed", "EventsRejected", "EventsRetried")
    assert document["EventsReceived"][0] == sum(document[name][0] for name in ends)


def test_a_batch_without_trouble_reports_nothing_and_counts_everything(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An empty list of failures is success to Lambda; the line has every metric."""
    rig = Rig()
    stage = Stage(rig, capsys)
    assert stage.invoke(event("a"), event("a"), b"{", event("b")) == {"batchItemFailures": []}
    metrics = stage.metrics()
    assert set(metrics) >= ALWAYS
    found = {name: metrics[name] for name in METRIC_UNITS if name.startswith("Events")}
    assert found == {
        "EventsReceived": [4.0],
        "EventsWritten": [2.0],
        "EventsCollapsed": [1.0],
        "EventsRejected": [1.0],
        "EventsRetried": [0.0],
    }
    assert (metrics["ModelLoads"], metrics["ModelLoadFailures"]) == ([1.0], [0.0])
    assert len(metrics["EndToEndMillis"]) == 2
    reasons = {name: metrics[name] for name in REJECTED_METRICS.values() if name in metrics}
    assert reasons == {"RejectedBadJson": [1.0]}
    [mean] = {item["probability"]["N"] for item in rig.dynamo.items.values()}
    assert metrics["ProbabilitySum"][0] / metrics["EventsWritten"][0] == pytest.approx(float(mean), abs=1e-6)


def test_what_may_heal_is_reported_in_lambdas_format(capsys: pytest.CaptureFixture[str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html"""
    stage = Stage(Rig(answer=lambda _: client_error("ThrottlingException")), capsys)
    assert stage.invoke(b"{", event("a")) == {"batchItemFailures": [{"itemIdentifier": sequence(1)}]}
    assert stage.metrics()["EventsRetried"] == [1.0]


def test_writing_ends_before_the_invocation_does(capsys: pytest.CaptureFixture[str]) -> None:
    """With the time for writing used up nothing is sent: the batch is reported, not cut off half way."""
    rig = Rig()
    rig.now = 5.0
    budget = TimeBudget(monotonic=lambda: rig.now - 5)
    stage = Stage(rig, capsys, budget)
    answer = stage.invoke(event("a"), context=Context(remaining_millis=5_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence(0)}]}
    assert rig.dynamo.request_sizes == []
    assert stage.metrics()["EventsRetried"] == [1.0]


def test_a_timeout_that_leaves_no_time_at_all_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing could ever be written; the line names the parameter, and the records stay in the stream."""
    rig = Rig()
    stage = Stage(rig, capsys)
    with pytest.raises(SettingsError, match=r"timeoutSeconds: 0\.9 s left"):
        stage.invoke(event("a"), context=Context(remaining_millis=900))
    assert rig.dynamo.request_sizes == []
    assert stage.metrics()["EventsRetried"] == [1.0]


def test_an_invocation_that_raises_still_prints_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """All records count as retried, and a missing model as a failed load."""
    rig = Rig()
    del rig.s3.objects[champion_key("tiny")]
    stage = Stage(rig, capsys)
    with pytest.raises(NoUsableModelError):
        stage.invoke(event("a"), b"{")
    metrics = stage.metrics()
    assert (metrics["EventsReceived"], metrics["EventsRetried"]) == ([2.0], [2.0])
    assert (metrics["ModelLoads"], metrics["ModelLoadFailures"]) == ([0.0], [1.0])
    assert "ModelAgeSeconds" not in metrics


def test_an_unforeseen_failure_raises_and_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """The event source bisects; the model that was loaded on the way is still counted."""
    stage = Stage(Rig(answer=lambda _: client_error("AccessDeniedException")), capsys)
    with pytest.raises(Exception, match="AccessDenied"):
        stage.invoke(event("a"))
    metrics = stage.metrics()
    assert (metrics["EventsRetried"], metrics["ModelLoads"]) == ([1.0], [1.0])


def test_an_empty_batch_prints_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An invocation that prints nothing would be invisible."""
    stage = Stage(Rig(), capsys)
    assert stage.invoke() == {"batchItemFailures": []}
    assert set(stage.metrics()) >= ALWAYS


def test_logs_carry_no_customer_and_no_payload(capsys: pytest.CaptureFixture[str]) -> None:
    """A rejection is logged by kind only, whatever the event held."""
    rig = Rig(answer=lambda _: client_error("ThrottlingException"))
    rig.s3.failing.add("rejected/")
    stage = Stage(rig, capsys)
    stage.invoke(b'{"secret', event("secret-customer", tenure="secret"), event("secret-customer"))
    rig.s3.failing.clear()
    stage.invoke(b'{"secret', event("secret-customer", tenure="secret"), event("secret-customer"))
    text = stage.logged.getvalue()
    assert "SlowDown" in text
    assert "wrong_type" in text
    assert "secret" not in text + capsys.readouterr().out


def test_building_for_a_deployment_makes_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wiring needs settings, a region and nothing else; a wrong address shows only when it is used."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert isinstance(build(read_settings(VARIABLES)), Invocations)


def test_importing_the_handler_stays_lean() -> None:
    """Cold start: no AWS client or signer, no tracing SDK, no pandas; settings are not read at import."""
    heavy = {"aws_xray_sdk", "boto3", "botocore.auth", "botocore.exceptions", "botocore.session", "onnx"}
    heavy |= {"pandas", "pynamodb", "sklearn"}
    code = f"import sys, scorer.handler; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
