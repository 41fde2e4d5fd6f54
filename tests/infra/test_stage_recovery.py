"""A stage whose event source died, and requests that a running stage or a folder cannot meet."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from infra.errors import StageError
from infra.local import companions_process, ministack
from infra.local.progress import Progress, read_progress, write_progress
from infra.local.stage import LocalStage, down, local_stage, status, up
from infra.local.state import read_state

STAGE = LocalStage(
    endpoint_url="http://127.0.0.1:9",
    region="us-east-1",
    stack="churn-telco-local",
    stream="events",
    table="predictions",
    bucket="bucket",
    function="scorer",
    mapping_id="11111111-2222-3333-4444-555555555555",
    dashboard="dashboard",
    schema="telco",
    pids={"ministack": 1},
)


@pytest.fixture(scope="module")
def state_dir(tiny_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a stage is up."""
    directory = tmp_path_factory.mktemp("recovery")
    with local_stage(directory, artifact=tiny_zip):
        yield directory


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def publish(stage: LocalStage, count: int) -> dict[str, str]:
    """The last sequence number of each shard that got one."""
    records = [{"Data": b"{}", "PartitionKey": str(n)} for n in range(count)]
    kinesis = boto3.client("kinesis", **stage.client_arguments())
    answers = kinesis.put_records(StreamName=stage.stream, Records=records)["Records"]
    return {answer["ShardId"]: answer["SequenceNumber"] for answer in answers}


def received(stage: LocalStage) -> int:
    logs = boto3.client("logs", **stage.client_arguments())
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{stage.function}")["events"]
    return sum(int(line["message"].split()[1]) for line in found if line["message"].startswith("received"))


def kill_companions(stage: LocalStage) -> None:
    os.kill(stage.pids["companions"], signal.SIGKILL)
    eventually(lambda: not stage.is_reading)


@pytest.mark.emulator
def test_a_dead_event_source_takes_nothing_with_it_and_up_starts_it_again(state_dir: Path) -> None:
    """Looking stops and deletes nothing; `up` goes on where the reading stopped, on the same emulator."""
    before = status(state_dir)
    assert before is not None
    last = publish(before, 5)
    eventually(lambda: read_progress(state_dir).checkpoints == last)
    assert received(before) == 5
    kill_companions(before)
    found = status(state_dir)
    assert found == before
    assert not found.is_reading
    assert ministack.is_running(found.pids["ministack"])
    publish(found, 2)
    again = up(state_dir)
    assert again == status(state_dir)
    assert again.is_reading
    assert again.pids["ministack"] == before.pids["ministack"]
    eventually(lambda: received(again) >= 7)
    assert received(again) == 7


@pytest.mark.emulator
def test_an_event_source_that_cannot_start_leaves_the_stage(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names its log; the embedded AWS stays up, and the next `up` may succeed."""
    running = status(state_dir)
    assert running is not None
    kill_companions(running)
    monkeypatch.setattr(companions_process, "TIMEOUT_SECONDS", 0.0)
    with pytest.raises(StageError, match=r"^the event source did not start; see .*companions\.log$"):
        up(state_dir)
    left = status(state_dir)
    assert left is not None
    assert not left.is_reading
    monkeypatch.undo()
    assert up(state_dir).is_reading


@pytest.mark.emulator
def test_an_interrupted_start_leaves_nothing_running(
    tiny_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the embedded AWS comes up, which does not reach the embedded AWS itself."""
    started: list[int] = []

    def interrupt(pid: int, _port: int) -> bool:
        started.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(ministack, "_answers", interrupt)
    with pytest.raises(KeyboardInterrupt):
        up(tmp_path, artifact=tiny_zip)
    (pid,) = started
    assert not ministack.is_running(pid)


@pytest.mark.emulator
def test_another_port_than_the_running_one_is_refused(state_dir: Path) -> None:
    """The port it is on is asked for without harm; another one is named with what to do."""
    running = status(state_dir)
    assert running is not None
    assert up(state_dir, port=running.port).pids["ministack"] == running.pids["ministack"]
    with pytest.raises(StageError, match=f"is up on port {running.port}, not 5: leave the port out"):
        up(state_dir, port=5)


@pytest.mark.parametrize("ask", [up, status, down])
def test_a_file_in_place_of_the_folder_is_one_clear_line(tmp_path: Path, ask: Callable[..., object]) -> None:
    """Whatever is asked, the folder, the reason and the way out are named."""
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(StageError, match=rf"^cannot keep the local stage in {file}: .*; set CHURN_LOCAL_DIR"):
        ask(file)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_clear_line() -> None:
    """Such as under /proc: no stage is there, and none can be."""
    impossible = Path("/dev/null/zz")
    with pytest.raises(StageError, match=r"^cannot keep the local stage in /dev/null/zz: "):
        up(impossible)


def test_nothing_of_the_users_is_deleted_from_the_folder(tmp_path: Path) -> None:
    """A folder that was in use before, with a `tmp` of its own, keeps what it had."""
    mine = tmp_path / "tmp" / "mine"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert down(tmp_path) is False
    assert mine.exists()


def test_companions_that_were_never_started_do_not_read() -> None:
    """A stage without their pid, as after an interrupted `up`, is not reading."""
    assert not STAGE.is_reading
    assert not companions_process.stop(STAGE)


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}', "\x00"])
def test_unreadable_progress_means_from_the_start(tmp_path: Path, text: str) -> None:
    """Repeating is harmless, failing to start would not be."""
    (tmp_path / "progress.json").write_text(text)
    assert read_progress(tmp_path) == Progress()
    write_progress(tmp_path, Progress({"shard": "7"}, 5))
    assert read_progress(tmp_path) == Progress({"shard": "7"}, 5)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_an_unreadable_state_is_no_stage(tmp_path: Path, text: str) -> None:
    """Half a state is treated as none."""
    (tmp_path / "state.json").write_text(text)
    assert read_state(tmp_path) is None
