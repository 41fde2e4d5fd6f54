"""One contestant through all phases: cold starts, the same scores, a burst, single events, a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from statistics import median

import psutil

from loadtest.bench.agreement import require_same
from loadtest.compare import phases
from loadtest.compare.contestant import Contestant
from loadtest.compare.effort import Effort
from loadtest.compare.ground import Ground
from loadtest.compare.lines import lines_of
from loadtest.compare.result import Result, percentile
from loadtest.compare.store import Key, Store, key_of
from loadtest.compare.streamed import Ours
from loadtest.compare.watch import MEGABYTE, Watch, paused

MILLION = 1_000_000

Say = Callable[[str], object]


@dataclass(frozen=True)
class Burst:
    """Events, seconds of wall clock, and what was used meanwhile."""

    events: int
    seconds: float
    own: Watch
    emulator: Watch
    client: Watch


@dataclass(frozen=True)
class Match:
    """What every contestant is given: the events in order, and the scores that they must get."""

    ground: Ground
    effort: Effort
    payloads: Sequence[bytes]
    expected: Mapping[Key, str]
    say: Say  # one line of progress

    def play(self, contestant: Contestant) -> Result:
        """All phases, each with events of its own.

        Raises ComparisonError, and DifferentScoresError where the scores are not those expected.
        """
        with self._event_source_for(contestant), contestant:
            store = Store(self.ground.client("dynamodb"), contestant.table)
            return self._play(contestant, store)

    def _play(self, contestant: Contestant, store: Store) -> Result:
        effort, source = self.effort, iter(self.payloads)

        def tell(what: str) -> None:
            self.say(f"{contestant.name}: {what}")

        tell("cold starts")
        starts = [phases.cold_start(contestant, store, each) for each in islice(source, effort.starts)]
        tell(f"the scores of {effort.agreement:,} events")
        warm = list(islice(source, effort.agreement))
        phases.burst(contestant, store, warm)
        self._require_scores(contestant, store, warm)
        tell(f"{effort.events:,} events as fast as it takes them")
        burst = self._burst(contestant, store, list(islice(source, effort.events)))
        tell(f"{effort.probes:,} single events")
        probed = [phases.probe(contestant, store, each) for each in islice(source, effort.probes)]
        tell(f"killed among {effort.crash_events:,} events")
        crashed = list(islice(source, effort.crash_events))
        missing = phases.crash(contestant, store, crashed, effort.crash_rate)
        return result_of(contestant, starts, burst, probed, (len(crashed), missing))

    def _burst(self, contestant: Contestant, store: Store, payloads: Sequence[bytes]) -> Burst:
        with (
            Watch(contestant.processes) as own,
            Watch(lambda: self._emulator(contestant)) as emulator,
            Watch(lambda: [psutil.Process()]) as client,
        ):
            seconds = phases.burst(contestant, store, payloads)
        self._require_scores(contestant, store, payloads)
        return Burst(len(payloads), seconds, own, emulator, client)

    def _require_scores(self, contestant: Contestant, store: Store, payloads: Sequence[bytes]) -> None:
        keys = list(map(key_of, payloads))
        found = store.probabilities(keys)
        require_same(
            {" ".join(key): self.expected[key] for key in keys},
            {" ".join(key): text for key, text in found.items()},
            contestant.name,
        )

    def _emulator(self, contestant: Contestant) -> Iterable[psutil.Process]:
        pids = [self.ground.emulator]
        if isinstance(contestant, Ours):
            pids.append(self.ground.event_source)
        return [psutil.Process(pid) for pid in pids]

    def _event_source_for(self, contestant: Contestant) -> AbstractContextManager[object]:
        """Only we need it; it would read our idle stream 40 times a second beside the others."""
        return nullcontext() if isinstance(contestant, Ours) else paused(self.ground.event_source)


def result_of(
    contestant: Contestant,
    starts: Sequence[float],
    burst: Burst,
    probed: Sequence[phases.Probed],
    crash: tuple[int, int],
) -> Result:
    """Seconds of the phases as one row. `crash` is how many were sent, and how many of them are missing."""
    readable = [1000 * each.readable for each in probed]
    per_million = MILLION / burst.events
    return Result(
        name=contestant.name,
        title=contestant.title,
        events=burst.events,
        seconds=burst.seconds,
        events_per_second=burst.events / burst.seconds,
        cpu=burst.own.used.cpu_seconds * per_million,
        emulator_cpu=burst.emulator.used.cpu_seconds * per_million,
        client_cpu=burst.client.used.cpu_seconds * per_million,
        probes=len(readable),
        readable_p50=percentile(readable, 50),
        readable_p99=percentile(readable, 99),
        answer_p50=1000 * median(each.sent for each in probed) if contestant.answers else None,
        peak_memory=burst.own.used.peak_bytes / MEGABYTE,
        cold_start=1000 * median(starts),
        lines=lines_of(contestant.file),
        crash_sent=crash[0],
        crash_missing=crash[1],
    )
