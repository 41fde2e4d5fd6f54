"""The gate before anything is published: the graph must say what the fitted pipeline says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from contract.graph import CONTRIBUTIONS, PROBABILITY
from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.errors import GraphError, ParityError
from training.export.checks import Checks, largest, require
from training.export.explained import Reference
from training.export.export import Exported, Fitted
from training.export.flips import Decisions
from training.export.graph import Graph, Outputs
from training.export.probes import BASE_ROWS, base_rows, edge_probes, fuzz_probes
from training.export.reference import make_reference
from training.models.candidates import thresholds
from training.models.encoding import to_frame
from training.models.one_thread import one_thread

MAX_PROBABILITY_DIFF = 1e-6
FUZZ_ROWS = 100_000
ROWS_PER_RUN = 20_000  # bounds memory on large tables
SINGLE_ROWS = 16  # run one at a time, as a quiet stream does


class Probe(NamedTuple):
    """Rows to compare on. `varied` is set where only that feature differs from the base rows.

    Of `alone` rows, the graph gets one at a time.
    """

    what: str
    inputs: Inputs
    varied: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest probability difference found, over how many rows.

    `threshold` is the one of six decimals nearest to what was wanted at which no row's decision differs,
    `flips` how many do at it: none. `decisions.settle(limit)` gives the same for another limit.
    """

    max_abs_diff: float
    rows: int
    threshold: float | None
    flips: int | None
    decisions: Decisions = field(repr=False, compare=False)


def check_parity(
    exported: Exported,
    pipeline: Fitted,
    inputs: Inputs,
    schema: FeatureSchema,
    seed: int,
    *,
    threshold: float | None = None,
) -> Parity:
    """Compare graph and pipeline on all data rows, edge values, extremes, strangers and 100,000 fuzz rows.

    Guarantees of a graph that passes, for a row alone as for one in a batch: outputs in the contract's
    shapes, probabilities within 1e-6 (so decisions can differ only within that distance of their limit),
    contributions within 1e-5 of those computed from the pipeline's own weights or trees, adding up to the
    margin, and reasons that are the strongest contributions in order. An encoded column answers to its own
    feature only; so does a linear model's contribution, and a feature that no tree splits on contributes 0.
    Else raises ParityError.
    """
    with one_thread():
        return _check(exported, pipeline, inputs, schema, seed, threshold)


def _check(
    exported: Exported,
    pipeline: Fitted,
    inputs: Inputs,
    schema: FeatureSchema,
    seed: int,
    threshold: float | None,
) -> Parity:
    graph = _open(exported, schema)
    reference = make_reference(pipeline, schema, to_frame(inputs), exported.has_reasons)
    base = base_rows(inputs, schema, seed)
    checks = Checks(reference, exported.base_margin, _run(graph, Probe("the base rows", base)))
    worst, rows, decisions = 0.0, 0, Decisions()
    for probe in _probes(pipeline, inputs, schema, seed):
        outputs, explained = _run(graph, probe), reference.explain(to_frame(probe.inputs))
        found = outputs[PROBABILITY][:, 0].astype(np.float64)
        difference = largest(found - explained.probability)
        require(difference, MAX_PROBABILITY_DIFF, "probability", probe.what)
        # A broken margin or reason is caught even where the probability is saturated.
        checks.margin(outputs, explained, probe.what)
        if exported.has_reasons:
            checks.contributions(outputs, explained, probe.what)
            checks.reasons(outputs, probe.what)
            if probe.varied is not None:
                _check_ownership(checks, reference, outputs, probe, base)
        decisions.add(found, explained.probability)
        worst, rows = max(worst, difference), rows + len(found)
    settled = None if threshold is None else decisions.settle(threshold)
    return Parity(worst, rows, settled, None if settled is None else decisions.flips(settled), decisions)


def _check_ownership(
    checks: Checks, reference: Reference, outputs: Outputs, probe: Probe, base: Inputs
) -> None:
    """Only the varied feature may move, in the encoded table and, where that is so, in the contributions.

    Graph and reference share the code that says which encoded column is whose; these checks do not.
    """
    assert probe.varied is not None
    row_of = np.arange(len(outputs[CONTRIBUTIONS])) % BASE_ROWS
    unvaried = to_frame({name: array[row_of] for name, array in base.items()})
    strangers = reference.moved(to_frame(probe.inputs), unvaried) - {probe.varied}
    if strangers:
        raise ParityError(
            f"parity: on {probe.what} columns of feature {min(strangers)} change, expected those of feature "
            f"{probe.varied} only; nothing was published. Try another candidate, and report this one"
        )
    if reference.separable:
        checks.others_unchanged(outputs, probe.varied, row_of, probe.what)


def _probes(pipeline: Fitted, inputs: Inputs, schema: FeatureSchema, seed: int) -> Iterator[Probe]:
    edges = thresholds(pipeline)
    for part in _slices(inputs, ROWS_PER_RUN):
        yield Probe("the training rows", part)
    for position, probe in enumerate(edge_probes(inputs, schema, edges, seed)):
        yield Probe(f"edge values of {schema.features[position].name}", probe, varied=position)
    fuzz = fuzz_probes(inputs, schema, edges, seed, FUZZ_ROWS)
    for part in _slices(fuzz, ROWS_PER_RUN):
        yield Probe("fuzz rows", part)
    first = {name: array[:SINGLE_ROWS] for name, array in fuzz.items()}
    yield Probe("a row alone", first, alone=True)


def _slices(inputs: Inputs, size: int) -> Iterator[Inputs]:
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, size):
        yield {name: array[start : start + size] for name, array in inputs.items()}


def _open(exported: Exported, schema: FeatureSchema) -> Graph:
    try:
        return Graph(exported.onnx, schema, exported.has_reasons)
    except GraphError as error:
        raise ParityError(f"parity: {error}; nothing was published. Report this candidate") from error


def _run(graph: Graph, probe: Probe) -> Outputs:
    try:
        if not probe.alone:
            return graph.run(probe.inputs)
        single = [graph.run(row) for row in _slices(probe.inputs, 1)]
        return {name: np.concatenate([outputs[name] for outputs in single]) for name in single[0]}
    except GraphError as error:
        raise ParityError(f"parity: on {probe.what} {error}; nothing was published") from error
