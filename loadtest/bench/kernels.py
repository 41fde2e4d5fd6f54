"""The kernel, base64 to request bodies, against the ways it is usually written; all in this process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence

from loadtest.bench.agreement import items_of, probabilities_of, require_same
from loadtest.bench.figure import Figure, least
from loadtest.bench.ours import Kernel, KernelFloor
from loadtest.bench.rounds import Advance, cpu_seconds, interleave
from loadtest.bench.subject import Record, Subject
from loadtest.peers.items import Boto3Bodies, Facts, bare_bodies
from loadtest.peers.onnx_batched import OnnxBatched
from loadtest.peers.pandas_batched import PandasBatched
from loadtest.peers.pandas_single import PandasSingle
from loadtest.peers.pure_python import PurePython, weights_of
from training.models.one_thread import one_thread

SINGLES = 25  # events of the batch that the slowest peer is measured on
UNIT = "CPU µs/event"

Score = Callable[[Sequence[Record]], list[bytes]]


def kernel_figures(subject: Subject, rounds: int, advance: Advance) -> list[Figure]:
    """Four comparisons, the first with the floor in its note. Raises DifferentScoresError."""
    taken = measure(contestants(subject), subject.records, rounds, advance)
    ours, floor = taken["ours"], taken["floor"]
    rows = [
        ("kernel against json, pandas, scikit-learn, batched", "pandas", 0.10),
        ("kernel against json, checks by hand, onnxruntime, batched", "onnx", 0.30),
        ("kernel against pandas, scikit-learn, one event at a time", "single", 0.005),
        ("kernel against pure Python from a JSON of weights, one at a time", "pure", 0.5),
    ]
    notes = {
        "pandas": f"floor {min(floor):.2f} µs (decode, session.run and body alone), ours is "
        f"{min(ours) / min(floor):.2f} of it; {_bare(taken, 'pandas')}",
        "onnx": _bare(taken, "onnx"),
    }
    return [
        least(name, ours, taken[peer], unit=UNIT, target=target, note=notes.get(peer, ""))
        for name, peer, target in rows
    ]


def _bare(taken: dict[str, list[float]], peer: str) -> str:
    bare = min(taken[f"{peer}, bare"])
    ratio = min(taken["ours"]) / bare
    return f"{ratio:.3f} of a peer ({bare:.1f} µs) that makes bodies without boto3's batch writer"


def contestants(subject: Subject) -> dict[str, Score]:
    """Ours, the peers and the floor, by name."""
    facts = Facts.of(subject.manifest, subject.schema)
    ours = Kernel(subject)
    through_boto3 = Boto3Bodies()
    return {
        "ours": ours,
        "pandas": PandasBatched(subject.pipeline, facts, through_boto3),
        "pandas, bare": PandasBatched(subject.pipeline, facts, bare_bodies),
        "onnx": OnnxBatched(subject.onnx, subject.schema, facts, through_boto3),
        "onnx, bare": OnnxBatched(subject.onnx, subject.schema, facts, bare_bodies),
        "single": PandasSingle(subject.pipeline, facts),
        "pure": PurePython(weights_of(subject.pipeline, subject.schema), facts),
        "floor": KernelFloor(subject, ours.model, items_of(ours(subject.records))),
    }


def measure(
    scorers: dict[str, Score], records: Sequence[Record], rounds: int, advance: Advance
) -> dict[str, list[float]]:
    """Microseconds per event of each round, after all have given the same scores.

    One thread for each library, since threads that wait by spinning count as CPU: in the peers' favour.
    """
    batches = {name: records[:SINGLES] if name == "single" else records for name in scorers}
    with one_thread():
        for name, score in scorers.items():
            expected = probabilities_of(items_of(scorers["ours"](batches[name])))
            require_same(expected, probabilities_of(items_of(score(batches[name]))), name)
        gc.collect()
        gc.freeze()  # nobody pays for walking through what the others have imported
        try:
            return interleave(
                {name: _timed(scorers[name], batches[name]) for name in scorers}, rounds, advance
            )
        finally:
            gc.unfreeze()


def _timed(score: Score, records: Sequence[Record]) -> Callable[[], float]:
    return lambda: cpu_seconds(lambda: score(records)) / len(records) * 1e6
