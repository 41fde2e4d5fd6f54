"""CSV in, events out: typed by the schema, judged row by row."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import EventDecoder
from contract.rejection import Rejection
from contract.schema import FeatureSchema, load_schema
from producer.edge import Edge, Invalid, Ready
from producer.errors import SourceError
from producer.lines import MAX_LINE_BYTES
from producer.sources import open_source
from tests.contract.rows import NOW_MS, TELCO_ROW
from tests.producer.small import SMALL, reason_of

TELCO = load_schema("telco")
REAL_TABLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "telco-customer-churn.csv"


def read(text: str | bytes, schema: FeatureSchema = SMALL, **options: Any) -> list[Ready | Invalid]:
    raw = text.encode() if isinstance(text, str) else text
    options = {"format": "csv", "clock_ms": lambda: NOW_MS, **options}
    return list(open_source("-", schema, stdin=io.BytesIO(raw), **options))


def data_of(item: Ready | Invalid) -> dict[str, Any]:
    assert isinstance(item, Ready), item
    data: dict[str, Any] = msgspec.json.decode(item.payload)["data"]
    return data


def test_cells_are_typed_by_the_schema_and_other_columns_ignored() -> None:
    """Numbers, integers, booleans and text as the schema says; blank is missing; the rest stays out."""
    items = read("id,age,bill,plan,vip,left,other\n7,3.0,2.5,a,TRUE,Yes,x\n8,4, ,,0,No,\n")
    assert [item.customer_id for item in items if isinstance(item, Ready)] == ["7", "8"]
    assert data_of(items[0]) == {"age": 3, "bill": 2.5, "plan": "a", "vip": True}
    assert data_of(items[1]) == {"age": 4, "bill": None, "plan": None, "vip": False}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,,2,a,true", "age: empty, and it is required"),
        ("1,old,2,a,true", "age: expected integer, got string"),
        ("1,1.5,2,a,true", "age: expected integer, got number"),
        ("1,-1,2,a,true", "age: expected integer >= 0"),
        ("1,1_0,2,a,true", "age: expected integer, got string"),
        ("1,1,nan,a,true", "bill: expected number, got string"),
        ("1,1,1e999,a,true", "bill: expected number, got string"),
        ("1,1,2,a,maybe", "vip: expected boolean, got string"),
        (",1,2,a,true", "id: empty, and it names the customer"),
        (f"{'7' * 257},1,2,a,true", "id: 257 characters, at most 256 allowed"),
        ("1,1,2", "event: found 3 cells, the header has 5"),
        ('1,1,2,"a"b,true', "event: not CSV: ',' expected after '\"'"),
    ],
)
def test_a_bad_row_is_named_and_the_next_one_read(row: str, reason: str) -> None:
    """Every bad row comes out with its line, its field and its text; good rows around it are sent."""
    items = read(f"id,age,bill,plan,vip\n1,1,1,a,true\n{row}\n2,2,2,b,false\n")
    assert [type(item) for item in items] == [Ready, Invalid, Ready]
    assert reason_of(items[1]) == (3, reason)
    assert isinstance(items[1], Invalid)
    assert items[1].original == row.encode()


def test_undecodable_bytes_reject_one_row_only() -> None:
    """A row in another encoding is rejected; the rest of the file goes."""
    items = read(b"id,age\n1,1\n\xff\xfe,2\n3,3\n")
    assert reason_of(items[1]) == (3, "event: not valid UTF-8")
    assert isinstance(items[2], Ready)


def test_a_quote_that_never_closes_costs_one_row() -> None:
    """The rows after an open quote are not swallowed."""
    rows = "".join(f"{number},{number}\n" for number in range(250))
    items = read(f'id,age\n"open,1\n{rows}')
    assert reason_of(items[0]) == (2, "event: not CSV: a quote is opened and never closed")
    assert sum(isinstance(item, Ready) for item in items) == 250


def test_a_quoted_cell_may_hold_line_ends() -> None:
    """A row over several lines is one row, numbered by its first line."""
    items = read('id,age,note\r\n1,1,"two\r\nlines"\r\n2,2,x\r\n')
    assert [item.line for item in items] == [2, 4]
    assert all(isinstance(item, Ready) for item in items)


def test_an_overlong_line_is_rejected_in_bounded_memory() -> None:
    """A line beyond the limit is cut, counted and rejected; reading goes on after it."""
    items = read(b"id,age\n" + b"x" * (3 * MAX_LINE_BYTES) + b"\n2,2\n")
    assert reason_of(items[0]) == (
        2,
        f"event: {3 * MAX_LINE_BYTES} bytes, at most {MAX_LINE_BYTES} allowed",
    )
    assert isinstance(items[0], Invalid)
    assert len(items[0].original) == 1000
    assert isinstance(items[1], Ready)


def test_byte_order_mark_blank_lines_and_windows_line_ends_are_fine() -> None:
    """A file as Excel writes it reads like any other."""
    items = read(b"\xef\xbb\xbfid,age\r\n\r\n1,1\r\n\r\n")
    assert [(item.line, data_of(item)) for item in items] == [(3, {"age": 1})]


def test_the_time_column_is_the_events_own_time() -> None:
    """With a time column, time comes from the row; a time without zone rejects that row."""
    items = read("id,age,at\n1,1,2026-11-20T09:00:00Z\n2,2,2026-11-20 09:00\n", time_column="at")
    assert isinstance(items[0], Ready)
    assert msgspec.json.decode(items[0].payload)["time"] == "2026-11-20T09:00:00.000Z"
    assert reason_of(items[1]) == (3, "at: expected RFC 3339 text with a time zone")


def test_rows_of_one_customer_in_one_millisecond_keep_their_order() -> None:
    """With equal times the event id decides which is newer, so ids rise with the rows."""
    items = read("id,age\n" + "1,1\n" * 2000)
    ids = [msgspec.json.decode(item.payload)["id"] for item in items if isinstance(item, Ready)]
    assert len(set(ids)) == 2000
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty; expected a header row"),
        (b"\n\n", "empty; expected a header row"),
        (b"id,age\n", "has a header and no rows"),
        (b"age,bill\n1,2\n", "no column 'id', which schema 'small' needs; found 'age', 'bill'"),
        (b"id,bill\n1,2\n", "no column 'age', which schema 'small' needs"),
        (b"id;age\n1;2\n", "found one column, 'id;age'; is it separated by ';' or tab\\? expected commas"),
        (
            b"id\tage\n1\t2\n",
            r"found one column, 'id\\tage'; is it separated by ';' or tab\? expected commas",
        ),
        (b"<!DOCTYPE html>\n<html>\n", "found one column, '<!DOCTYPE html>'; is it separated"),
        (b"a,b,c,d,e\x1b[31m,f,g\n", r"found 'a', 'b', 'c', 'd', 'e\\x1b\[31m', … \(7 in all\)$"),
        (b"x" * 500 + b",y\n", f"found '{'x' * 39}…', 'y'$"),
        (b"id,age,age\n1,2,3\n", "the header repeats 'age'"),
        ("id,age\n1,1\n".encode("utf-16"), "the header is not valid UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(content: bytes, message: str) -> None:
    """Nothing is sent from a file whose header does not fit; the message says what to mend."""
    with pytest.raises(SourceError, match=message) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_a_time_column_that_is_not_there_is_not_the_schemas_fault() -> None:
    """Who asked for the column is named, not the schema."""
    with pytest.raises(SourceError, match="no column 'when', which was given as time column; found 'id'"):
        read("id,age\n1,1\n", time_column="when")


def test_reading_goes_on_from_a_line() -> None:
    """Rows that begin before the line are left out; a row over several lines is never entered halfway."""
    text = 'id,age,note\n1,1,x\n2,2,"two\nlines"\n3,3,x\n'
    assert [item.line for item in read(text)] == [2, 3, 5]
    assert [item.line for item in read(text, from_line=3)] == [3, 5]
    assert [item.line for item in read(text, from_line=4)] == [5]
    assert read(text, from_line=6) == []


@pytest.mark.parametrize("name", ["customers.csv.gz", "customers.gz"])
def test_a_file_that_is_not_gzip_says_so(tmp_path: Path, name: str) -> None:
    """A suffix that promises what the file does not keep is named, whether or not it tells the format."""
    (tmp_path / name).write_bytes(b"id,age\n1,1\n")
    with pytest.raises(SourceError, match="and not compressed with gzip"):
        open_source(str(tmp_path / name), SMALL)


@pytest.mark.parametrize("name", ["customers.csv.gz", "customers.gz"])
def test_a_gzip_file_broken_at_its_start_says_so(tmp_path: Path, name: str) -> None:
    """Damage before the first line is no line number's fault."""
    packed = bytearray(gzip.compress(b"id,age\n" + b"1,1\n" * 500))
    packed[10:] = b"\xff" * len(packed[10:])
    (tmp_path / name).write_bytes(packed)
    with pytest.raises(SourceError, match="reading failed at its start"):
        open_source(str(tmp_path / name), SMALL)


def test_gzip_and_suffix_are_understood(tmp_path: Path) -> None:
    """customers.csv.gz is a CSV; a truncated one says so instead of ending early."""
    path = tmp_path / "customers.csv.gz"
    path.write_bytes(gzip.compress(b"id,age\n" + b"1,1\n" * 5_000))
    assert sum(1 for _ in open_source(str(path), SMALL)) == 5_000
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="is the file complete"):
        list(open_source(str(path), SMALL))


# Python 3.11 writes a bare carriage return without quotes, and then no reader takes it.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20)


@given(st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=1, max_size=8))
def test_any_cells_give_a_judged_event_or_a_reason(rows: list[tuple[str, ...]]) -> None:
    """Whatever is in the cells, every row comes out once, and what is ready is valid to the scorer."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("id", "age", "bill", "plan", "vip"), *rows])
    items = read(text.getvalue())
    written = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(written) <= len(items) <= len(rows)
    decode = EventDecoder(SMALL)
    for item in items:
        if isinstance(item, Ready):
            assert decode(item.payload, NOW_MS)


@given(st.binary(max_size=400))
def test_any_bytes_after_the_header_never_raise(body: bytes) -> None:
    """No row, however broken, stops the file."""
    for item in read(b"id,age\n1,1\n" + body):
        assert isinstance(item, Ready | Invalid)


@given(age=st.integers(0, 2**53 - 1), bill=st.floats(-1e30, 1e30), vip=st.booleans())
def test_written_values_are_read_back(age: int, bill: float, vip: bool) -> None:
    """What Python's csv writes is what the event carries."""
    [item] = read(f"id,age,bill,vip\n1,{age},{bill!r},{vip}\n")
    assert data_of(item) == {"age": age, "bill": bill, "vip": vip}


def test_the_real_table_is_valid_throughout() -> None:
    """All 7,043 rows of the public Telco sample are events; a blank TotalCharges is missing."""
    if not REAL_TABLE.parent.is_dir():
        pytest.skip("../shared/data is not there: the public Telco sample was NOT read")
    items = list(open_source(str(REAL_TABLE), TELCO))
    assert len(items) == 7043
    data = [data_of(item) for item in items]
    assert data[0] == TELCO_ROW
    assert sum(row["TotalCharges"] is None for row in data) == 11


def test_the_edge_is_the_scorers_own_judge() -> None:
    """A future time is refused at the edge as it would be by the scorer."""
    edge = Edge(SMALL, clock_ms=lambda: NOW_MS - 6 * 60 * 1000)
    [item] = read("id,age\n1,1\n")
    assert isinstance(item, Ready)
    rejected = edge.rejection_of(item.payload)
    assert rejected is not None
    assert rejected.kind is Rejection.FUTURE_TIME
