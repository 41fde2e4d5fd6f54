"""Two versions judged on one labelled table, as they would serve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from contract.manifest import Manifest
from contract.prediction import PROBABILITY_DECIMALS
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.errors import RegistryError
from training.evaluation.calibration import expected_calibration_error
from training.evaluation.evaluation import Probabilities
from training.evaluation.metrics import judge
from training.registry.compatibility import cannot_be_fed
from training.registry.delong import AucDifference, delong
from training.registry.incumbent import Incumbent
from training.registry.scoring import score_table


@dataclass(frozen=True, slots=True)
class Judged:
    """One version on the table. `learned` is the share of rows it was trained on, None where not known."""

    version: str
    roc_auc: float
    pr_auc: float
    brier: float
    ece: float
    threshold: float
    flagged: int
    learned: float | None

    @property
    def warning(self) -> str:
        """What flatters it, or an empty string."""
        if self.learned is None:
            return f"{self.version} does not say which rows it was trained on; any of these would flatter it"
        if self.learned > 0:
            return f"{self.version} was trained on {_share(self.learned)} of these rows, which flatters it"
        return ""


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "fewer than 1%"


@dataclass(frozen=True, slots=True)
class Trial:
    """Both on the same rows, deciding at their own thresholds; `flagged_only_by_*` is where they disagree."""

    rows: int
    positives: int
    first: Judged
    second: Judged
    roc_auc_difference: AucDifference
    flagged_by_both: int
    flagged_only_by_first: int
    flagged_only_by_second: int
    correlation: float
    rank_correlation: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What flatters either."""
        return tuple(each.warning for each in (self.first, self.second) if each.warning)


def schema_for_both(first: Manifest, second: Manifest) -> FeatureSchema:
    """The schema of the two that reads a table for both. Raises RegistryError where neither does."""
    one, other = first.feature_schema(), second.feature_schema()
    obstacle = cannot_be_fed(other, one)
    if not obstacle:
        return one
    if not cannot_be_fed(one, other):
        return other
    raise RegistryError(
        f"no table is read for both {first.version} and {second.version}: with the schema of the first, "
        f"{second.version} cannot score it: {obstacle}"
    )


def run_trial(first: Incumbent, second: Incumbent, table: Table) -> Trial:
    """Score a table, read with `schema_for_both`, by both graphs. Raises GraphError where one fails."""
    labels = table.labels
    scored = [_score(each, table) for each in (first, second)]
    flags = [_flag(p, each.manifest.threshold) for p, each in zip(scored, (first, second), strict=True)]
    return Trial(
        rows=table.rows,
        positives=int(labels.sum()),
        first=_judge(first, table, scored[0]),
        second=_judge(second, table, scored[1]),
        roc_auc_difference=delong(labels, scored[0], scored[1]),
        flagged_by_both=int((flags[0] & flags[1]).sum()),
        flagged_only_by_first=int((flags[0] & ~flags[1]).sum()),
        flagged_only_by_second=int((~flags[0] & flags[1]).sum()),
        correlation=_correlation(*scored),
        rank_correlation=_correlation(stats.rankdata(scored[0]), stats.rankdata(scored[1])),
    )


def _score(version: Incumbent, table: Table) -> Probabilities:
    manifest = version.manifest
    return score_table(
        version.onnx, manifest.feature_schema(), table.inputs, has_reasons=manifest.has_reasons
    )


def _flag(scored: Probabilities, threshold: float) -> NDArray[np.bool_]:
    """Decisions as they are stored: a threshold of six decimals may be a customer's own score, rounded up."""
    flagged: NDArray[np.bool_] = scored.round(PROBABILITY_DECIMALS) >= threshold
    return flagged


def _judge(version: Incumbent, table: Table, scored: Probabilities) -> Judged:
    manifest, labels = version.manifest, table.labels
    figures = judge(labels, scored, manifest.threshold)
    known = version.trained_on(table, manifest.feature_schema())
    return Judged(
        version=manifest.version,
        roc_auc=figures["roc_auc"],
        pr_auc=figures["pr_auc"],
        brier=figures["brier"],
        ece=expected_calibration_error(labels, scored),
        threshold=manifest.threshold,
        flagged=int(_flag(scored, manifest.threshold).sum()),
        learned=None if known is None else float(known.mean()),
    )


def _correlation(first: Probabilities, second: Probabilities) -> float:
    """Pearson's; 0 where one of them is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
