"""Tables judged by column take the rows, and give the reasons, of an event decoder that sees row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.inputs import columns_of, to_inputs
from contract.row import RowDecoder, explain
from tests.training.tables import SHOP
from training.data.cells import read_column
from training.data.csv_blocks import CsvBlocks
from training.data.rows import RowJudge
from training.data.skipped import SkippedRows
from training.data.source import Chunk
from training.errors import DatasetError

NUMBERS = ["0", "1", " 1 ", "1.0", "2.5", "-1", "601", "1e3", "1e400", "-1001", "nan", "1_0", "٣", "9" * 16]
TEXTS = st.sampled_from(["", " ", "true", "FALSE", "basic", " pro ", "gold", "no", "yes", *NUMBERS])
ODD = [None, True, False, 2**60, float("nan"), float("inf"), [], {"a": 1}, b"x"]
PLAIN = [0, 1, 2, -1, 600, 0.0, 1.0, 2.5, np.float32(2.5), np.int64(3), np.bool_(True), np.str_("pro")]
TYPED = st.sampled_from([*ODD, *PLAIN])


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    """Columns of the shop, of text or of anything."""
    rows = draw(st.integers(1, 12))
    cells = TEXTS if draw(st.booleans()) else TEXTS | TYPED
    names = [*SHOP.feature_names, "customer"]
    columns = {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name in names}
    columns["left"] = draw(st.lists(TEXTS, min_size=rows, max_size=rows))
    return Chunk(columns, range(2, rows + 2))


def row_by_row(chunk: Chunk) -> tuple[list[int], list[tuple[Any, ...]], dict[int, str]]:
    """The rows an event decoder accepts, what they carry, and why it refuses the others."""
    decoder = RowDecoder(SHOP).struct
    columns = [read_column(feature, chunk.columns[feature.name]) for feature in SHOP.features]
    accepted, rows, reasons = [], [], {}
    for number, values in enumerate(zip(*columns, strict=True)):
        if not chunk.columns["left"][number].strip():
            reasons[number] = "left: blank label"
            continue
        data = {n: v for n, v in zip(SHOP.feature_names, values, strict=True) if v is not None}
        try:
            rows.append(msgspec.structs.astuple(msgspec.convert(data, decoder)))
            accepted.append(number)
        except msgspec.ValidationError as error:
            reasons[number] = explain(str(error).replace("- at `$", "- at `$.data", 1)).reason
    return accepted, rows, reasons


@given(st.lists(chunks(), min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_columns_are_judged_as_rows_are(given_chunks: list[Chunk]) -> None:
    """The same rows, the same inputs, the same reasons; also after other chunks were read."""
    judge = RowJudge(SHOP)
    for chunk in given_chunks:
        skipped = SkippedRows()
        judged = judge.judge(chunk, skipped)
        accepted, rows, reasons = row_by_row(chunk)
        assert judged.accepted.tolist() == accepted
        assert sorted(skipped.by_reason) == sorted(set(reasons.values()))
        assert skipped.count == len(reasons)
        picked = {n: [values[row] for row in accepted] for n, values in judged.values.items()}
        expected = to_inputs(columns_of(rows, SHOP), SHOP)
        for name, column in to_inputs(picked, SHOP).items():
            np.testing.assert_array_equal(column, expected[name])


LINES = st.sampled_from(
    ["a,b\n", "a\n", "\n", "  \n", '"a",b\n', '"a\n', 'b",c\n', '"a"x,b\n', "a,b\r\n", '"",""\n', "a,b,c\n"]
)


def one_by_one(text: str) -> Iterator[tuple[int, Sequence[str] | str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        row: Sequence[str] | str | None
        try:
            row = next(reader, None)
        except csv.Error as error:
            row = f"row: not CSV: {error}"
            if "unexpected end" in str(error):
                raise DatasetError(f"t: a quote is opened on line {line} and never closed") from None
        if row is None:
            return
        if len(row) > 1 or (row and row[0].strip()):
            yield line, row


@given(st.lists(LINES, max_size=12).map("".join), st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_rows_and_lines_do_not_depend_on_how_many_lines_come_at_a_time(text: str, size: int) -> None:
    """Quotes over several lines, broken rows and blank lines fall where they fall."""
    blocks = CsvBlocks(iter(io.StringIO(text, newline="")), "t")
    found: list[tuple[int, Any]] = []

    def read() -> None:
        while block := blocks.next(size):
            found.extend(
                sorted([*zip(block.lines, block.rows, strict=True), *block.broken], key=lambda r: r[0])
            )

    try:
        expected = list(one_by_one(text))
    except DatasetError as error:
        with pytest.raises(DatasetError, match=str(error)):
            read()
        return
    read()
    assert found == expected
