"""`make fuzz`: a million mutated events decoded, and as many handled; any failure is kept in build/fuzz/.

`python -m tests.fuzz --replay FILE` runs one of those again, alone.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cli.output import emit_json, note, progress_bar, show_facts, show_table
from infra.paths import BUILD
from tests.fuzz.cases import BATCH_SIZES, DECODE, HANDLE, Report, check, chunks, read_case, run_cases, told

KEPT = BUILD / "fuzz"
EVENTS = 1_000_000
EVENTS_PER_CASE = {DECODE: 1.0, HANDLE: sum(BATCH_SIZES) / len(BATCH_SIZES)}
GUIDED_RUNS = 100_000
CHUNK_EVENTS = 5_000
MAX_FINDINGS = 20  # of one target; then it stops


@dataclass
class Result:
    """One target's report, and how long it took."""

    target: str
    seconds: float = 0.0
    report: Report = field(default_factory=Report)
    files: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "target": self.target,
            "cases": self.report.cases,
            "events": self.report.events,
            "failures": len(self.report.findings),
            "seconds": round(self.seconds, 1),
            "counts": dict(self.report.counts.most_common()),
            "files": self.files,
        }


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, print what came of it, and return 1 where anything failed."""
    options = _options(arguments)
    if options.replay:
        return replay(options.replay)
    results = []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for target in (DECODE, HANDLE):
            with progress_bar(f"{target}, seed {options.seed}", unit="events") as update:
                results.append(fuzz(pool, target, options.seed, options.events, update))
    for result in results:
        _keep(result, options.seed)
    guided_failed = _guided(options.guided_runs, options.seed)
    if options.json:
        emit_json({"seed": options.seed, "targets": [result.document() for result in results]})
    else:
        _show(results)
    return 1 if guided_failed or any(result.report.findings for result in results) else 0


def fuzz(pool: ProcessPoolExecutor, target: str, seed: int, events: int, update: Any) -> Result:
    """Run cases until there were that many events, or too many failures."""
    result = Result(target)
    started = time.monotonic()
    for report in _reports(pool, target, seed):
        result.report.add(report)
        update(result.report.events, events)
        if result.report.events >= events or len(result.report.findings) >= MAX_FINDINGS:
            break
    result.seconds = time.monotonic() - started
    return result


def _reports(pool: ProcessPoolExecutor, target: str, seed: int) -> Iterator[Report]:
    """Reports of one chunk after the other, in order, so that the same seed always runs the same cases."""
    size = max(1, int(CHUNK_EVENTS / EVENTS_PER_CASE[target]))
    numbers = chunks(sys.maxsize, size)
    waiting = [pool.submit(run_cases, target, seed, next(numbers)) for _ in range(4)]
    try:
        while True:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(run_cases, target, seed, next(numbers)))
    finally:
        for future in waiting:
            future.cancel()


def replay(path: Path) -> int:
    """Run one kept case; 1 where it still fails, with everything there is to know of it."""
    case = read_case(path.read_text())
    try:
        counts = check(case)
    except AssertionError as error:
        note(f"{path}: {told(error)}")
        return 1
    show_facts(counts.items(), title=f"{path} passes")
    return 0


def _keep(result: Result, seed: int) -> None:
    for case, why in result.report.findings:
        text = case.document()
        name = f"{case.target}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / name).write_text(text)
        result.files.append(str(KEPT / name))
        note(f"{case.target}, seed {seed}, {why[:1000]}")
        note(f"  python -m tests.fuzz --replay {KEPT / name}")


def _guided(runs: int, seed: int) -> bool:
    """Whether Atheris found something; where it is not installed it finds nothing."""
    if not runs or importlib.util.find_spec("atheris") is None:
        return False
    note(f"guided by coverage: {runs} runs")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.guided",
        f"-runs={runs}",
        f"-seed={seed + 1}",
        "-verbosity=0",
    ]
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0


def _show(results: list[Result]) -> None:
    rows = [
        (r.target, r.report.events, len(r.report.findings), round(r.report.events / max(r.seconds, 1e-9)))
        for r in results
    ]
    show_table(["target", "events", "failures", "events/s"], rows, title="Mutated events")
    for result in results:
        show_facts(result.report.counts.most_common(), title=f"\n{result.target}")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="of each target (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="another seed, other events (default: %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: %(default)s)")
    parser.add_argument(
        "--guided-runs",
        type=int,
        default=GUIDED_RUNS,
        help="of Atheris, where installed (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one kept case alone")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
