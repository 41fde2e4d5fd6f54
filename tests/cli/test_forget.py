"""`churn scores forget` as a person types it: it asks, it counts, it says what it cannot erase."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from cli.main import main
from cli.stage import Stage
from tests.scorer.batches import event
from tests.scorer.erasure.fake_table import FakeTable
from tests.scorer.erasure.objects import raw, rejected_object
from tests.scorer.erasure.versioned_s3 import VersionedS3

ID = "7590-VHVEG"


class FakeStream:
    """A stream of one day."""

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"RetentionPeriodHours": 24}}


class BackedUpTable(FakeTable):
    """A table with point-in-time recovery."""

    def describe_continuous_backups(self, **_: Any) -> dict[str, Any]:
        recovery = {"PointInTimeRecoveryStatus": "ENABLED"}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}}


@dataclass(frozen=True)
class ForgetStage(Stage):
    """`Stage` with clients in memory."""

    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str, **settings: Any) -> Any:
        return self.clients[service]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> ForgetStage:
    """Two scores of the customer, one rejected event, and one of another who names them."""
    names = dict.fromkeys(("stack", "stream", "table", "bucket", "schema"), "churn-tiny-local")
    table, s3 = BackedUpTable(), VersionedS3()
    table.items = {(ID, "1"), (ID, "2"), ("other", "1")}
    s3.add("rejected/tiny/x.jsonl", rejected_object(raw(event(ID), 0), raw(event("other", charges=ID), 1)))
    clients = {"dynamodb": table, "s3": s3, "kinesis": FakeStream()}
    found = ForgetStage(name="local", **names, clients=clients)
    monkeypatch.setattr("cli.forget.resolve_stage", lambda *_: found)
    return found


class Typed:
    """The command in this process: exit code, stdout and stderr."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, options: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", f"churn scores forget {options}".split())
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(monkeypatch, capsys)


def test_it_counts_what_it_erased_and_says_what_remains(stage: ForgetStage, typed: Typed) -> None:
    """One document; the event of another is named and stays; stream and backups have a time."""
    code, out, _ = typed(f"{ID} --yes --json")
    told = json.loads(out)
    assert code == 0
    assert (told["erased"], told["scores"], told["events"], told["object_versions"]) == (True, 2, 1, 1)
    assert len(told["unsure"]) == 1
    assert told["stream_until"] < told["backups_until"]
    assert stage.clients["dynamodb"].items == {("other", "1")}
    assert len(stage.clients["s3"].bodies()) == 1


def test_what_it_prints_holds_no_payload(stage: ForgetStage, typed: Typed) -> None:
    """For people: counts, a time, and the event to look at."""
    code, out, err = typed(f"{ID} --yes")
    assert code == 0
    assert "monthly" not in out + err
    assert "--also EVENT: shardId-" in err
    assert "run this again after that time" in err


def test_an_event_that_was_looked_at_goes_too(stage: ForgetStage, typed: Typed) -> None:
    """--also EVENT, as the command itself named it."""
    _, out, _ = typed(f"{ID} --dry-run --json")
    (unsure,) = json.loads(out)["unsure"]
    assert typed(f"{ID} --yes --also {unsure}")[0] == 0
    assert stage.clients["s3"].bodies() == []


def test_an_event_that_is_not_there_is_told_before_anything_is_erased(
    stage: ForgetStage, typed: Typed
) -> None:
    """A typing error must not look like an erasure."""
    code, out, err = typed(f"{ID} --yes --json --also shardId-0:1")
    assert (code, out) == (1, "")
    assert err.startswith("churn: --also shardId-0:1: no stored event has this id")
    assert len(stage.clients["dynamodb"].items) == 3


def test_a_dry_run_changes_nothing(stage: ForgetStage, typed: Typed) -> None:
    """It counts the same, and needs no --yes."""
    code, out, _ = typed(f"{ID} --dry-run --json")
    assert (code, json.loads(out)["erased"], json.loads(out)["scores"]) == (0, False, 2)
    assert len(stage.clients["dynamodb"].items) == 3


def test_without_anybody_to_ask_it_is_wrong_usage(stage: ForgetStage, typed: Typed) -> None:
    """Stdin is no terminal: exit 2, and nothing is erased."""
    code, out, err = typed(ID)
    assert (code, out) == (2, "")
    assert err == "churn: erasing asks first, and here is nobody to ask: add --yes, or --dry-run\n"
    assert len(stage.clients["dynamodb"].items) == 3


@pytest.mark.parametrize(("answer", "left"), [("n", 3), ("y", 1)])
def test_it_asks_before_it_erases(
    answer: str, left: int, stage: ForgetStage, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question says how much, and whose; anything but yes leaves all as it is."""
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda question, **_: asked.append(question) or answer == "y")
    code, _, _ = typed(ID)
    assert code == (0 if answer == "y" else 1)
    assert asked == [
        f"erase of customer '{ID}' from churn-tiny-local, for good: "
        "scores: 2, events: 1, object versions with these: 1?"
    ]
    assert len(stage.clients["dynamodb"].items) == left


def test_a_customer_without_anything_is_one_line(stage: ForgetStage, typed: Typed) -> None:
    """Exit 1, and until when the stream may hold events of theirs."""
    code, out, err = typed("nobody --yes --json")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("churn: nothing is stored of customer 'nobody'; the stream may hold events")


def test_an_object_of_no_known_form_is_a_failure_that_is_named(stage: ForgetStage, typed: Typed) -> None:
    """All else is erased; what a person has to look at is said."""
    stage.clients["s3"].add("aws/lambda/odd", f'{{"{ID}": 1}}'.encode())
    code, out, err = typed(f"{ID} --yes --json")
    assert (code, json.loads(out)["unknown"]) == (1, ["aws/lambda/odd"])
    assert "not everything is erased: 1 objects" in err
    assert stage.clients["dynamodb"].items == {("other", "1")}


@pytest.mark.parametrize("customer", ["x" * 257])
def test_what_can_be_no_id_is_wrong_usage(customer: str, stage: ForgetStage, typed: Typed) -> None:
    """Before anything is asked of AWS."""
    code, _, err = typed(f"{customer} --yes")
    assert (code, "1 to 256 characters, this one has 257" in err) == (2, True)
