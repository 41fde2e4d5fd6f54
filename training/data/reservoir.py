"""A fair sample of a stream, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Name = TypeVar("Name", bound=Hashable)
Positions: TypeAlias = NDArray[np.int64]

OVERFULL = 1.5  # how far beyond its size a sample may grow before it is thinned


class Reservoir(Generic[Name]):
    """At most `size` rows of a stream, each with the same chance, in the stream's order.

    Every row draws a random number, and the rows of the `size` smallest stay. So the sample depends on the
    seed and the rows' order alone, not on how many come at a time, and it has the classes of the whole but
    for chance. `seen` counts the rows offered.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.seen = 0
        self.held = 0
        self._size = size
        self._random = np.random.default_rng(seed)
        self._highest = np.inf  # no row that draws more can be in the sample
        self._draws: list[NDArray[np.float64]] = []
        self._parts: list[Mapping[Name, NDArray[Any]]] = []

    def offer(self, count: int, take: Callable[[Positions], Mapping[Name, NDArray[Any]]]) -> None:
        """The next `count` rows; `take` gives the columns of those that may stay, by position among them."""
        draws = self._random.random(count)
        chosen = np.flatnonzero(draws <= self._highest)
        self.seen += count
        self.held += len(chosen)
        self._draws.append(draws[chosen])
        self._parts.append(take(chosen))
        if self.held > OVERFULL * self._size:
            self._thin()

    def columns(self) -> dict[Name, NDArray[Any]]:
        """The sample, one array per column. Something must have been offered."""
        self._thin()
        return dict(self._parts[0])

    def _thin(self) -> None:
        draws = np.concatenate(self._draws)
        names = list(self._parts[0])
        # Column by column, so that no more than one is held twice.
        if self.held > self._size:
            stay = np.sort(np.argsort(draws, kind="stable")[: self._size])
            columns = {name: np.concatenate([part[name] for part in self._parts])[stay] for name in names}
            draws = draws[stay]
            self._highest = float(draws.max())
        else:
            columns = {name: np.concatenate([part[name] for part in self._parts]) for name in names}
        self._draws, self._parts, self.held = [draws], [columns], len(draws)
