"""Random faults over a million events: `python -m tests.faults.soak --help`, or `make soak`.

Rounds of at most 50,000 events, each with a stream, a table and a registry of its own, for the emulator
slows down with what a stream retains. Everything that a round does is drawn from its seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.output import progress_bar
from infra.build import build_for_this_machine
from infra.local import companions_process
from infra.local.stage import LocalStage, local_stage
from infra.paths import BUILD
from tests.faults.judge import Verdict, judge, judge_replay
from tests.faults.plan import Rates, SeededPlan
from tests.faults.rig import Rig
from tests.faults.script import Script
from tests.faults.traffic import Mix, Traffic

EVENTS, ROUND_EVENTS = 1_000_000, 50_000
BATCH_SIZE = 100
SHARDS, LANES = 2, 2
RETRY_ATTEMPTS = 4  # a cold start each, for what kills every instance
REPLAY_EVERY = 5
UNFINISHED = ("runs without an answer", "runs that reported records")  # all of which came right later
ROUND_SECONDS = 300.0
WINDOW_SECONDS = 1.0  # fuller batches, whose bounds depend less on timing


@dataclass
class Round:
    """What one round did, and whether all of it is right."""

    number: int
    events: int = 0
    records: int = 0
    invocations: int = 0
    cold_starts: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    faults: Counter[str] = field(default_factory=Counter)
    replayed: bool = False
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "round": self.number,
            "events": self.events,
            "records": self.records,
            "invocations": self.invocations,
            "cold_starts": self.cold_starts,
            "ends": dict(self.verdict.ends),
            "work": dict(self.verdict.work),
            "missing": len(self.verdict.missing),
            "wrong": len(self.verdict.wrong),
            "examples": [*self.verdict.missing[:20], *self.verdict.wrong[:20]],
            "replayed": self.replayed,
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.faults.items())),
        }


def run_round(
    stage: LocalStage,
    task_root: Path,
    *,
    seed: int,
    number: int,
    events: int,
    batch_size: int = BATCH_SIZE,
    rates: Rates | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Round:
    """Publish, drain under faults, judge; every REPLAY_EVERY-th round is then replayed without faults."""
    started = time.monotonic()
    name = f"{seed}/{number}"
    rig = Rig(
        stage,
        task_root,
        SeededPlan(name, rates),
        shards=SHARDS,
        batch_size=batch_size,
        parallelization=LANES,
        window_seconds=WINDOW_SECONDS,
        retry_attempts=RETRY_ATTEMPTS,
    )
    try:
        mix = Mix(invalid_run=2 * batch_size)
        traffic = Traffic(name, now_ms=int(time.time() * 1000), mix=mix)
        rig.publish(traffic.publications(events))
        rig.drain(restart_at=events // 2, seconds=ROUND_SECONDS, on_progress=on_progress)
        evidence = rig.evidence()
        verdict = judge(rig.published, evidence, rig.journal, rig.registry)
        done = Round(number, verdict=verdict, faults=rig.journal.faults, records=len(rig.published))
        done.events = sum(len(record.publication.events) for record in rig.published)
        done.invocations, done.cold_starts = len(rig.journal.entries), rig.fleet.cold_starts
        if number % REPLAY_EVERY == 0:
            rig.drain(Script(), from_start=True, seconds=ROUND_SECONDS)
            verdict.wrong += judge_replay(rig.published, evidence, rig.evidence().items, rig.registry)
            done.replayed = True
    finally:
        rig.close()
    done.seconds = time.monotonic() - started
    return done


def soak(
    stage: LocalStage, task_root: Path, *, seed: int, numbers: list[int], events: int, show: bool
) -> list[Round]:
    """Run rounds of `events` events, one after the other."""
    rounds: list[Round] = []
    with progress_bar("soak", unit="events") as advance:
        total = len(numbers) * events
        for place, number in enumerate(numbers):

            def told(done: int, before: int = place * events) -> None:
                advance(min(before + done, total), total)

            rounds.append(
                run_round(stage, task_root, seed=seed, number=number, events=events, on_progress=told)
            )
            if show:
                print(line_of(rounds[-1]), file=sys.stderr, flush=True)
    return rounds


def line_of(done: Round) -> str:
    """One round in one line."""
    ends, verdict = done.verdict.ends, done.verdict
    return (
        f"round {done.number:>3}: {done.events:>7,} events  {ends['written']:>6,} written"
        f"  {ends['collapsed']:>6,} collapsed  {ends['rejected']:>5,} rejected"
        f"  {ends['on failure']} on failure"
        f"  {len(verdict.missing)} missing  {len(verdict.wrong)} wrong"
        f"  {sum(done.faults.values()):>5,} faults  {done.invocations:>5,} runs  {done.seconds:>4.0f} s"
    )


def summary(rounds: list[Round], *, seed: int, seconds: float) -> dict[str, Any]:
    """The whole soak as JSON."""
    faults: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    work: Counter[str] = Counter()
    for done in rounds:
        faults.update(done.faults)
        work.update(done.verdict.work)
        ends.update(done.verdict.ends)
    return {
        "seed": seed,
        "events": sum(done.events for done in rounds),
        "missing": sum(len(done.verdict.missing) for done in rounds),
        "wrong": sum(len(done.verdict.wrong) for done in rounds),
        "ends": dict(ends),
        "work": dict(work),
        "recoveries": sum(work[name] for name in UNFINISHED),
        "invocations": sum(done.invocations for done in rounds),
        "cold_starts": sum(done.cold_starts for done in rounds),
        "seconds": round(seconds, 1),
        "faults": dict(sorted(faults.items())),
        "rounds": [done.document() for done in rounds],
    }


def table(document: dict[str, Any]) -> str:
    """The summary for a person."""
    rows = [
        ("events", document["events"]),
        *((f"  {name}", count) for name, count in document["ends"].items()),
        ("missing", document["missing"]),
        ("wrong", document["wrong"]),
        *document["work"].items(),
        ("recoveries", document["recoveries"]),
        ("cold starts", document["cold_starts"]),
        ("faults injected", sum(document["faults"].values())),
        *((f"  {name}", count) for name, count in document["faults"].items()),
    ]
    return "\n".join(f"{name:<36}{count:>12,}" for name, count in rows)


def main(words: Sequence[str] | None = None) -> int:
    """Entry point: table or JSON on stdout, the rest on stderr; 1 where a round is not clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="how many in all (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="default %(default)s")
    parser.add_argument("--round", type=int, help="only this one of the rounds, to see it again")
    parser.add_argument("--artifact", type=Path, help="the Lambda zip (default: built now)")
    parser.add_argument("--json", action="store_true", help="print build/soak.json instead of a table")
    arguments = parser.parse_args(words)
    per_round = min(ROUND_EVENTS, arguments.events)
    numbers = list(range(-(-arguments.events // per_round))) if arguments.round is None else [arguments.round]
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        task_root, artifact = Path(directory, "task"), arguments.artifact or build_for_this_machine().path
        with zipfile.ZipFile(artifact) as archive:
            archive.extractall(task_root)
        with local_stage(Path(directory, "stage"), artifact=artifact) as stage:
            companions_process.stop(stage)  # the rig has an event source of its own
            rounds = soak(
                stage,
                task_root,
                seed=arguments.seed,
                numbers=numbers,
                events=per_round,
                show=not arguments.json,
            )
    document = summary(rounds, seed=arguments.seed, seconds=time.monotonic() - started)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "soak.json").write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document) if arguments.json else table(document))
    for done in rounds:
        if not done.verdict.is_clean:
            again = f"make soak SEED={arguments.seed} ROUND={done.number} EVENTS={per_round}"
            print(f"round {done.number} is not clean ({again}): {done.verdict}", file=sys.stderr)
    return 0 if all(done.verdict.is_clean for done in rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
