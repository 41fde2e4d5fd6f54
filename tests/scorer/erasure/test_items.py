"""A customer's items: all of them, through refusals and pages, and nobody else's."""

from __future__ import annotations

import pytest

from scorer.backoff import Patience
from scorer.erasure.items import CustomerItems
from scorer.errors import StillArrivingError, StorageError
from tests.scorer.erasure.fake_table import FakeTable
from tests.scorer.fakes import client_error


def filled(table: FakeTable, count: int) -> FakeTable:
    table.items = {("a", f"{n:04d}") for n in range(count)} | {("b", "0001")}
    return table


def items_of(table: FakeTable) -> CustomerItems:
    now = [0.0]
    patience = Patience(monotonic=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s))
    return CustomerItems(table, "predictions", patience=patience)


@pytest.mark.parametrize("count", [0, 1, 25, 26, 111])
def test_all_items_go_and_no_others(count: int) -> None:
    """Over several pages, 25 at most in a write, counted."""
    table = filled(FakeTable(), count)
    assert items_of(table).count("a") == count
    assert items_of(table).delete("a") == count
    assert table.items == {("b", "0001")}
    assert sum(table.writes) == count


def test_what_was_left_unprocessed_is_sent_again_and_nothing_else() -> None:
    """Twenty left, then five, then none: three requests for twenty-five items."""
    table = filled(FakeTable(lambda number: (20, 5, 0)[number]), 25)
    assert items_of(table).delete("a") == 25
    assert (table.items, table.writes) == ({("b", "0001")}, [25, 20, 5])


def test_a_table_that_never_gets_on_is_one_line() -> None:
    """The retries end."""
    with pytest.raises(StorageError, match="left items undeleted for 60 s; run this again"):
        items_of(filled(FakeTable(lambda _: 99), 3)).delete("a")


def test_a_score_that_is_written_meanwhile_is_deleted_too() -> None:
    """The table is looked at again after the last delete."""
    table = filled(FakeTable(), 1)
    table.after_write = lambda: table.items.add(("a", "late")) if len(table.writes) == 1 else None
    assert items_of(table).delete("a") == 2
    assert table.items == {("b", "0001")}


def test_scores_that_come_without_end_are_told() -> None:
    """Nothing is said to be erased that is not."""
    table = filled(FakeTable(), 1)
    table.after_write = lambda: table.items.add(("a", f"late {len(table.writes)}"))
    with pytest.raises(StillArrivingError, match="as fast as they are deleted"):
        items_of(table).delete("a")


def test_a_refusal_names_the_table_and_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing."""

    def refuse(**_: object) -> None:
        raise client_error("AccessDeniedException")

    table = filled(FakeTable(), 1)
    monkeypatch.setattr(table, "batch_write_item", refuse)
    with pytest.raises(StorageError, match=r"table predictions cannot be written \(AccessDeniedException\)"):
        items_of(table).delete("a")
    monkeypatch.setattr(table, "query", refuse)
    with pytest.raises(StorageError, match="cannot be read"):
        items_of(table).count("a")
