"""Between the event source and the function: invokes as Lambda does, also when all goes wrong."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.local.outcome import FunctionFailed, NotInvoked, Outcome, Returned
from tests.faults import network_faults
from tests.faults.edge import PUT, WRITE, Choose, Fault, Request
from tests.faults.function_process import ANSWERED, Fleet, Run
from tests.faults.journal import Entry, Journal, is_metrics
from tests.faults.models import Registry
from tests.faults.network_faults import first, held, passed
from tests.faults.plan import (
    ANSWER_LOST,
    HUNG,
    HURRIED,
    KILLED_AT_METRICS,
    KILLED_AT_ONCE,
    NOT_INVOKED,
    PLAIN,
    TOGETHER,
    TWICE,
    ZOMBIE,
    Batch,
    Delivery,
    Plan,
    anchor_of,
)

BROKEN_FOR = 6  # deliveries after which a broken champion is rolled back


@dataclass
class _Zombie:
    gate: threading.Event
    thread: threading.Thread
    due: int


class FaultyInvoker:
    """Runs the function on instances of a fleet, by the plan. Safe to call from several lanes at once."""

    def __init__(
        self,
        fleet: Fleet,
        plan: Plan,
        journal: Journal,
        registry: Registry,
        place_of: Mapping[str, int],
    ) -> None:
        """`place_of` gives the place of a record among all published, by its event id."""
        self._fleet = fleet
        self._plan = plan
        self._journal = journal
        self._registry = registry
        self._place_of = place_of
        self._lock = threading.Lock()
        self._attempts: Counter[int] = Counter()
        self._delivered = itertools.count(1)
        self._zombies: list[_Zombie] = []
        self._restore_at = 0

    def __call__(self, event: bytes) -> Outcome:
        """What came of one invocation, as the event source is told."""
        event_ids = tuple(record["eventID"] for record in json.loads(event)["Records"])
        with self._lock:
            number = next(self._delivered)
            places = tuple(self._place_of[event_id] for event_id in event_ids)
            anchor = anchor_of(places)
            self._attempts[anchor] += 1
            batch = Batch(places, anchor, self._attempts[anchor])
        self._release(number)
        delivery = self._plan.delivery(batch)
        action = self._registry_action(delivery, number)
        if delivery.how != PLAIN:
            self._journal.note(delivery.how)
        if delivery.how == NOT_INVOKED:
            return NotInvoked("TooManyRequestsException")
        if delivery.how in (TOGETHER, ZOMBIE):
            self._start_twin(event, event_ids, batch, delivery, number)
        outcome = self._outcome(self._run(event, event_ids, batch, delivery, action))
        if delivery.how == TOGETHER:
            self._release(number)
        if delivery.how == ANSWER_LOST:
            return FunctionFailed("the answer was lost")
        if delivery.how == TWICE:
            return self._outcome(self._run(event, event_ids, batch._replace(twin=1), delivery, None))
        return outcome

    def finish(self) -> None:
        """Let every zombie end, and roll back a broken champion."""
        self._release(None)
        if self._restore_at:
            self._registry.restore()

    def _run(
        self,
        event: bytes,
        event_ids: tuple[str, ...],
        batch: Batch,
        delivery: Delivery,
        action: Callable[[], None] | None,
        gate: threading.Event | None = None,
    ) -> Run:
        instance = self._fleet.take()
        try:
            if delivery.frozen_seconds:
                instance.edge.drop_connections()
                self._journal.note("frozen")
            if delivery.how == KILLED_AT_ONCE:
                instance.kill()
            # Where nothing is ever answered, the function has to notice by itself that its time is over.
            silence = threading.Event() if delivery.how == HURRIED else None
            instance.edge.begin(self._choose(batch, action, gate or silence, hung=delivery.how == HUNG))
            kill = is_metrics if delivery.how == KILLED_AT_METRICS and not batch.twin else _never
            run = instance.run(
                f"{batch.anchor}-{batch.attempt}-{batch.twin}",
                event,
                timeout_seconds=delivery.timeout_seconds,
                frozen_seconds=delivery.frozen_seconds,
                kill_at=kill,
            )
        finally:
            self._fleet.give_back(instance)
        if run.ended != ANSWERED:
            self._journal.note(f"function {run.ended}")
        lost = delivery.how == ANSWER_LOST or (delivery.how == TWICE and not batch.twin)
        self._journal.add(Entry(event_ids, run, counts=gate is None and not lost, twin=gate is not None))
        return run

    def _choose(
        self,
        batch: Batch,
        action: Callable[[], None] | None,
        gate: threading.Event | None,
        *,
        hung: bool,
    ) -> Choose:
        def choose(request: Request) -> Fault | None:
            fault = self._plan.fault(batch, request)
            if hung and request.operation in (WRITE, PUT):
                fault = network_faults.hung
            if gate is not None and not gate.is_set() and request.operation in (WRITE, PUT):
                fault = held(gate, fault or passed)
            if fault is not None:
                self._journal.note(fault.__name__)
            if action is not None and request.operation == WRITE and request.number == 1:
                fault = first(action, fault or passed)
            return fault

        return choose

    def _start_twin(
        self, event: bytes, event_ids: tuple[str, ...], batch: Batch, delivery: Delivery, number: int
    ) -> None:
        """Another instance gets the same batch; as a zombie it is held at its first write for long."""
        gate = threading.Event()
        if delivery.how == TOGETHER:
            gate.set()
        thread = threading.Thread(
            target=self._run,
            args=(event, event_ids, batch._replace(twin=1), delivery, None, gate),
            name="twin",
            daemon=True,
        )
        thread.start()
        due = number if delivery.how == TOGETHER else number + delivery.release_after
        with self._lock:
            self._zombies.append(_Zombie(gate, thread, due))

    def _release(self, number: int | None) -> None:
        """Let the zombies go on whose time has come, all of them where `number` is None, and await them."""
        with self._lock:
            due = [zombie for zombie in self._zombies if number is None or zombie.due <= number]
            self._zombies = [zombie for zombie in self._zombies if zombie not in due]
        for zombie in due:
            zombie.gate.set()
        for zombie in due:
            zombie.thread.join()

    def _registry_action(self, delivery: Delivery, number: int) -> Callable[[], None] | None:
        """Do what the plan wants of the registry now, or give it back to be done during the first write."""
        with self._lock:
            if self._restore_at and number >= self._restore_at:
                self._registry.restore()
                self._restore_at = 0
            if not delivery.registry:
                return None
            self._journal.note(f"champion: {delivery.registry}")
            if delivery.registry != "promote":
                self._restore_at = number + BROKEN_FOR
        name = delivery.registry

        def change() -> None:
            with self._lock:
                if name == "promote":
                    self._registry.promote()
                elif name == "spoil":
                    self._registry.spoil_pointer(b"{")
                else:
                    self._registry.promote_broken(name)

        if delivery.during:
            return change
        change()
        return None

    @staticmethod
    def _outcome(run: Run) -> Outcome:
        if run.returned is not None:
            return Returned(json.dumps(run.returned).encode())
        return FunctionFailed(run.answer.get("error", run.ended))


def _never(_: str) -> bool:
    return False
