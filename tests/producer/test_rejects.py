"""The rejects file: known to be writable before anything is sent, and a source itself once it is there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.edge import Invalid, Ready
from producer.errors import RejectsFileError
from producer.kinesis import Refused
from producer.lines import MAX_LINE_BYTES
from producer.rejects import MAX_ROW_CHARS, RejectsFile
from producer.sources import open_source
from tests.contract.rows import NOW_MS
from tests.producer.small import SMALL, reason_of

Item = Ready | Invalid
Entry = dict[str, Any]


def read(raw: str | bytes, **options: Any) -> list[Item]:
    stream = io.BytesIO(raw.encode() if isinstance(raw, str) else raw)
    return list(open_source("-", SMALL, stdin=stream, clock_ms=lambda: NOW_MS, **options))


def noted(items: Iterable[Item], folder: Path) -> Path:
    """The rejects file of these items."""
    with RejectsFile(folder / "rejects.jsonl") as rejects:
        for item in items:
            if isinstance(item, Invalid):
                rejects.add_invalid(item)
    assert rejects.path
    return rejects.path


def entries_of(path: Path) -> list[Entry]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def again(path: Path, mend: Callable[[Entry], object] = lambda _: None, **options: Any) -> list[Item]:
    """What comes out of a rejects file after `mend` was applied to each of its lines."""
    entries = entries_of(path)
    for entry in entries:
        mend(entry)
    return read("\n".join(json.dumps(entry) for entry in entries), **options)


def data_of(item: Item) -> Any:
    assert isinstance(item, Ready), item
    return json.loads(item.payload)["data"]


def test_a_mended_csv_row_is_published(tmp_path: Path) -> None:
    """A row is kept by column name, so one value can be put right, as text or as JSON."""
    path = noted(read('id,age,plan,note\n7,old,a,"x, ""y"""\n8,,b,\n'), tmp_path)
    assert entries_of(path)[0]["row"] == {
        "id": "7",
        "age": "old",
        "plan": "a",
        "note": 'x, "y"',
    }
    ages = iter(["44", 45])
    items = again(path, lambda entry: entry["row"].update(age=next(ages)))
    assert [data_of(item) for item in items] == [{"age": 44, "plan": "a"}, {"age": 45, "plan": "b"}]
    assert [item.customer_id for item in items if isinstance(item, Ready)] == ["7", "8"]


def test_a_csv_row_whose_cells_do_not_fit_is_kept_with_its_header(tmp_path: Path) -> None:
    """Too few cells, an open quote, another encoding: the text can be mended, the header is beside it."""
    path = noted(read(b'id,age,plan\n1,2\n"3,4,b\n\xff,6,a\n'), tmp_path)
    entries = entries_of(path)
    assert [entry["row"] for entry in entries] == ["1,2", '"3,4,b', "\\xff,6,a"]
    assert [entry["columns"] for entry in entries] == [["id", "age", "plan"]] * 3
    rows = iter(["1,2,a", "3,4,b", "5,6,a"])
    items = again(path, lambda entry: entry.update(row=next(rows)))
    assert [data_of(item)["age"] for item in items] == [2, 4, 6]


def test_json_rows_and_events_are_read_as_they_were(tmp_path: Path) -> None:
    """Their text is kept, types and all; whoever prefers it may put the object itself there."""
    path = noted(read('{"id": 7, "age": "4"}\n{"specversion": "1.0", "subject": "8"}\n'), tmp_path)
    assert [reason_of(item)[1] for item in again(path)] == [
        "age: expected integer, got string",
        "id: missing, and it is required",
    ]
    rows = iter(['{"id": 7, "age": 4}', {"id": 7, "age": 5}])
    path.write_text(path.read_text().splitlines()[0] + "\n")
    path.write_text(path.read_text() * 2)
    assert [data_of(item)["age"] for item in again(path, lambda e: e.update(row=next(rows)))] == [4, 5]


def test_refused_events_are_published_byte_for_byte(tmp_path: Path) -> None:
    """Same bytes, same event id: whatever the stream took after all is not a second event."""
    ready = [item for item in read('id,age,plan\nZoë,1,"ü ""x"""\n2,3,b\n') if isinstance(item, Ready)]
    with RejectsFile(tmp_path / "rejects.jsonl") as rejects:
        for item in ready:
            rejects.add_refused(Refused(item.customer_id, item.payload, "Throttled", "", item.line))
    assert rejects.path
    assert again(rejects.path) == [item._replace(line=line) for line, item in enumerate(ready, start=1)]


@pytest.mark.parametrize("text", ["id,age,at\n1,old,{}\n", '{{"id": "1", "age": "old", "at": "{}"}}\n'])
def test_the_time_column_is_remembered(text: str, tmp_path: Path) -> None:
    """A mended row is as old as it was; otherwise it would hide what has happened since."""
    path = noted(read(text.format("2026-11-20T08:00:00Z"), time_column="at"), tmp_path)
    [entry] = entries_of(path)
    path.write_text(json.dumps(entry).replace('\\"old\\"', "5").replace('"old"', '"5"'))
    [item] = again(path)
    assert isinstance(item, Ready)
    assert json.loads(item.payload)["time"] == "2026-11-20T08:00:00.000Z"


def test_a_row_that_was_cut_short_is_never_taken_for_whole(tmp_path: Path) -> None:
    """What is left of an overlong row might look valid, with half a number in it."""
    header, start = b"id,age,note\n", b"1,2," + b"x" * MAX_ROW_CHARS
    for row in (start + b"y" * MAX_LINE_BYTES, start + b',"'):
        path = noted(read(header + row), tmp_path)
        [item] = again(path)
        assert reason_of(item) == (1, "row: was cut short here; publish it from its source")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"row": 5}, "row: expected an object, or the text of a line"),
        ({"row": {}}, "id: empty, and it names the customer"),
        ({"row": ""}, "event: not a JSON object"),
        ({"row": "1,2", "columns": "id"}, "columns: expected a list of column names"),
        ({"time_column": 5}, "time_column: expected a column's name"),
        ({"row": {"age": "5"}}, "id: empty, and it names the customer"),
        ({"row": {"id": "1", "age": [5]}}, "age: expected integer, got string"),
        ({"time_column": "at"}, "at: expected RFC 3339 text with a time zone"),
    ],
)
def test_a_line_mended_badly_is_named(change: Entry, reason: str, tmp_path: Path) -> None:
    """Whatever a person leaves in the file, reading goes on and says what is wrong."""
    path = noted(read("id,age\n1,old\n"), tmp_path)
    [item] = again(path, lambda entry: entry.update(change))
    assert reason_of(item) == (1, reason)


def test_a_row_that_only_looks_like_a_reject_is_a_row() -> None:
    """With a customer's id in it, it is data, whatever its other columns are called."""
    row = {"line": 1, "kind": "invalid", "reason": "", "field": "", "row": "x", "id": "7", "age": 3}
    [item] = read(json.dumps(row))
    assert data_of(item) == {"age": 3}


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@given(st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_nobody_mended_is_rejected_again_for_the_same_reason(rows: list[list[str]]) -> None:
    """Publishing a rejects file as it is loses nothing, and writes the same rows to the next one."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "age", "plan"), *rows])
    bad = [item for item in read(text.getvalue() + "1,1,a\n", format="csv") if isinstance(item, Invalid)]
    if bad:
        with TemporaryDirectory() as folder:
            path = noted(bad, Path(folder))
            items = again(path)
            assert [reason_of(item)[1] for item in items] == [item.rejected.reason for item in bad]
            rows_noted = [entry["row"] for entry in entries_of(path)]
            assert [entry["row"] for entry in entries_of(noted(items, Path(folder)))] == rows_noted


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (".", "is a folder; give a file, such as rejects.jsonl"),
        ("", "is a folder"),
        ("/", "is a folder; give a file, such as /rejects.jsonl"),
        ("..", "is a folder"),
        ("absent/rejects.jsonl", "no such folder; create absent first"),
        ("/proc/rejects.jsonl", "cannot be written"),
        ("x" * 300, "cannot be written"),
    ],
)
def test_a_place_that_cannot_be_written_is_known_at_once(wanted: str, message: str) -> None:
    """By trying: permissions, read-only disks and overlong names are all found the same way."""
    with pytest.raises(RejectsFileError, match=message) as caught:
        RejectsFile(Path(wanted))
    assert "\n" not in str(caught.value)


def test_trying_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file that is there already is not touched, and no empty one appears."""
    (tmp_path / "rejects.jsonl").write_text("earlier")
    with RejectsFile(tmp_path / "rejects.jsonl"):
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [
            ("rejects.jsonl", "earlier")
        ]
