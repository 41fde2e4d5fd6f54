"""A load test from its first put to its account: run Locust, wait until all is settled, count, measure."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contract.event import parse_time
from loadtest.accounting import Account, identity
from loadtest.advice import BatchTiming
from loadtest.deployment import Deployment
from loadtest.ledger import Ledgers
from loadtest.locust_results import PUBLISH, Requests, read_generator, read_requests
from loadtest.locust_run import LOG, LocustError, Plan, run_locust
from loadtest.measured import Measured
from loadtest.process_watch import ProcessWatch
from loadtest.settlement import Settlement
from loadtest.shapes import publishers_at
from loadtest.table_query import TableQuery

MARGIN = timedelta(minutes=2)  # metrics are kept by the minute
AGE_PATIENCE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 0.5

OnProgress = Callable[[float, float, str], object]


@dataclass(frozen=True, slots=True)
class Conducted:
    """A run's figures, and the cores that the stage's own processes took meanwhile (none on AWS)."""

    measured: Measured
    cores: dict[str, float]
    timing: BatchTiming | None


@dataclass(frozen=True)
class Conductor:
    """Runs load tests against one deployment. `patience_seconds` is how long nothing may move at the end."""

    deployment: Deployment
    table: TableQuery
    processes: ProcessWatch
    patience_seconds: float
    on_progress: OnProgress

    def run(self, plan: Plan, folder: Path) -> Conducted:
        """One whole run, with everything it writes under `folder`. Raises LocustError."""
        window = datetime.now(UTC) - MARGIN
        before, known = self.deployment.totals(start=window), self.deployment.rejected_events()
        cores = self._load(plan, folder)
        ledgers = Ledgers(folder)
        if not ledgers.count:
            raise _nothing_published(folder)
        settled = self.deployment.wait_for_metrics(
            before,
            ledgers.count,
            self.patience_seconds,
            lambda done, total: self.on_progress(done, total, "settling"),
            window_start=window,
        )
        settlement = Settlement(ledgers, self.table.all_of)
        account = self._settle(settlement, known, self.patience_seconds if settled else 0.0)
        generator = read_generator(folder)
        made = ledgers.made_since(generator.measuring_since)
        measuring = datetime.fromtimestamp(generator.measuring_since, UTC)
        publishing_seconds = max(made.last - made.first, plan.run_seconds)
        last_score = settlement.last_scored_at
        end = parse_time(last_score) / 1000 if last_score else time.time()
        measured = Measured(
            account=account,
            made=made.events,
            requests=read_requests(folder),
            generator=generator,
            # Locust looks at the time once a second, so a run may last a little longer than planned.
            asked_events=asked_events(plan) * publishing_seconds / plan.run_seconds,
            publishing_seconds=publishing_seconds,
            settled_seconds=max(end - made.first, plan.run_seconds),
            iterator_age_ms=self._iterator_age(measuring),
            counted=self.deployment.counted_since(before, window),
        )
        return Conducted(measured, cores, self.deployment.batch_timing(measuring))

    def _load(self, plan: Plan, folder: Path) -> dict[str, float]:
        """Run Locust; the cores that the stage's processes took meanwhile."""
        total = plan.warm_up_seconds + plan.run_seconds
        self.processes.start()
        run_locust(plan, folder, on_progress=lambda passed: self.on_progress(passed, total, "publishing"))
        return self.processes.cores()

    def _settle(self, settlement: Settlement, known: set[str], patience_seconds: float) -> Account:
        """By the items, which alone decide: the metrics may have counted what others published."""
        least_missing, moved = math.inf, time.monotonic()
        while True:
            account = settlement.look(self._rejected_ids(known))
            if account.missing < least_missing:
                least_missing, moved = account.missing, time.monotonic()
            if not (account.missing or account.stale) or time.monotonic() - moved >= patience_seconds:
                return account
            time.sleep(LOOK_AGAIN_SECONDS)

    def _rejected_ids(self, known: set[str]) -> set[str]:
        found = map(identity, self.deployment.rejected_payloads(except_events=known))
        return {each[1].rpartition("#")[2].replace("-", "") for each in found if each}

    def _iterator_age(self, start: datetime) -> float | None:
        deadline = time.monotonic() + max(AGE_PATIENCE_SECONDS, self.patience_seconds)
        while (age := self.deployment.iterator_age_ms(start)) is None and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_SECONDS)
        return age


def _nothing_published(folder: Path) -> LocustError:
    failed = read_requests(folder).get(PUBLISH, Requests()).failures
    return LocustError(
        f"nothing was published, {failed} puts failed: see locust_failures.csv and {folder / LOG}"
    )


def asked_events(plan: Plan) -> float:
    """How many events the plan's shape asks for, second by second as Locust looks at it."""
    each = plan.rate / plan.publishers
    whole = int(plan.run_seconds)
    users = [publishers_at(plan.shape, s, plan.run_seconds, plan.publishers) for s in range(whole)]
    return each * (sum(users) + (plan.run_seconds - whole) * (users[-1] if users else plan.publishers))
