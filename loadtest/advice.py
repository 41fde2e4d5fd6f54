"""Which settings of the stream and the mapping a rate takes on AWS, from what one lane was seen to do.

Quotas: a shard takes 1,000 records and 1 MB a second (Kinesis developer guide, "Quotas and limits"), and the
event source runs up to ten batches of a shard at once (Lambda developer guide, ParallelizationFactor).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SHARD_RECORDS, SHARD_BYTES = 1_000, 1_000_000  # a second
MAX_PARALLELIZATION = 10
HEADROOM = 1.5  # over the rate, so that a backlog can be made up for


@dataclass(frozen=True, slots=True)
class BatchTiming:
    """An average invocation: its records, and how many milliseconds it scored and wrote."""

    records: float
    score_ms: float
    write_ms: float

    @property
    def lane_per_second(self) -> float:
        """Records a second that one batch after another can take."""
        return 1000 * self.records / max(self.score_ms + self.write_ms, 0.001)

    @property
    def write_share(self) -> float:
        """How much of the time goes into the table."""
        return self.write_ms / max(self.score_ms + self.write_ms, 0.001)


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of infra/resources/parameters.yml."""

    shards: int
    parallelization: int


def settings_for(rate: float, record_bytes: float, timing: BatchTiming) -> Settings:
    """Shards by the stream's quotas, lanes by the function's speed; more shards where lanes need them."""
    shards = max(1, math.ceil(rate / SHARD_RECORDS), math.ceil(rate * record_bytes / SHARD_BYTES))
    lanes = max(1, math.ceil(HEADROOM * rate / timing.lane_per_second))
    shards = max(shards, math.ceil(lanes / MAX_PARALLELIZATION))
    return Settings(shards, math.ceil(lanes / shards))
