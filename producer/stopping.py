"""Stopping early: the signal that ends all waiting, and Ctrl-C taken between two events."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Stop(Protocol):
    """The part of threading.Event that a waiting sender needs."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class Interrupts:
    """Within this context the first Ctrl-C does not tear an event apart.

    While the next item is awaited it takes effect at once; while one is being handed over, just after.
    The second Ctrl-C is a KeyboardInterrupt wherever it lands, until `settle` is called. Outside the main
    thread, where Python allows no signal handlers, Ctrl-C stays what it was.
    """

    def __init__(self) -> None:
        self.asked = False
        self.exhausted = False
        self._waiting = False
        self._installed = False
        self._settled = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_signal)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._previous or signal.SIG_DFL)

    def _on_signal(self, *_: object) -> None:
        if self._settled:
            return
        if self.asked or self._waiting:
            raise KeyboardInterrupt
        self.asked = True

    def settle(self) -> None:
        """From now on Ctrl-C does nothing: what could be stopped has ended, and is being accounted for."""
        self._settled = True

    def until_asked(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, up to the first Ctrl-C; `exhausted` tells whether that was all of them."""
        iterator = iter(items)
        while not self.asked:
            try:
                self._waiting = True
                item = next(iterator)
            except StopIteration:
                self.exhausted = True
                return
            except KeyboardInterrupt:
                self.asked = True
                return
            finally:
                self._waiting = False
            yield item
