"""`churn publish` without the command line: every row is accounted for, whatever happens."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.rejection import Rejected, Rejection
from producer import run as run_module
from producer.edge import Invalid, Ready
from producer.errors import RejectsFileError, SourceError
from producer.publish import PublishResult, publish_all
from producer.publisher import Publisher
from producer.run import Progress
from tests.producer.fake_kinesis import THROTTLED, FakeKinesis

BAD = Rejected(Rejection.WRONG_TYPE, "tenure", "expected integer, got string")


def ready(count: int) -> Iterator[Ready]:
    return (Ready(line, f"customer-{line % 7}", f"event-{line}".encode()) for line in range(1, count + 1))


def run(source: Any, fake: FakeKinesis, folder: Path, **options: Any) -> PublishResult:
    with Publisher(fake, "events", **{"max_backoff_seconds": 0.0, "max_attempts": 2, **options}) as publisher:
        result = publish_all(source, publisher, rejects_path=folder / "rejects.jsonl")
    assert result.read == result.published + result.refused + result.invalid
    assert result.published == len(fake.accepted)
    return result


def rejects_in(result: PublishResult) -> list[dict[str, Any]]:
    assert result.rejects_file
    return [json.loads(line) for line in result.rejects_file.read_text().splitlines()]


def test_all_is_published_and_no_rejects_file_appears(tmp_path: Path) -> None:
    """Without a bad row there is no file, and the figures add up."""
    result = run(ready(1300), FakeKinesis(), tmp_path)
    assert (result.read, result.published, result.failure, result.interrupted) == (1300, 1300, None, False)
    assert result.rejects_file is None
    assert list(tmp_path.iterdir()) == []
    assert result.events_per_second == pytest.approx(1300 / result.seconds)


def test_invalid_and_refused_events_end_in_the_rejects_file(tmp_path: Path) -> None:
    """Each with its line, its reason and its whole text: rows as they were found, events as they were."""
    fake = FakeKinesis(lambda payload: THROTTLED if payload == b"event-2" else None)
    source = [*ready(3), Invalid(4, BAD, "Zoë,long".encode()), Invalid(5, BAD, b"\xff")]
    result = run(source, fake, tmp_path)
    assert (result.read, result.published, result.refused, result.invalid) == (5, 2, 1, 2)
    reason = "tenure: expected integer, got string"
    assert rejects_in(result) == [
        {"line": 4, "kind": "invalid", "reason": reason, "field": "tenure", "row": "Zoë,long"},
        {"line": 5, "kind": "invalid", "reason": reason, "field": "tenure", "row": "\\xff"},
        {
            "line": 2,
            "kind": "refused",
            "reason": f"{THROTTLED}: Rate exceeded for shard",
            "field": "",
            "row": "event-2",
        },
    ]


def test_earlier_rejects_are_never_overwritten(tmp_path: Path) -> None:
    """A second run writes beside the first one's file; only its owner can read it."""
    paths = [run([Invalid(1, BAD, b"x")], FakeKinesis(), tmp_path).rejects_file for _ in range(3)]
    assert [path.name for path in paths if path] == ["rejects.jsonl", "rejects-2.jsonl", "rejects-3.jsonl"]
    assert paths[0]
    assert stat.S_IMODE(paths[0].stat().st_mode) == 0o600


def test_a_rejects_file_that_cannot_be_written_is_known_before_anything_is_sent(tmp_path: Path) -> None:
    """The folder is checked first."""
    fake = FakeKinesis()
    with pytest.raises(RejectsFileError, match="no such folder"):
        run(ready(3), fake, tmp_path / "absent")
    assert fake.accepted == []


def test_a_missing_stream_stops_reading_and_says_so(tmp_path: Path) -> None:
    """A large file is not read to its end for a stream that is not there; what was read is kept."""
    result = run(ready(1_000_000), FakeKinesis(stream_name="another"), tmp_path)
    assert result.failure
    assert "not found" in result.failure
    assert 0 < result.read < 20_000
    assert result.refused == len(rejects_in(result))


def test_a_stream_that_takes_nothing_any_more_stops_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage longer than the publisher's patience ends the run, with every event accounted for."""
    monkeypatch.setattr(run_module, "STALLED_SECONDS", 0.2)
    fake = FakeKinesis(lambda payload: THROTTLED if payload >= b"event-5" else None)
    result = run(ready(10_000_000), fake, tmp_path, max_attempts=3, max_backoff_seconds=0.02)
    assert result.failure == f"stream 'events': takes nothing ({THROTTLED}: Rate exceeded for shard)"
    assert result.published > 0
    assert result.refused == len(rejects_in(result))


def test_a_source_that_breaks_halfway_is_a_failure_with_a_full_account(tmp_path: Path) -> None:
    """What was read before the break is sent, and the break is told."""

    def breaking() -> Iterator[Ready]:
        yield from ready(700)
        raise SourceError("customers.csv.gz: reading failed after line 700")

    result = run(breaking(), FakeKinesis(), tmp_path)
    assert (result.published, result.failure) == (700, "customers.csv.gz: reading failed after line 700")


def test_ctrl_c_while_waiting_for_input_sends_what_was_read(tmp_path: Path) -> None:
    """A quiet pipe is left at once; everything read before is on the stream."""

    def quiet_after(count: int) -> Iterator[Ready]:
        yield from ready(count)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("reading went on after Ctrl-C")

    before = signal.getsignal(signal.SIGINT)
    result = run(quiet_after(42), FakeKinesis(), tmp_path)
    assert (result.interrupted, result.read, result.published) == (True, 42, 42)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_an_event_is_handed_over_takes_effect_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event is torn apart: the one in hand counts, the next is not read."""
    send = Publisher.send

    def send_and_interrupt(self: Publisher, customer_id: str, payload: bytes, **options: Any) -> None:
        if payload == b"event-9":
            signal.raise_signal(signal.SIGINT)
        send(self, customer_id, payload, **options)

    monkeypatch.setattr(Publisher, "send", send_and_interrupt)
    result = run(ready(1000), FakeKinesis(), tmp_path)
    assert (result.interrupted, result.read, result.published) == (True, 9, 9)


def test_a_second_ctrl_c_gives_up_what_is_not_sent_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the rest is being sent, another Ctrl-C ends it; the rest is refused, not lost."""
    flush = Publisher.flush
    presses = iter([True])

    def flush_and_interrupt(self: Publisher) -> Any:
        if next(presses, False):
            raise KeyboardInterrupt
        return flush(self)

    monkeypatch.setattr(Publisher, "flush", flush_and_interrupt)
    result = run(ready(5), FakeKinesis(), tmp_path, max_batch_age_seconds=60.0)
    assert (result.published, result.refused) == (0, 5)
    assert {entry["reason"] for entry in rejects_in(result)} == {"NotAttempted"}


def test_progress_ends_with_the_final_figures(tmp_path: Path) -> None:
    """The last call tells what the result tells."""
    seen: list[Progress] = []
    source: list[Ready | Invalid] = [*ready(10), Invalid(11, BAD, b"x")]
    with Publisher(FakeKinesis(), "events") as publisher:
        publish_all(source, publisher, rejects_path=tmp_path / "r.jsonl", on_progress=seen.append)
    assert seen[-1] == Progress(read=11, published=10, refused=0, invalid=1)
