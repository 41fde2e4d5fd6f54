"""Names from somebody's file, in a message: a few, short, and safe to print."""

from __future__ import annotations

from collections.abc import Sequence

NAMES_SHOWN = 5
CHARS_SHOWN = 40


def listed(names: Sequence[str]) -> str:
    """The first few names, quoted, control characters escaped, and how many there are where that is more."""
    shown = ", ".join(repr(_short(name)) for name in names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown}, … ({len(names)} in all)"


def _short(name: str) -> str:
    return name if len(name) <= CHARS_SHOWN else name[: CHARS_SHOWN - 1] + "…"
