"""A run that stopped halfway: what it tells is enough to go on without losing an event."""

from __future__ import annotations

import io
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.rejection import Rejected, Rejection
from producer import run as run_module
from producer.edge import Invalid, Ready
from producer.publish import PublishResult, publish_all
from producer.publisher import Publisher
from producer.rejects import RejectsFile
from producer.sources import open_source
from tests.producer.fake_kinesis import THROTTLED, FakeKinesis
from tests.producer.small import SMALL

BAD = Rejected(Rejection.WRONG_TYPE, "tenure", "expected integer, got string")


def ready(count: int) -> Iterator[Ready]:
    return (Ready(line, f"customer-{line % 7}", f"event-{line}".encode()) for line in range(1, count + 1))


def run(source: Any, fake: FakeKinesis, folder: Path, **options: Any) -> PublishResult:
    with Publisher(fake, "events", **{"max_backoff_seconds": 0.0, "max_attempts": 2, **options}) as publisher:
        return publish_all(source, publisher, rejects_path=folder / "rejects.jsonl")


def test_a_stream_that_dies_halfway_can_be_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rejects file, then the source after the last line: together every customer, none left out."""
    monkeypatch.setattr(run_module, "STALLED_SECONDS", 0.0)
    text = b"id,age\n" + b"".join(b"%d,1\n" % number for number in range(20_000))
    taken: list[bytes] = []

    def die(payload: bytes) -> str | None:
        taken.append(payload)
        return THROTTLED if len(taken) > 3000 else None

    def source(from_line: int = 1) -> Any:
        return open_source("-", SMALL, stdin=io.BytesIO(text), format="csv", from_line=from_line)

    dead, alive = FakeKinesis(die), FakeKinesis()
    stopped = run(source(), dead, tmp_path)
    assert stopped.failure
    assert (stopped.complete, stopped.last_line) == (False, stopped.read + 1)
    assert stopped.rejects_file
    rejects = run(open_source(str(stopped.rejects_file), SMALL), alive, tmp_path)
    rest = run(source(stopped.last_line + 1), alive, tmp_path)
    assert (rejects.published, rest.published) == (stopped.refused, 20_000 - stopped.read)
    assert (rest.complete, rest.last_line) == (True, 20_001)
    customers = [customer for customer, _ in [*dead.accepted, *alive.accepted]]
    assert sorted(customers, key=int) == [str(number) for number in range(20_000)]


def test_a_rejects_file_that_fails_halfway_ends_the_run_with_its_account(tmp_path: Path) -> None:
    """What was sent is told; the row that could not be noted is the first to read again."""
    folder = tmp_path / "out"
    folder.mkdir()

    def source() -> Iterator[Ready | Invalid]:
        yield from ready(10)
        shutil.rmtree(folder)
        yield Invalid(11, BAD, b"x")
        raise AssertionError("read on without a rejects file")

    result = run(source(), FakeKinesis(), folder)
    assert (result.read, result.published, result.last_line, result.complete) == (10, 10, 10, False)
    assert result.failure
    assert "rejects.jsonl: cannot be written" in result.failure


def test_a_refused_event_that_cannot_be_noted_is_not_behind_the_last_line(tmp_path: Path) -> None:
    """Both breaks are told, and going on after `last_line` sends the lost event again."""
    folder = tmp_path / "out"
    folder.mkdir()

    def refuse(payload: bytes) -> str | None:
        if payload == b"event-5":
            shutil.rmtree(folder, ignore_errors=True)
            return THROTTLED
        return None

    result = run(ready(10), FakeKinesis(refuse), folder)
    assert (result.read, result.published, result.refused) == (10, 9, 1)
    assert (result.last_line, result.complete) == (4, False)
    assert result.failure
    assert "cannot be written" in result.failure


def test_ctrl_c_says_where_to_go_on(tmp_path: Path) -> None:
    """Everything up to the last line is on the stream; the source was not read to its end."""

    def quiet_after(count: int) -> Iterator[Ready]:
        yield from ready(count)
        signal.raise_signal(signal.SIGINT)

    result = run(quiet_after(42), FakeKinesis(), tmp_path)
    assert (result.interrupted, result.last_line, result.complete) == (True, 42, False)


def test_ctrl_c_after_the_end_of_the_source_leaves_nothing_to_go_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed while the last events are being sent, it changes nothing about them."""
    flush = Publisher.flush

    def flush_and_interrupt(self: Publisher) -> Any:
        signal.raise_signal(signal.SIGINT)
        return flush(self)

    monkeypatch.setattr(Publisher, "flush", flush_and_interrupt)
    result = run(ready(5), FakeKinesis(), tmp_path)
    assert (result.interrupted, result.published, result.complete) == (True, 5, True)


def test_ctrl_c_while_refused_events_are_noted_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nothing is left to stop, however often it is pressed, the account is finished."""
    add = RejectsFile.add_refused

    def press_and_add(self: Any, refused: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        add(self, refused)

    monkeypatch.setattr(RejectsFile, "add_refused", press_and_add)
    result = run(ready(50), FakeKinesis(lambda _: THROTTLED), tmp_path, max_batch_age_seconds=60.0)
    assert result.refused == 50
    assert result.rejects_file
    lines = [json.loads(line)["line"] for line in result.rejects_file.read_text().splitlines()]
    assert sorted(lines) == list(range(1, 51))


def test_reasons_are_counted_the_most_frequent_first(tmp_path: Path) -> None:
    """Ten thousand bad rows usually have one cause; the result names it."""
    other = Rejected(Rejection.MISSING, "gender", "empty, and it is required")
    source = [Invalid(1, other, b"x"), *(Invalid(line, BAD, b"x") for line in range(2, 5))]
    assert list(run(source, FakeKinesis(), tmp_path).reasons.items()) == [
        ("tenure: expected integer, got string", 3),
        ("gender: empty, and it is required", 1),
    ]
