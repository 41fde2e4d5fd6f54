"""`churn publish` as typed, on a stage that is only a stream: what it says, and how it exits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import publish as publish_command
from cli.main import app
from producer import kinesis
from producer.errors import RejectsFileError, SourceError
from tests.producer.fake_kinesis import THROTTLED, FakeKinesis
from tests.producer.small import SMALL

ROOT = Path(__file__).resolve().parents[2]


class Command:
    """Types `churn publish` in a directory of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stream = FakeKinesis()
        self.champion: Any = ("v1", "etag")
        registry = SimpleNamespace(champion=lambda: self.champion)
        stage = SimpleNamespace(
            stream="events", registry=lambda: registry, feature_schema=lambda: SMALL, name="local"
        )
        monkeypatch.setattr(publish_command, "resolve_stage", lambda *_: stage)
        monkeypatch.setattr(kinesis, "connect", lambda: self.stream)

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["publish", *arguments])

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@pytest.fixture
def churn_publish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Command]:
    """The command, and Ctrl-C as it was before."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGINT)
    yield Command(monkeypatch)
    signal.signal(signal.SIGINT, before)


def write(*rows: str) -> str:
    Path("customers.csv").write_text("\n".join(["id,age", *rows]) + "\n")
    return "customers.csv"


def test_most_rows_invalid_is_success_with_a_hint(churn_publish: Command) -> None:
    """The three most frequent reasons on stdout with their counts; one line names the file to mend."""
    rows = ["x,old"] * 4 + ["x,-1"] * 3 + [",1"] * 2 + ["1,2,3", "1,1", "2,2"]
    done = churn_publish(write(*rows), "--rejects", "bad.jsonl")
    assert done.exit_code == 0
    reasons = [line for line in done.stdout.splitlines() if line.startswith("why invalid")]
    assert [line.removeprefix("why invalid").strip() for line in reasons] == [
        "4 × age: expected integer, got string",
        "3 × age: expected integer >= 0",
        "2 × id: empty, and it names the customer",
    ]
    assert done.stderr.splitlines() == [
        "10 of 12 events were invalid and not sent: mend their rows in bad.jsonl",
        "to go on: `churn publish bad.jsonl`",
    ]


def test_the_rejects_file_is_published_as_the_hint_says(churn_publish: Command) -> None:
    """Mended in place, its rows arrive; the JSON account has every reason."""
    first = churn_publish.json(write("1,old", "2,2"))
    assert first["reasons"] == {"age: expected integer, got string": 1}
    path = Path(first["rejects_file"])
    path.write_text(path.read_text().replace('"old"', '"41"'))
    second = churn_publish.json(str(path))
    assert [second[name] for name in ("read", "published", "invalid")] == [1, 1, 0]
    assert [customer for customer, _ in churn_publish.stream.accepted] == ["2", "1"]


def test_nothing_published_shows_its_zero(churn_publish: Command) -> None:
    """`published 0` is the figure that matters most."""
    done = churn_publish(write("1,old"))
    assert done.exit_code == 1
    assert ["published", "0"] in [line.split() for line in done.stdout.splitlines()]


def test_a_dead_stream_is_told_once_with_how_to_go_on(churn_publish: Command) -> None:
    """The failure once; then the commands, with the options that matter to them."""
    churn_publish.stream = FakeKinesis(stream_name="another")
    source = write(*(f"{number},1" for number in range(30_000)))
    done = churn_publish(source, "--rejects", "bad.jsonl", "--stage", "dev", "--format", "csv")
    assert done.exit_code == 1
    assert (done.stdout + done.stderr).count("not found") == 1
    facts = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines())
    assert int(facts["last line"]) == int(facts["read"]) + 1
    assert done.stderr.splitlines()[-1] == (
        "to go on: `churn publish bad.jsonl --stage dev`, then "
        f"`churn publish customers.csv --format csv --from-line {int(facts['last line']) + 1} --stage dev`"
    )


def test_refused_events_are_to_be_published_again(
    churn_publish: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source was read to its end, so only the rejects file is left."""
    monkeypatch.setattr("producer.delivery.Retry.pause_seconds", lambda *_: 0.0)
    churn_publish.stream = FakeKinesis(lambda _: THROTTLED)
    done = churn_publish(write("1,1"), "--rejects", "bad.jsonl")
    assert (done.exit_code, done.stderr) == (1, "to go on: `churn publish bad.jsonl`\n")


def test_a_complete_run_has_nothing_to_add(churn_publish: Command) -> None:
    """No note where nothing is left to do; the JSON says so too."""
    done = churn_publish(write("1,1", "2,2"), "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    account = json.loads(done.stdout)
    assert [account[name] for name in ("complete", "last_line", "reasons", "failure")] == [True, 3, {}, None]


def test_from_line_goes_on_and_says_so_where_nothing_is_left(churn_publish: Command) -> None:
    """What is before the line is left out."""
    source = write("1,1", "2,2", "3,3")
    assert churn_publish.json(source, "--from-line", "4")["published"] == 1
    assert churn_publish(source, "--from-line", "5").stderr == "there was no event to read\n"


def test_without_a_model_it_warns(churn_publish: Command) -> None:
    """Events may wait for a model, but not for ever; stdout stays the one JSON document."""
    churn_publish.champion = None
    done = churn_publish(write("1,1"), "--json")
    assert done.exit_code == 0
    assert done.stderr == (
        "no model serves yet: events wait in the stream, then land in `churn rejected list`; "
        "run `churn train` first\n"
    )
    assert json.loads(done.stdout)["published"] == 1


@pytest.mark.parametrize("rate", ["inf", "nan", "-inf", "0", "1e999"])
def test_an_impossible_rate_is_wrong_usage(churn_publish: Command, rate: str) -> None:
    """Told before anything is read."""
    assert churn_publish("customers.csv", "--rate", rate).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["customers.csv", "--rejects", "."], RejectsFileError),
        (["customers.csv", "--rejects", ""], RejectsFileError),
        (["customers.csv", "--time-column", ""], SourceError),
        (["synthetic:5", "--format", "csv"], SourceError),
        ([""], SourceError),
    ],
)
def test_what_cannot_work_is_known_before_anything_is_sent(
    churn_publish: Command, arguments: list[str], error: type[Exception]
) -> None:
    """An error that the command line shows as one line."""
    write("1,1")
    assert isinstance(churn_publish(*arguments).exception, error)
    assert churn_publish.stream.accepted == []


SCRIPT = """
    import sys
    from types import SimpleNamespace
    from cli import main, publish
    from producer import kinesis
    from contract.schema import load_schema
    from tests.producer.fake_kinesis import FakeKinesis

    registry = SimpleNamespace(champion=lambda: True)
    publish.resolve_stage = lambda *_: SimpleNamespace(
        stream="events", registry=lambda: registry, feature_schema=lambda: load_schema("telco")
    )
    kinesis.connect = FakeKinesis
    sys.argv = ["churn", "publish", "synthetic:1000000", "--rate", "500", "--rejects", sys.argv[1]]
    print("ready", file=sys.stderr, flush=True)
    main.main()
"""


def test_ctrl_c_pressed_on_after_the_account_is_still_exit_130(tmp_path: Path) -> None:
    """Nothing is left to stop then: no death by signal, no traceback, and the whole account."""
    command = [sys.executable, "-u", "-c", textwrap.dedent(SCRIPT), str(tmp_path / "rejects.jsonl")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stderr.readline()
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        account = process.stdout.readline()
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        account += process.stdout.read()
        notes = process.stderr.read()
    assert process.returncode == 130, notes
    assert account.startswith("read")
    assert "last line" in account
    assert "Traceback" not in notes
    assert "to go on: `churn publish synthetic:1000000 --from-line" in notes
