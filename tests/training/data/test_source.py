"""Files that are a table are read, and the others say in one line what they are."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.training.tables import SHOP, shop_rows, write_csv
from training.data.dataset import read_table
from training.errors import DatasetError

HEADER = b"customer,months,spend,plan,senior,app,left\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty; expected a header"),
        (b"customer,months,spend,plan,senior,app,left\n", "a header and no rows"),
        (b"customer,months,spend,plan\nc1,1,2,basic\n", "no column for label left; feature senior (schema"),
        (b"a,b\n1,2\n", "no column for id customer; label left; feature months, spend, plan, senior, app"),
        (b"customer,months\xff\n", "not UTF-8 (byte 16 of line 1 is 0xff), probably ISO-8859-1; convert"),
        (
            HEADER + b"c,1,2,b\xe9,1,,no\n",
            "not UTF-8 (byte 8 of line 2 is 0xe9), probably ISO-8859-1; "
            "convert it: iconv -f ISO-8859-1 -t UTF-8 OLD.csv > NEW.csv",
        ),
        (HEADER + b"c,1,2,b\x92s,1,,no\n", "0x92), probably WINDOWS-1252; convert it: iconv -f WINDOWS-1252"),
        (gzip.compress(HEADER + b"c,1,2,b\xe9,1,,no\n", mtime=0), "not UTF-8 (byte 8 of line 2 is 0xe9)"),
        (HEADER.decode().encode("utf-16"), "not UTF-8 but UTF-16; convert it: iconv -f UTF-16 -t UTF-8"),
        (
            HEADER + b"c,1,2,basic,1,,no,9,9\n",
            "no row of 1 can be trained on (row: too many cells for the header",
        ),
        (HEADER + b"c,1,2,basic,1,,no\n" * 9, "holds 1 value (no) in 9 rows; expected exactly two"),
        (HEADER + b"c,x,2,basic,1,,no\n", "no row of 1 can be trained on (months: expected integer, got"),
        (HEADER + b'"c,1,2,basic,1,,no\n', "a quote is opened on line 2 and never closed"),
        (HEADER + b'"c,1,2\n' + b"c,1,2,basic,1,,no\n" * 300 + b'"\n', "a quote is opened on line 2"),
        (b"customer, months,months \n1,2,3\n", "the header repeats months; expected every column once"),
        (b'"customer"x,months\n', "the header is no row: not CSV"),
        (
            b"customer;months;left\nc;1;no\n",
            "found one column, 'customer;months;left'; is it separated by ';'",
        ),
        (b"customer\tmonths\tleft\n", r"found one column, 'customer\tmonths\tleft'; is it"),
        (
            b"\n<!DOCTYPE html>\n<html lang=en>\n",
            "a web page, not a CSV; give the address of the file itself",
        ),
        (b"PK\x03\x04rest", "a zip archive or a spreadsheet; expected CSV text"),
        (gzip.compress(HEADER * 99, mtime=0)[:-20], "the gzip file is cut short"),
        (gzip.compress(HEADER, mtime=0) + b"tail", "the gzip file is damaged (Not a gzipped file"),
        (gzip.compress(HEADER, mtime=0)[:10] + b"\xff" * 40, "the gzip file is damaged (Error -3"),
        (
            b"id\x1b[2J," + b",".join(b"c%d" % i for i in range(30)) + b"\n",
            r"found: id\x1b[2J, c0, c1, c2, c3, … (31",
        ),
    ],
)
def test_a_file_that_cannot_be_trained_on_says_why_in_one_line(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    """Every unusable file names itself, what was found and what was expected."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_table(path, SHOP)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that is not there is one line."""
    with pytest.raises(DatasetError, match=r"nowhere\.csv: no such file"):
        read_table(tmp_path / "nowhere.csv", SHOP)


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    """A folder is there, so it is not said to be missing."""
    with pytest.raises(DatasetError, match="a folder; expected a CSV file"):
        read_table(tmp_path, SHOP)


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    """Compressed and plain files give the same table, whatever they are called."""
    plain = write_csv(tmp_path / "shop.csv", shop_rows(50))
    for name in ("shop.csv.gz", "download"):
        (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
        assert read_table(tmp_path / name, SHOP).ids == read_table(plain, SHOP).ids


def test_lines_stay_true_over_blank_lines_and_line_ends_in_cells(tmp_path: Path) -> None:
    """A skipped row is named by the line it starts on."""
    row = "c{},1,2,{},1,,{}\n"
    text = "".join(row.format(i, '"ba\nsic"', "no" if i % 2 else "yes") + "  \n" for i in range(20))
    path = tmp_path / "shop.csv"
    path.write_text("\n" + HEADER.decode() + text + 'c,1,2,"ba"sic,1,,no\nc,-1,2,basic,1,,no\n')
    table = read_table(path, SHOP)
    assert table.rows == 20
    assert table.skipped.first_lines == {
        "row: not CSV: ',' expected after '\"'": [63],
        "months: expected integer >= 0": [64],
    }
