"""Training, on one page: check, compare, prove, choose, describe. Nothing is published here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from contract.manifest import Recipe
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.data.quality import Finding, check_quality, strict_failures
from training.data.splits import make_splits
from training.describe_model import describe_model
from training.errors import CandidateError, QualityError
from training.evaluation.comparison import Compared, Comparison, compare
from training.evaluation.evaluate import Study
from training.evaluation.selection import choose_simplest
from training.evaluation.slices import default_columns, group_by, make_slices
from training.evaluation.thresholds import ThresholdRule
from training.evaluation.workbench import units_of
from training.export.proof import Proof, prove, refit
from training.export.speed import measure_score_micros
from training.models.candidates import BASELINES, DEFAULT_CANDIDATES, VOTE, select
from training.models.encoding import Encoding, learn_encoding
from training.models.kind import Kind
from training.result import TrainedModel

BUDGET_MINUTES = 10.0
PROOF_SHARE = 0.15  # of the budget, kept for the final fits and the parity gate
PROOF_UNITS = 60  # of progress, per candidate
BEST_F1 = ThresholdRule()

OnProgress: TypeAlias = Callable[[int, int, str], None]


def train(
    table: Table,
    schema: FeatureSchema,
    *,
    candidates: Sequence[str] = DEFAULT_CANDIDATES,
    seed: int = 0,
    budget_minutes: float = BUDGET_MINUTES,
    rule: ThresholdRule = BEST_F1,
    allow_no_reasons: bool = False,
    slices: Sequence[str] = (),
    strict: bool = False,
    jobs: int = 0,
    on_progress: OnProgress | None = None,
) -> TrainedModel:
    """Compare candidates on a table, and return the chosen one as a proved graph with its manifest.

    Every figure is out of fold, with settings and threshold chosen inside the fold. Of the candidates whose
    graph equals the fitted pipeline and gives reasons, the simplest that is not separably worse than the best
    is chosen. `slices` names more columns to look at (of the schema, or read into `Table.extras`). The same
    table, seed, settings and library versions give the same graph byte for byte, whatever `jobs` (processes,
    0: one per core); where the budget cut something short, a finding says so.

    `on_progress(done, total, what)` is called with units of work, the last time with done == total. Raises
    CandidateError for an unknown or empty choice and where no candidate is eligible, DatasetError where the
    table cannot be split, and with `strict` QualityError where it looks wrong, before anything is fitted.
    """
    started = time.perf_counter()
    kinds = select(candidates)
    findings = check_quality(table, schema)
    if strict and (wrong := strict_failures(findings)):
        raise QualityError(table.source, [finding.message for finding in wrong])
    encoding = learn_encoding(table.inputs, schema)
    splits = make_splits(table, seed)
    study = Study.of(table, encoding, splits, rule, seed)
    progress = _Progress(study, kinds, on_progress)

    comparison = compare(
        study,
        [*BASELINES, *kinds],
        budget_seconds=budget_minutes * 60 * (1 - PROOF_SHARE),
        jobs=jobs,
        tell=progress.advance,
        forgo=progress.forgo,
    )
    progress.expect_proofs(sum(not each.kind.baseline for each in comparison.compared))
    proofs = dict(_prove_all(comparison, encoding, table, rule, seed, progress))
    eligible = _eligible(comparison, proofs, allow_no_reasons)
    chosen = choose_simplest(eligible, splits)

    manifest = describe_model(comparison, proofs, eligible, chosen, table, study)
    onnx = _graph_of(proofs[chosen.kind.name])
    groupings = group_by(table, schema, [*default_columns(schema), *slices])
    progress.finish(f"chose {chosen.kind.name}")
    return TrainedModel(
        onnx=onnx,
        manifest=manifest,
        findings=(*findings, *(Finding("budget", "", cut, strict=False) for cut in comparison.cuts)),
        seconds=time.perf_counter() - started,
        table=table,
        schema=schema,
        encoding=encoding,
        splits=splits,
        rule=rule,
        evaluations=tuple(each.evaluation for each in comparison.compared),
        pipeline=proofs[chosen.kind.name].pipeline,
        slices=tuple(make_slices(chosen.evaluation, groupings)),
        graphs={name: _graph_of(proof) for name, proof in proofs.items() if not proof.problem},
        score_micros=measure_score_micros(onnx, encoding.schema, table.inputs, manifest.has_reasons),
    )


def rebuild(recipe: Recipe, table: Table, schema: FeatureSchema, *, reasons: bool = True) -> bytes:
    """The graph that a recipe gives on these rows, without comparing anything."""
    encoding = learn_encoding(table.inputs, schema)
    return refit(recipe, encoding, table, reasons=reasons)[1].onnx


def _prove_all(
    comparison: Comparison,
    encoding: Encoding,
    table: Table,
    rule: ThresholdRule,
    seed: int,
    progress: _Progress,
) -> Iterable[tuple[str, Proof]]:
    for each in comparison.compared:
        if each.kind.baseline:
            continue
        recipe = Recipe(candidate=each.kind.name, params=dict(each.final.params), seed=seed)
        wanted = rule.choose(*each.evaluation.pooled())
        reasons = each.kind.gives_reasons
        yield each.kind.name, prove(recipe, encoding, table, reasons=reasons, wanted_threshold=wanted)
        progress.advance(PROOF_UNITS, f"proving {each.kind.name}")


def _eligible(comparison: Comparison, proofs: dict[str, Proof], allow_no_reasons: bool) -> list[Compared]:
    eligible = [
        each
        for each in comparison.compared
        if each.kind.name in proofs
        and not proofs[each.kind.name].problem
        and (each.kind.gives_reasons or allow_no_reasons)
    ]
    if not eligible:
        told = "; ".join(f"{name}: {proof.problem or 'gives no reasons'}" for name, proof in proofs.items())
        raise CandidateError(
            f"no candidate can be chosen ({told or 'the budget left none'}); nothing was published. Try other"
            " --candidates, --no-reasons for a model without reasons, or a larger --budget"
        )
    return eligible


def _graph_of(proof: Proof) -> bytes:
    assert proof.exported is not None
    return proof.exported.onnx


class _Progress:
    """Units done of all units, told to whoever asked. The budget may make them fewer on the way."""

    def __init__(self, study: Study, kinds: Sequence[Kind], on_progress: OnProgress | None) -> None:
        fitted = [kind for kind in (*BASELINES, *kinds) if kind.name != VOTE]
        self._comparing = sum(units_of(study, kind, kind.search) for kind in fitted)
        self._proving = PROOF_UNITS * len(kinds)
        self._done = 0
        self._tell = on_progress or (lambda *_: None)

    def advance(self, units: int, what: str) -> None:
        self._done += units
        self._tell(self._done, self._total, what)

    def forgo(self, kind: Kind, units: int) -> None:
        self._comparing -= units
        self._tell(self._done, self._total, f"comparing {kind.name}")

    def expect_proofs(self, count: int) -> None:
        self._proving = PROOF_UNITS * count

    def finish(self, what: str) -> None:
        self._tell(self._total, self._total, what)

    @property
    def _total(self) -> int:
        return self._comparing + self._proving + 1  # choosing
