"""One run of the whole path: a burst with everything accounted for, then the latency of single events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract.prediction import Prediction
from loadtest.accounting import Account, explains
from loadtest.deployment import Deployment
from loadtest.probe import Latency, probe, summarise
from loadtest.traffic import disturb, partition_key_of
from producer.errors import NotPublishedError
from producer.publisher import Publisher

PROBES = 40
TOP = 5
PATIENCE_SECONDS = 60.0  # without any progress

OnProgress = Callable[[int, int, str], object]


@dataclass(frozen=True)
class Outcome:
    """What one run of the path found out. Times are in seconds."""

    account: Account
    latency: Latency
    metrics: Mapping[str, float]
    top: list[Prediction]
    burst_seconds: float

    @property
    def complete(self) -> bool:
        """Every record is accounted for, and the scorer's own counts say the same."""
        return self.account.complete and explains(self.account, self.metrics)

    @property
    def events_per_second(self) -> float:
        """Records published at once, over the time from the first put until the last is accounted for."""
        return (self.account.published - self.latency.count) / self.burst_seconds


def rehearse(
    deployment: Deployment, publisher: Publisher, events: Sequence[bytes], *, on_progress: OnProgress
) -> Outcome:
    """Publish valid events as disturbed traffic, wait until all is accounted for, then probe.

    Raises NotPublishedError where the stream refuses events for good, ProbeTimeoutError for a lost probe.
    """
    before, known = deployment.totals(), deployment.rejected_events()
    burst, broken = disturb(events, seed=0)

    def settle(published: Sequence[bytes], what: str) -> Account:
        return deployment.wait_until_settled(
            published,
            broken=broken,
            since=before,
            known_rejections=known,
            patience_seconds=PATIENCE_SECONDS,
            on_progress=lambda done, total: on_progress(done, total, what),
        )

    started = time.time()
    publish_burst(publisher, burst, on_progress)
    settle(burst, "scoring")
    burst_seconds = deployment.last_scored_at() - started
    probes = [probe(publisher, deployment.scores, event) for event in events[:PROBES]]
    return Outcome(
        account=settle([*burst, *(payload for payload, _ in probes)], "accounting"),
        latency=summarise([seconds for _, seconds in probes]),
        metrics=deployment.counted_since(before),
        top=deployment.scores.top(TOP),
        burst_seconds=burst_seconds,
    )


def publish_burst(publisher: Publisher, payloads: Sequence[bytes], on_progress: OnProgress) -> None:
    """Send everything as fast as the stream takes it, broken records too: a foreign producer would.

    Raises NotPublishedError.
    """
    for done, payload in enumerate(payloads, 1):
        publisher.send(partition_key_of(payload), payload)
        on_progress(done, len(payloads), "publishing")
    refused = publisher.flush()
    if refused:
        raise NotPublishedError(
            f"the stream refused {len(refused)} events after all retries: {refused[0].reason}", refused
        )
