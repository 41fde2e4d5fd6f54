"""Where every event of a load test ended, customer by customer, from the ledgers and the items themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from loadtest.accounting import Account
from loadtest.ledger import Ledgers, Published
from loadtest.table_query import Stored

QUERIES_IN_FLIGHT = 8
CUSTOMERS_AT_ONCE = 500  # whose events are in memory


@dataclass(frozen=True, slots=True)
class Settled:
    """One customer's part of the account; `last_scored_at` is RFC 3339 text, or empty."""

    written: int
    collapsed: int
    copies: int
    rejected: int
    missing: int
    stale: bool
    last_scored_at: str


def settle_customer(published: Published, stored: Iterable[Stored], rejected: Collection[str]) -> Settled:
    """Match one customer's events with the items.

    An event is written where its item is there; collapsed where a newer item of its customer is, for then
    the function had both in one batch; rejected where its bytes are kept. Ids are UUIDv7 made in the order of
    the events' times, so their order is that of the items.
    """
    items = {item.event_key.rpartition("#")[2].replace("-", ""): item.scored_at for item in stored}
    newest_stored = max(items, default="")
    written = collapsed = copies = refused = missing = 0
    seen: set[str] = set()
    for event in published.ids:
        if event in seen:
            copies += 1
            collapsed += 1
        elif event in items:
            written += 1
        elif event in rejected:
            refused += 1
        elif event < newest_stored:
            collapsed += 1
        else:
            missing += 1
        seen.add(event)
    last = max((items[event] for event in seen & items.keys()), default="")
    stale = max(seen, default="") > newest_stored
    return Settled(written, collapsed, copies, refused, missing, stale, last)


class Settlement:
    """The account of a whole run; looking again reads only what was incomplete before.

    `all_of` reads a customer's items. All events of a load test are valid, so whatever was rejected was
    misjudged, or given up on by Lambda.
    """

    def __init__(self, ledgers: Ledgers, all_of: Callable[[str], Iterable[Stored]]) -> None:
        self._ledgers = ledgers
        self._all_of = all_of
        self._ends: dict[str, Settled] = {}

    def look(self, rejected: Collection[str]) -> Account:
        """Where everything is at this moment; `rejected` are ids of events, as hexadecimal digits."""

        def settle(published: Published) -> tuple[str, Settled]:
            return published.customer, settle_customer(published, self._all_of(published.customer), rejected)

        open_ends = (each for each in self._ledgers.by_customer() if not self._is_settled(each.customer))
        with ThreadPoolExecutor(QUERIES_IN_FLIGHT) as pool:
            while some := list(islice(open_ends, CUSTOMERS_AT_ONCE)):
                self._ends.update(pool.map(settle, some))
        return self._account()

    @property
    def last_scored_at(self) -> str:
        """When the last event was scored, RFC 3339; empty where none was."""
        return max((end.last_scored_at for end in self._ends.values()), default="")

    def _is_settled(self, customer: str) -> bool:
        end = self._ends.get(customer)
        return end is not None and not (end.missing or end.stale)

    def _account(self) -> Account:
        ends = self._ends.values()
        rejections = sum(end.rejected for end in ends)
        return Account(
            published=self._ledgers.count,
            written=sum(end.written for end in ends),
            collapsed=sum(end.collapsed for end in ends),
            copies=sum(end.copies for end in ends),
            rejected=rejections,
            misjudged=rejections,
            missing=sum(end.missing for end in ends),
            stale=sum(end.stale for end in ends),
        )
