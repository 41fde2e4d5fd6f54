"""Which rows a version was trained on: a sorted list of fingerprints, so that a duel can leave them out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.errors import RegistryError

ROWS_FILE = "rows.bin"
STORED = np.dtype("<u8")

Fingerprints = NDArray[np.uint64]


def encode_rows(fingerprints: Fingerprints) -> bytes:
    """Sorted 64-bit little-endian fingerprints: whoever has a row can tell whether it was among them."""
    return np.sort(fingerprints).astype(STORED).tobytes()


def decode_rows(raw: bytes, version: str) -> Fingerprints:
    """What `encode_rows` wrote, sorted. Raises RegistryError where it cannot be that."""
    if len(raw) % STORED.itemsize:
        raise RegistryError(
            f"model {version}: its {ROWS_FILE} has {len(raw):,} bytes, expected a multiple of "
            f"{STORED.itemsize}; it is damaged, so train again"
        )
    return np.sort(np.frombuffer(raw, dtype=STORED).astype(np.uint64))


def seen(rows: Fingerprints, trained_on: Fingerprints) -> NDArray[np.bool_]:
    """Which of `rows` are among the sorted `trained_on`. A row equal in all cells to one of them counts."""
    if not len(trained_on):
        return np.zeros(len(rows), dtype=np.bool_)
    places = np.minimum(np.searchsorted(trained_on, rows), len(trained_on) - 1)
    found: NDArray[np.bool_] = trained_on[places] == rows
    return found
