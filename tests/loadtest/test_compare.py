"""What `make compare` counts and prints."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.comparison import main
from loadtest.compare.contest import expected_scores, make_payloads
from loadtest.compare.contestant import Service, last_line, missing_modules, wait_until
from loadtest.compare.effort import FULL, QUICK
from loadtest.compare.errors import ComparisonError
from loadtest.compare.ground import Ground
from loadtest.compare.lines import lines_of
from loadtest.compare.plot import draw, lost_percent, short
from loadtest.compare.requests import post_all
from loadtest.compare.result import Result, percentile
from loadtest.compare.show import HEADERS, as_json, as_markdown, show
from loadtest.compare.store import Store, key_of
from loadtest.compare.watch import Watch, age_seconds, kill, paused, tree_of
from tests.serving import serving
from training.result import TrainedModel

BUSY = "sum(range(10**7)); print(flush=True); import time; time.sleep(60)"
PYTHON_FILE = '''"""A docstring
of two lines."""

import os  # with a remark

# a remark

def run():
    """Another."""
    return """a text
of two lines"""
'''


def result(**changes: Any) -> Result:
    given: dict[str, Any] = {
        "name": "ours",
        "title": "this system",
        "events": 10_000,
        "seconds": 4.0,
        "events_per_second": 2500.0,
        "cpu": 41.2,
        "emulator_cpu": 350.0,
        "client_cpu": 20.0,
        "probes": 300,
        "readable_p50": 36.4,
        "readable_p99": 61.0,
        "answer_p50": None,
        "peak_memory": 70.4,
        "cold_start": 412.0,
        "lines": 32,
        "crash_sent": 1000,
        "crash_missing": 3,
    }
    return Result(**{**given, **changes})


def test_lines_are_those_with_code(tmp_path: Path) -> None:
    """Neither blank ones nor comments nor docstrings; a text over two lines is two lines."""
    (tmp_path / "some.py").write_text(PYTHON_FILE)
    assert lines_of(tmp_path / "some.py") == 4
    (tmp_path / "some.json").write_text('{\n  "a": 1\n\n}\n')
    assert lines_of(tmp_path / "some.json") == 3


def test_a_table_is_read_page_by_page_for_the_events_in_question() -> None:
    """What else is in it does not count; an event is there when an item of its key is."""

    class TwoPages:
        def scan(self, **arguments: Any) -> Any:
            first = "ExclusiveStartKey" not in arguments
            item = {
                "customer_id": {"S": "ana" if first else "ben"},
                "event_key": {"S": "1"},
                "probability": {"N": "0.25"},
            }
            return {"Items": [item]} | ({"LastEvaluatedKey": item} if first else {})

        def get_item(self, **arguments: Any) -> Any:
            assert arguments["ConsistentRead"]
            return {"Item": {}} if arguments["Key"]["customer_id"]["S"] == "ana" else {}

    store = Store(TwoPages(), "scores")
    assert store.probabilities([("ben", "1"), ("cem", "1")]) == {("ben", "1"): "0.25"}
    assert [store.is_readable((customer, "1")) for customer in ("ana", "cem")] == [True, False]


def test_percentiles_lie_between_what_was_seen() -> None:
    """Also of one value alone."""
    assert percentile([7.0], 99) == 7.0
    assert percentile([float(n) for n in range(101)], 50) == 50.0
    assert percentile([float(n) for n in range(101)], 99) == 99.0


def test_the_markdown_is_a_table_that_can_be_pasted() -> None:
    """One row each, as many cells as headers, and thousands set apart."""
    lines = as_markdown([result(), result(name="flask", answer_p50=21.7)]).splitlines()
    assert {line.count("|") for line in lines} == {len(HEADERS) + 1}
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "this system", "2,500", "41", "350", "36", "61", "–", "70", "412", "32", "3 of 1,000",
    ]  # fmt: skip
    assert "| 22 |" in lines[3]


def test_everything_measured_is_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With the machine it was measured on; the table says what its columns are."""
    document = json.loads(as_json([result()]))
    assert document["contestants"][0]["client_cpu"] == 20.0
    assert document["machine"]
    show([result()])
    assert "Cold start is from the start" in " ".join(capsys.readouterr().out.split())


def test_an_earlier_run_is_printed_and_drawn_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without measuring anything; what is no such file is one line."""
    results = [result(), result(name="flask", answer_p50=21.7)]
    (tmp_path / "compare.json").write_text(as_json(results))
    assert main(["--from", str(tmp_path / "compare.json"), "--markdown", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == as_markdown(results) + "\n"
    assert (tmp_path / "compare.png").stat().st_size > 1000
    (tmp_path / "compare.json").write_text('{"contestants": [{"name": "ours"}]}')
    assert main(["--from", str(tmp_path / "compare.json")]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "no compare.json of this version" in told


def test_the_picture_is_drawn_for_any_number_of_contestants() -> None:
    """Also for one alone, where nothing was lost."""
    assert draw([result(crash_missing=0)]).startswith(b"\x89PNG")
    assert [short(value) for value in (0, lost_percent(result()), 12.6, 2500)] == ["0", "0.3", "13", "2,500"]


def test_cpu_counts_processes_that_start_and_end_meanwhile() -> None:
    """What an ended process had used stays in the sum; what it used before the block does not."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as before:
        assert before.stdout
        before.stdout.readline()
        watched = [psutil.Process(before.pid)]
        with Watch(lambda: watched) as watch:
            with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as meanwhile:
                assert meanwhile.stdout
                watched.append(psutil.Process(meanwhile.pid))
                meanwhile.stdout.readline()
                time.sleep(0.3)
                used = sum(psutil.Process(meanwhile.pid).cpu_times()[:2])
                kill(tree_of(meanwhile.pid))
            time.sleep(0.2)
        kill(tree_of(before.pid))
    assert used * 0.9 <= watch.used.cpu_seconds <= used + 0.1
    assert watch.used.peak_bytes > 5_000_000


def test_a_process_has_an_age_and_can_be_paused() -> None:
    """To a few hundredths of a second, whatever the system thinks of when it booted."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        started = time.monotonic()
        assert process.stdout
        process.stdout.readline()
        found = psutil.Process(process.pid)
        with paused(process.pid):
            assert wait_until(lambda: found.status() == psutil.STATUS_STOPPED, timeout_seconds=5)
        time.sleep(0.3)
        assert age_seconds(found) == pytest.approx(time.monotonic() - started, abs=0.25)
        kill([found])
    assert tree_of(process.pid) == []


def test_a_service_that_ended_is_said_with_its_last_words(tmp_path: Path) -> None:
    """And stopping one takes its children along."""
    service = Service(ground(tmp_path), tmp_path, ["-c", "print('no such module'); raise SystemExit(1)"])
    service.start()
    psutil.wait_procs(service.processes(), timeout=10)
    with pytest.raises(ComparisonError, match="fastapi ended: no such module"):
        service.require_running("fastapi")
    assert last_line(tmp_path / "none") == "it said nothing"
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    service = Service(ground(tmp_path), tmp_path, ["-c", code])
    service.start()
    assert wait_until(lambda: len(service.processes()) == 2, timeout_seconds=10)
    found = service.processes()
    service.stop()
    assert not any(each.is_running() for each in found)


def ground(folder: Path) -> Ground:
    return Ground(
        client=lambda _: None, endpoint_url="", environment={}, emulator=0, event_source=0, stream="",
        table="", bucket="", function="", python=Path(sys.executable), folder=folder,
    )  # fmt: skip


def test_modules_are_looked_for_in_the_interpreter_that_will_import_them() -> None:
    """By the names they are imported by."""
    assert missing_modules(Path(sys.executable), ["json", "no_such_engine"]) == ["no_such_engine"]


def test_each_event_is_posted_once_whatever_becomes_of_it() -> None:
    """A refused one is not sent again, and only answers of 200 count."""
    from http.server import BaseHTTPRequestHandler

    seen: list[bytes] = []

    class Picky(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(body)
            self.send_response(200 if body != b"7" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    bodies = [str(number).encode() for number in range(40)]
    with serving(Picky) as address:
        assert post_all(f"{address}/predict", bodies) == 39
    assert sorted(seen) == sorted(bodies)


def test_every_contestant_is_sent_events_of_customers_of_its_own(telco_model: TrainedModel) -> None:
    """No customer twice, so that nothing may be collapsed; and each event's score is known beforehand."""
    payloads = make_payloads(300)
    keys = list(map(key_of, payloads))
    assert len({customer for customer, _ in keys}) == 300
    expected = expected_scores(telco_model, payloads)
    assert set(expected) == set(keys)
    assert FULL.events == 10_000
    assert QUICK.total < 1_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "ours,storm"], "--only storm: there are ours, fastapi, flask, lambda, bytewax"),
        (["--events", "0"], "--events 0: expected at least 1"),
        (["--python", "/nowhere/python"], "`make compare` sets it up"),
    ],
)
def test_wrong_options_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(["--python", sys.executable, *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
