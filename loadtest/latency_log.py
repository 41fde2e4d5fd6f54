"""The latency of every probe, exactly: Locust rounds to 10 ms above 100, where limits lie."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

LATENCIES = ".latencies"
ENTRY = np.dtype("<f4")  # milliseconds


class LatencyLog:
    """Appends to one file; a probe is in it once `add` returns."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / f"{name}{LATENCIES}").open("ab", buffering=0)

    def add(self, milliseconds: float) -> None:
        self._file.write(np.array(milliseconds, ENTRY).tobytes())

    def forget(self) -> None:
        """Begin again."""
        self._file.truncate(0)

    def close(self) -> None:
        self._file.close()


def read_latencies(folder: Path) -> Counter[float]:
    """How often each latency was measured, in milliseconds to a tenth, over all processes."""
    found: Counter[float] = Counter()
    for path in sorted(folder.glob(f"*{LATENCIES}")):
        found.update(np.fromfile(path, ENTRY).astype(float).round(1).tolist())
    return found
