"""What was published, event by event, on disk: a long run takes no more memory than a short one.

Each process of the generator writes one ledger: 20 bytes per event that the stream took, in any order.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

ENTRY = struct.Struct("<I16s")  # the customer's number, the event's id
ENTRY_DTYPE = np.dtype([("customer", "<u4"), ("id", "V16")])
CUSTOMERS, ENTRIES = ".customers.json", ".published"


class LedgerWriter:
    """Appends to one ledger; every entry is in the file once `add` returns."""

    def __init__(self, folder: Path, name: str, customers: Sequence[str]) -> None:
        (folder / f"{name}{CUSTOMERS}").write_text(json.dumps(list(customers)))
        self._file = (folder / f"{name}{ENTRIES}").open("ab", buffering=0)

    def add(self, entries: Iterable[tuple[int, str]]) -> None:
        """Note events by their customer's number and their id (a UUID)."""
        packed = [ENTRY.pack(customer, bytes.fromhex(name.replace("-", ""))) for customer, name in entries]
        self._file.write(b"".join(packed))

    def close(self) -> None:
        self._file.close()


class Published(NamedTuple):
    """All events of one customer that the stream took; ids as 32 hexadecimal digits."""

    customer: str
    ids: list[str]


class Made(NamedTuple):
    """How many events, and when the first and the last were made, in seconds since 1970."""

    events: int
    first: float
    last: float


class Ledgers:
    """All ledgers of a folder. Customers of different ledgers are different, as their prefixes are."""

    def __init__(self, folder: Path) -> None:
        self._names = sorted(path.name.removesuffix(ENTRIES) for path in folder.glob(f"*{ENTRIES}"))
        self._folder = folder

    @property
    def count(self) -> int:
        """How many events were published."""
        return sum(path.stat().st_size // ENTRY.size for path in map(self._entries, self._names))

    def by_customer(self) -> Iterator[Published]:
        """Every customer to whom something was published."""
        for name in self._names:
            customers = json.loads((self._folder / f"{name}{CUSTOMERS}").read_text())
            entries = np.fromfile(self._entries(name), dtype=ENTRY_DTYPE)
            order = np.argsort(entries["customer"], kind="stable")
            numbers = entries["customer"][order]
            changes = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
            for places in np.split(order, changes) if len(numbers) else ():
                ids = entries["id"][places].tobytes().hex()
                found = [ids[start : start + 32] for start in range(0, len(ids), 32)]
                yield Published(customers[int(entries["customer"][places[0]])], found)

    def made_since(self, start: float) -> Made:
        """The events made at or after `start`, in seconds since 1970."""
        count, firsts, lasts = 0, [], []
        for name in self._names:
            entries = np.fromfile(self._entries(name), dtype=np.uint8).reshape(-1, ENTRY.size)
            # The first 48 bits of a UUIDv7 are its milliseconds.
            milliseconds = entries[:, 4:10].astype(np.int64) @ (256 ** np.arange(5, -1, -1, dtype=np.int64))
            milliseconds = milliseconds[milliseconds >= start * 1000]
            if len(milliseconds):
                count += len(milliseconds)
                firsts.append(int(milliseconds.min()))
                lasts.append(int(milliseconds.max()))
        return Made(count, min(firsts, default=0) / 1000, max(lasts, default=0) / 1000)

    def _entries(self, name: str) -> Path:
        return self._folder / f"{name}{ENTRIES}"
