"""Rows that are not trained on, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_LINES_KEPT = 5


@dataclass(slots=True)
class SkippedRows:
    """Rows left out, by reason: how many, and the first lines (rows in memory count from 1).

    `examples` holds for each reason the first cell at fault, "" where no single cell is.
    """

    count: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    first_lines: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, line: int, cell: object = "") -> None:
        """Count one row."""
        self.count += 1
        self.by_reason[reason] = self.by_reason.get(reason, 0) + 1
        lines = self.first_lines.setdefault(reason, [])
        if len(lines) < FIRST_LINES_KEPT:
            lines.append(line)
        self.examples.setdefault(reason, str(cell))
