"""The phases of a match, on a contestant in memory that can be told to do wrong."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil
import pytest

from loadtest.compare import phases
from loadtest.compare.contest import make_payloads
from loadtest.compare.contestant import Contestant
from loadtest.compare.errors import ComparisonError
from loadtest.compare.store import Key, Store, key_of

SECONDS_UNTIL_UP = 0.15


class Table(Store):
    """A table in memory."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()

    def is_readable(self, key: Key) -> bool:
        return key in self.keys

    def probabilities(self, keys: Iterable[Key]) -> dict[Key, str]:
        return dict.fromkeys(self.keys & set(keys), "0.5")


class Scorer(Contestant):
    """Scores at once what is sent while it is up, and refuses what is sent before."""

    name, title, answers, file = "scorer", "a scorer in memory", True, Path(__file__)

    def __init__(self, table: Table, *, forgets: int = 0) -> None:
        self.stored = table
        self.starts = 0
        self._up_from = float("inf")
        self._forgets = forgets

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.starts += 1
        self._up_from = time.monotonic() + SECONDS_UNTIL_UP

    def stop(self) -> None:
        self._up_from = float("inf")

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process()]

    def send(self, payload: bytes) -> bool:
        if time.monotonic() < self._up_from:
            return False
        if self._forgets:
            self._forgets -= 1
        else:
            self.stored.keys.add(key_of(payload))
        return True

    def send_all(self, payloads: Sequence[bytes]) -> int:
        return sum(map(self.send, payloads))

    def send_at(self, payloads: Sequence[bytes], rate: float) -> int:
        taken = 0
        for payload in payloads:
            taken += self.send(payload)
            time.sleep(1 / rate)
        return taken


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in memory takes long."""
    for name, seconds in (("PATIENCE", 0.4), ("ANSWERED", 0.05), ("SETTLE_LOOK", 0.01)):
        monkeypatch.setattr(phases, f"{name}_SECONDS", seconds)


@pytest.fixture
def table() -> Table:
    return Table()


def up(table: Table, *, forgets: int = 0) -> Scorer:
    """A scorer that has come up."""
    scorer = Scorer(table, forgets=forgets)
    scorer.start()
    time.sleep(SECONDS_UNTIL_UP)
    return scorer


def test_a_cold_start_ends_with_the_first_score(table: Table) -> None:
    """The event is sent until it is taken; one that is never taken, or never scored, is said."""
    (payload,) = make_payloads(1)
    scorer = Scorer(table)
    assert phases.cold_start(scorer, table, payload) > 0
    assert (scorer.starts, table.is_readable(key_of(payload))) == (1, True)
    table.keys.clear()
    with pytest.raises(ComparisonError, match="first score was not there"):
        phases.cold_start(Scorer(table, forgets=1), table, payload)


def test_a_burst_counts_only_when_every_event_has_a_score(table: Table) -> None:
    """Otherwise there is no figure: events refused, or taken and forgotten."""
    payloads = make_payloads(40)
    assert phases.burst(up(table), table, payloads) < 0.4
    table.keys.clear()
    with pytest.raises(ComparisonError, match="left 3 of 40 events unscored"):
        phases.burst(up(table, forgets=3), table, payloads)
    with pytest.raises(ComparisonError, match="refused 40 of 40 events"):
        phases.burst(Scorer(table), table, payloads)


def test_a_probe_knows_when_it_was_answered_and_when_it_could_be_read(table: Table) -> None:
    """A refusal is no latency."""
    (payload,) = make_payloads(1)
    probed = phases.probe(up(table), table, payload)
    assert 0 < probed.sent <= probed.readable < 0.4
    with pytest.raises(ComparisonError, match="refused an event"):
        phases.probe(Scorer(table), table, payload)


def test_what_is_sent_while_it_is_down_is_lost(table: Table) -> None:
    """It is killed once and started once; what came before and after has its score."""
    payloads = make_payloads(50)
    scorer = up(table)
    missing = phases.crash(scorer, table, payloads, rate=100)
    assert scorer.starts == 2
    assert 5 <= missing <= 25
    found = [table.is_readable(key_of(payload)) for payload in payloads]
    assert found[0]
    assert found[-1]
