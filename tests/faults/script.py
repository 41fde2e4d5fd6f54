"""A scenario: the faults that one test is about, and no others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tests.faults.edge import Fault, Request
from tests.faults.plan import Batch, Delivery


@dataclass
class _Line:
    fault: Fault
    operation: str
    subject: str
    times: int
    skip: int
    twin: int | None


@dataclass
class Script:
    """A scenario: faults in the order of their lines, each so many times, and deliveries by number."""

    lines: list[_Line] = field(default_factory=list)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    always: Delivery = field(default_factory=Delivery)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._delivered = 0

    def on(
        self,
        operation: str,
        *faults: Fault,
        subject: str = "",
        times: int = 1,
        skip: int = 0,
        twin: int | None = None,
    ) -> Script:
        """After `skip` requests of an operation (about `subject`) the next meet these faults, in turn."""
        for fault in faults:
            self.lines.append(_Line(fault, operation, subject, times, skip, twin))
            skip = 0
        return self

    def deliver(self, number: int, delivery: Delivery) -> Script:
        """The `number`-th delivery (from 1) goes this way."""
        self.deliveries[number] = delivery
        return self

    def delivery(self, batch: Batch) -> Delivery:
        with self._lock:
            self._delivered += 1
            return self.deliveries.get(self._delivered, self.always)

    def fault(self, batch: Batch, request: Request) -> Fault | None:
        with self._lock:
            for line in self.lines:
                fits = line.operation == request.operation and line.subject in request.subject
                if line.times and fits and line.twin in (None, batch.twin):
                    if line.skip:
                        line.skip -= 1
                        return None
                    line.times -= 1
                    return line.fault
        return None
