"""The account of a run, from ledgers on disk and the items of each customer."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.prediction import event_key
from loadtest.fresh_events import time_of
from loadtest.ledger import Ledgers, LedgerWriter, Made, Published
from loadtest.settlement import Settlement, settle_customer
from loadtest.table_query import Stored
from producer.event_ids import EventIds


def stored(event_id: str, scored_at: str = "2026-11-20T10:00:01.000Z") -> Stored:
    return Stored(event_key(time_of(event_id), event_id), scored_at)


def ids(count: int) -> list[str]:
    made = EventIds()
    return [made.new() for _ in range(count)]


def plain(event_ids: list[str]) -> list[str]:
    return [each.replace("-", "") for each in event_ids]


def test_each_event_of_a_customer_ends_in_one_place() -> None:
    """In the table, before the newest item, among the rejected, a copy, or missing."""
    first, second, third, fourth, fifth = ids(5)
    events = Published("ana", plain([first, second, second, third, fourth, fifth]))
    end = settle_customer(events, [stored(second), stored(fourth, "later")], set(plain([third])))
    assert (end.written, end.collapsed, end.copies, end.rejected, end.missing) == (2, 2, 1, 1, 1)
    assert end.stale
    assert end.last_scored_at == "later"


def test_items_of_others_count_for_nobody() -> None:
    """An item that this run did not publish is neither written by it nor makes it the last score."""
    mine, foreign = ids(2)
    end = settle_customer(Published("ana", plain([mine])), [stored(mine), stored(foreign, "z")], ())
    assert (end.written, end.missing, end.stale, end.last_scored_at) == (
        1, 0, False, "2026-11-20T10:00:01.000Z",
    )  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["item", "rejected", "gone"])), max_size=40))
def test_the_ledgers_account_for_every_event(tmp_path_factory, ends: list[tuple[int, str]]) -> None:  # type: ignore[no-untyped-def]
    """Whatever happened to each event, of two processes, the four ends sum to what was published."""
    folder: Path = tmp_path_factory.mktemp("ledgers")
    names = [["ana", "ben"], ["cat", "dan"]]
    writers = [LedgerWriter(folder, f"w{number}", customers) for number, customers in enumerate(names)]
    items: defaultdict[str, list[Stored]] = defaultdict(list)
    rejected: set[str] = set()
    made = EventIds()
    for place, end in ends:
        event = made.new()
        writers[place // 2].add([(place % 2, event)])
        if end == "item":
            items[names[place // 2][place % 2]].append(stored(event))
        elif end == "rejected":
            rejected.add(event.replace("-", ""))
    for writer in writers:
        writer.close()
    ledgers = Ledgers(folder)
    account = Settlement(ledgers, lambda customer: items[customer]).look(rejected)
    assert account.published == ledgers.count == len(ends)
    assert account.published == account.written + account.collapsed + account.rejected + account.missing
    assert account.written == sum(end == "item" for _, end in ends)
    assert account.rejected == account.misjudged == sum(end == "rejected" for _, end in ends)


def test_looking_again_reads_only_what_was_incomplete(tmp_path: Path) -> None:
    """A customer whose events are all found is not asked for again."""
    (early, late) = ids(2)
    writer = LedgerWriter(tmp_path, "w", ["ana", "ben"])
    writer.add([(0, early), (1, late)])
    writer.close()
    items = {"ana": [stored(early)], "ben": list[Stored]()}
    asked: list[str] = []

    def all_of(customer: str) -> list[Stored]:
        asked.append(customer)
        return items[customer]

    settlement = Settlement(Ledgers(tmp_path), all_of)
    assert settlement.look(()).missing == 1
    items["ben"] = [stored(late, "later")]
    assert settlement.look(()).complete
    assert sorted(asked) == ["ana", "ben", "ben"]
    assert settlement.last_scored_at == "later"


def test_the_ledgers_know_when_events_were_made(tmp_path: Path) -> None:
    """By the times in their ids, over all processes, from a moment on; of an empty folder there are none."""
    assert Ledgers(tmp_path).made_since(0) == Made(0, 0, 0)
    for number, time_ms in enumerate((1_700_000_001_500, 1_700_000_000_250)):
        writer = LedgerWriter(tmp_path, f"w{number}", ["ana"])
        writer.add([(0, EventIds().new(time_ms))])
        writer.close()
    ledgers = Ledgers(tmp_path)
    assert ledgers.made_since(0) == Made(2, 1_700_000_000.25, 1_700_000_001.5)
    assert ledgers.made_since(1_700_000_000.251) == Made(1, 1_700_000_001.5, 1_700_000_001.5)
