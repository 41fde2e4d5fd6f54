"""How the pages put figures."""

from __future__ import annotations

from contract.manifest import Spread


def percent(share: float) -> str:
    """`29%`; one decimal below ten per cent where it says more."""
    value = 100 * share
    if 0 < abs(value) < 0.05:
        return "<0.1%"
    return f"{value:.1f}%" if 0 < abs(value) < 9.95 and abs(value - round(value)) >= 0.05 else f"{value:.0f}%"


def plus_minus(spread: Spread | None, decimals: int = 3) -> str:
    """`0.850 ± 0.012`; a dash where it was not measured."""
    return "–" if spread is None else f"{spread.mean:.{decimals}f} ± {spread.std:.{decimals}f}"


def number(value: float) -> str:
    """Four significant digits, with thousands apart: `1,397`, `0.03217`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def columns(*rows: tuple[object, ...]) -> tuple[tuple[str, ...], ...]:
    """Rows of a small table as text, header first."""
    return tuple(tuple(str(cell) for cell in row) for row in rows)
