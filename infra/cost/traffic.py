"""From a load to what AWS counts: shards, invocations, items written, and how long an invocation takes.

Every formula is smooth on purpose: a mean batch stands for many batches of different sizes, and rounding the
mean up would invent steps that no bill has. docs/cost.md says where each comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.cost.load import ON_DEMAND, SECONDS_PER_MONTH, Deployment, Load
from infra.cost.measured import Measured

SHARD_EVENTS = 1000  # records a second that a shard takes
SHARD_BYTES = 1_000_000  # bytes a second that a shard takes
ON_DEMAND_SHARDS = 4  # of a new on-demand stream: 4 MB/s
ON_DEMAND_HEADROOM = 2  # on demand holds twice the highest peak of the last 30 days
POLL_SECONDS = 1.0  # Lambda reads a shard once a second
PUSH_SECONDS = 0.2  # with enhanced fan-out Kinesis pushes, several times a second
INVOCATION_BYTES = 6 * 2**20  # of a synchronous invocation
RECORD_ENVELOPE_BYTES = 400  # of each record's JSON besides its base64 data
ITEMS_PER_WRITE, WRITES_IN_FLIGHT = 25, 8  # scorer/table.py; a test compares
ONE_CPU_MEGABYTES = 1769  # memory at which Lambda gives one vCPU; less memory, less CPU
COLD_START_HOURS = 2  # assumed: after so long Lambda replaces an execution environment


@dataclass(frozen=True, slots=True)
class Traffic:
    """One month. Batches are means; `busy` is the share of its time that a lane works at the peak: above 1
    the scorer falls behind.
    """

    shards: int
    lanes: int
    batch: float
    items: float
    invocations_per_second: float
    billed_millis: float
    busy: float
    environments: float

    @property
    def invocations(self) -> float:
        """A month."""
        return self.invocations_per_second * SECONDS_PER_MONTH

    @property
    def writes(self) -> float:
        """Items written a month."""
        return self.invocations * self.items

    @property
    def collapse_share(self) -> float:
        """Share of the events for which nothing is written, rejected ones included."""
        return 1 - self.items / self.batch

    @property
    def concurrency_at_peak(self) -> float:
        """Invocations under way at once in the busiest minute, on average."""
        return self.lanes * self.busy

    @property
    def cold_starts(self) -> float:
        """A month."""
        return self.environments * SECONDS_PER_MONTH / 3600 / COLD_START_HOURS


def traffic(load: Load, deployment: Deployment, measured: Measured) -> Traffic:
    """What a load makes of a deployment."""
    shards = shards_needed(load, deployment)
    lanes = shards * deployment.parallelization
    rate = load.rate / lanes
    most = largest_batch(load, deployment)
    interval = max(deployment.window_seconds, PUSH_SECONDS if deployment.enhanced_fan_out else POLL_SECONDS)
    # Events come at random times, so an interval without any has no invocation: (1 − e^−λT) ÷ T of them.
    invocations = max(-math.expm1(-rate * interval) / interval, rate / most)
    batch = rate / invocations
    items = items_of(load, batch, lanes)
    millis = duration_millis(batch, items, deployment, measured)
    at_peak = duration_millis(most, items_of(load, most, lanes), deployment, measured)
    busy = rate * load.peak_factor / most * at_peak / 1000
    return Traffic(
        shards=shards,
        lanes=lanes,
        batch=batch,
        items=items,
        invocations_per_second=invocations * lanes,
        billed_millis=millis + 0.5,  # rounded up to a millisecond, which costs half of one on average
        busy=busy,
        environments=max(1.0, invocations * lanes * millis / 1000),
    )


def shards_needed(load: Load, deployment: Deployment) -> int:
    """At the peak; on demand as many as AWS keeps for it."""
    peak = load.rate * load.peak_factor
    needed = max(peak / SHARD_EVENTS, peak * load.event_bytes / SHARD_BYTES)
    if deployment.capacity == ON_DEMAND:
        return max(ON_DEMAND_SHARDS, math.ceil(needed * ON_DEMAND_HEADROOM))
    return max(1, math.ceil(needed))


def largest_batch(load: Load, deployment: Deployment) -> float:
    """The batch size, or as many events as an invocation's payload holds."""
    fits = INVOCATION_BYTES / (load.event_bytes * 4 / 3 + RECORD_ENVELOPE_BYTES)
    return max(1.0, min(float(deployment.batch_size), fits))


def items_of(load: Load, batch: float, lanes: int) -> float:
    """What is written of a batch: one item for each different customer, whose events all go to one lane."""
    valid = batch * (1 - load.rejected_share)
    if load.collapse_share is not None:
        return valid * (1 - load.collapse_share)
    customers = max(1.0, load.customers / lanes)
    if customers == 1 or valid <= 1:
        return min(1.0, valid)
    return customers * -math.expm1(valid * math.log1p(-1 / customers))


def duration_millis(batch: float, items: float, deployment: Deployment, measured: Measured) -> float:
    """An invocation's wall clock: its CPU on one core, and the waiting for DynamoDB."""
    per_event = measured.kernel_micros * batch + measured.write_micros * items
    cpu = (measured.overhead_micros + measured.observability_micros + per_event) / 1000
    slower = max(1.0, ONE_CPU_MEGABYTES / deployment.memory_megabytes)
    # Requests of 25 items, 8 at a time: half a round more than the items fill, and one at least.
    rounds = max(1.0, items / (ITEMS_PER_WRITE * WRITES_IN_FLIGHT) + 0.5)
    return cpu * slower + rounds * deployment.write_millis
