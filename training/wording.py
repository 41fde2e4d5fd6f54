"""How messages put counts, and names that came out of somebody's file."""

from __future__ import annotations

from collections.abc import Sequence

NAMES_SHOWN = 5
CHARS_SHOWN = 40


def counted(count: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`; `many` where an s is not enough."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def printable(text: str, longest: int = CHARS_SHOWN) -> str:
    """Text that is safe on one line of a terminal: cut to `longest`, control characters escaped."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)


def quoted(text: str) -> str:
    """A value from the file, between quotes."""
    return f"'{printable(text)}'"


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many there are where that is more."""
    shown = ", ".join(printable(name) or "''" for name in names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}, … ({len(names)} in all)"
