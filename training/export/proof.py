"""A candidate fitted on all rows, as a graph that was proved equal to it, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.manifest import Recipe
from training.data.dataset import Table
from training.errors import TrainingError
from training.export.export import Exported, export
from training.export.parity import Parity, check_parity
from training.models.candidates import build
from training.models.encoding import Encoding, to_frame
from training.models.one_thread import one_thread


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of one recipe: a graph, how equal it is and the threshold at which no decision differs.

    Where there is a `problem`, in one line, the rest is None.
    """

    recipe: Recipe
    pipeline: Any = None
    exported: Exported | None = None
    parity: Parity | None = None
    threshold: float | None = None
    problem: str = ""


def fit(recipe: Recipe, encoding: Encoding, table: Table) -> Any:
    """The recipe's pipeline, fitted on all rows; the same on any number of cores."""
    model = build(recipe.candidate, encoding, recipe.params, recipe.seed)
    return model.fit(to_frame(table.inputs), table.labels)


def refit(recipe: Recipe, encoding: Encoding, table: Table, *, reasons: bool = True) -> tuple[Any, Exported]:
    """The recipe fitted on all rows, and its graph. Raises TrainingError where it cannot be converted."""
    with one_thread():
        pipeline = fit(recipe, encoding, table)
        return pipeline, export(pipeline, encoding.schema, to_frame(table.inputs), reasons=reasons)


def prove(
    recipe: Recipe, encoding: Encoding, table: Table, *, reasons: bool, wanted_threshold: float
) -> Proof:
    """Fit, export and hold the graph against the pipeline. Never raises for what the candidate cannot do."""
    try:
        pipeline, exported = refit(recipe, encoding, table, reasons=reasons)
        parity = check_parity(
            exported, pipeline, table.inputs, encoding.schema, recipe.seed, threshold=wanted_threshold
        )
    except TrainingError as error:
        return Proof(recipe, problem=str(error))
    return Proof(recipe, pipeline, exported, parity, parity.threshold)
