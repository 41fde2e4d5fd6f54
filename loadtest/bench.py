"""`make bench`: the scorer's kernel against the ways it is usually written, interleaved in one run.

Ratios of CPU time on the same machine in the same minute, because absolute times tell little about another
machine. Writes build/bench.json.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from contract.prediction import Item, to_item
from contract.schema import load_schema
from loadtest.peers import PandasPeer
from producer.synthetic import customers, events
from scorer.batch import decode_records, newest_per_customer
from scorer.model import Model, load_model
from training.data.dataset import table_from_rows
from training.workflow import train

BATCH = 500
ROUNDS = 15
SINGLE_ROUNDS = 3  # one at a time is slow, and just as steady
REPORT = Path(__file__).resolve().parent.parent / "build" / "bench.json"

Records = Sequence[Mapping[str, Any]]
Kernel = Callable[[Records], Sequence[Any]]


@dataclass(frozen=True)
class Figure:
    """One comparison; `ours` and `peer` are in `unit`, and `met` says whether ratio ≤ target."""

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    target: float
    met: bool


def main() -> int:
    """Measure, print a table, write build/bench.json, where `met` says which targets are reached."""
    schema = load_schema("telco")
    table = table_from_rows(customers("telco", 7000, seed=0), schema, "synthetic")
    trained = train(table, schema, candidates=("logistic_bins",))
    model = load_model(trained.onnx, trained.manifest)
    peer = PandasPeer(trained.pipeline, schema, trained.manifest.threshold)
    records = batch_of_records()

    def ours(batch: Records) -> list[Item]:
        return kernel(model, batch)

    require_same_scores(ours(records), peer(records))
    batched = interleave({"ours": ours, "peer": peer}, records, ROUNDS)
    single = interleave({"ours": ours, "peer": peer.one_at_a_time}, records, SINGLE_ROUNDS)
    figures = [
        figure("kernel, batch 500, against batched json + pandas + scikit-learn", batched, target=0.10),
        figure("kernel, batch 500, against one predict per event", single, target=0.005),
    ]
    show(figures)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(each) for each in figures], indent=2) + "\n")
    return 0


def batch_of_records() -> list[dict[str, Any]]:
    """One batch as Lambda delivers it, each event of another customer."""
    now_ms = time.time_ns() // 1_000_000
    return [
        {
            "eventID": f"shardId-000000000000:{number}",
            "kinesis": {
                "partitionKey": event.customer_id,
                "sequenceNumber": str(number),
                "data": base64.b64encode(event.payload).decode(),
                "approximateArrivalTimestamp": now_ms / 1000,
            },
        }
        for number, event in enumerate(events("telco", BATCH, 1, customers=BATCH, now_ms=now_ms))
    ]


def kernel(model: Model, records: Records) -> list[Item]:
    """What the handler does to a batch between the stream and the table: base64 to DynamoDB items."""
    decoded = decode_records(records, model.decode)
    newest = newest_per_customer(decoded.events)
    predictions = model.predict(
        [event for _, event in newest.values()], scored_at_ms=time.time_ns() // 1_000_000, retention_days=30
    )
    return [to_item(prediction) for prediction in predictions]


def require_same_scores(ours: Sequence[Item], theirs: Sequence[Mapping[str, Any]]) -> None:
    """Raise where the two do not give the same probability to the same customer: then nothing is compared."""
    expected = {item["customer_id"]: float(item["probability"]) for item in theirs}
    found = {item["customer_id"]["S"]: float(item["probability"]["N"]) for item in ours}
    worst = max(abs(found[customer] - expected[customer]) for customer in expected)
    if found.keys() != expected.keys() or worst > 2e-6:
        raise AssertionError(f"the two scorers differ by {worst:.1e}, so their speeds cannot be compared")


def interleave(kernels: Mapping[str, Kernel], records: Records, rounds: int) -> dict[str, float]:
    """Least CPU microseconds per record of each kernel, run in turns."""
    best = dict.fromkeys(kernels, float("inf"))
    for _ in range(rounds):
        for name, run in kernels.items():
            started = time.process_time()
            run(records)
            best[name] = min(best[name], (time.process_time() - started) / len(records) * 1e6)
    return best


def figure(name: str, best: Mapping[str, float], *, target: float) -> Figure:
    """A comparison from the two kernels' times."""
    ratio = best["ours"] / best["peer"]
    return Figure(
        name,
        round(best["ours"], 2),
        round(best["peer"], 2),
        "CPU µs/event",
        round(ratio, 5),
        target,
        ratio <= target,
    )


def show(figures: Sequence[Figure]) -> None:
    """The table for people."""
    table = Table(show_edge=False, pad_edge=False)
    for header in ("what", "ours", "peer", "unit", "ours ÷ peer", "target", ""):
        table.add_column(
            header, justify="left" if header in ("what", "unit", "") else "right", overflow="fold"
        )
    for each in figures:
        verdict = "met" if each.met else "MISSED"
        cells = (each.name, each.ours, each.peer, each.unit, each.ratio, f"≤ {each.target}", verdict)
        table.add_row(*map(str, cells))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
