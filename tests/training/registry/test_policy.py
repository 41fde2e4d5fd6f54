"""`auto` promotes what takes the same events, saw enough rows, and is separably better on the same ones."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contract.manifest import Manifest, Spread
from tests.training.registry.versions import model_of
from tests.training.tables import DOCUMENT
from training.data.quality import Finding
from training.evaluation.paired import Paired
from training.registry.duel import Duel, NotComparable
from training.registry.promotion import Policy, decide_promotion
from training.result import TrainedModel


def _with_schema(manifest: Manifest, required: list[str], **properties: Any) -> Manifest:
    """`properties` replace those of SHOP; None takes one out."""
    merged = {**DOCUMENT["properties"], **properties}
    kept = {name: spec for name, spec in merged.items() if spec is not None}
    return msgspec.structs.replace(
        manifest, schema={**DOCUMENT, "properties": kept, "required": [n for n in required if n in kept]}
    )


def won(t: float) -> Duel:
    """A duel with this t statistic."""
    both = {"roc_auc": 0.8512}, {"roc_auc": 0.8431}
    return Duel(3512, "3,512 of 7,043 rows", *both, {"roc_auc": Paired(0.0081, t, 0.5)})


@pytest.mark.parametrize(
    ("policy", "t", "promoted", "told"),
    [
        ("always", -9.0, True, "policy always"),
        ("never", 9.0, False, "policy never"),
        ("auto", 2.01, True, "better: ROC AUC 0.8512 against 0.8431 of v1, t = 2.0 (3,512 of 7,043 rows)"),
        ("auto", float("inf"), True, "better: "),
        ("auto", 2.0, False, "not separably better: ROC AUC 0.8512 against 0.8431 of v1, t = 2.0 ("),
        ("auto", -2.0, False, "not separably better: "),
        ("auto", -2.01, False, "worse: ROC AUC"),
    ],
)
def test_auto_promotes_what_is_separably_better(
    trained: TrainedModel, policy: Policy, t: float, promoted: bool, told: str
) -> None:
    """More than the choice of folds explains; else it stays a candidate, and by hand it can be promoted."""
    candidate, champion = model_of(trained, "v2").manifest, model_of(trained, "v1").manifest
    decision = decide_promotion(policy, candidate, champion, duel=won(t))
    assert decision.promote is promoted
    assert decision.reason.startswith(told)
    if policy == "auto" and not promoted:
        assert decision.reason.endswith("; promote it by hand if you still want it")


def test_the_first_version_is_promoted(trained: TrainedModel) -> None:
    """`auto` with no champion promotes; `never` does not."""
    assert decide_promotion("auto", trained.manifest, None).promote
    assert not decide_promotion("never", trained.manifest, None).promote


@pytest.mark.parametrize(
    ("outcome", "told"),
    [(None, "not compared with v1"), (NotComparable("v1 cannot score this table"), "v1 cannot score")],
)
def test_without_a_duel_nothing_replaces_a_champion(
    trained: TrainedModel, outcome: NotComparable | None, told: str
) -> None:
    """Whatever the figures in the manifests say: they are of other rows."""
    candidate, champion = model_of(trained, "v2", roc_auc=0.99).manifest, model_of(trained, "v1").manifest
    decision = decide_promotion("auto", candidate, champion, duel=outcome)
    assert not decision.promote
    assert decision.reason.startswith(told)


REQUIRED = ["months", "plan", "senior"]
SAFE: dict[str, tuple[list[str], dict[str, Any]]] = {
    "the same": (REQUIRED, {}),
    "an optional feature more": (REQUIRED, {"visits": {"type": "number"}}),
    "an optional feature less": (REQUIRED, {"app": None}),
    "a required feature less": (REQUIRED, {"senior": None}),
    "no longer required": (["plan"], {}),
    "wider": (REQUIRED, {"months": {"type": "integer", "minimum": -1, "maximum": 700}}),
    "unbounded": (REQUIRED, {"months": {"type": "integer"}}),
    "other categories": (REQUIRED, {"plan": {"type": "string", "enum": ["gold"]}}),
}
STRICTER: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "new and required": ([*REQUIRED, "age"], {"age": {"type": "number"}}, "age is new and required"),
    "now required": ([*REQUIRED, "app"], {}, "app is required, was optional"),
    "higher minimum": (
        REQUIRED,
        {"months": {"type": "integer", "minimum": 1, "maximum": 600}},
        "months has minimum 1, was 0",
    ),
    "lower maximum": (
        REQUIRED,
        {"months": {"type": "integer", "minimum": 0, "maximum": 72}},
        "months has maximum 72, was 600",
    ),
    "bounded at last": (
        REQUIRED,
        {"spend": {"type": "number", "minimum": -1000, "maximum": 9}},
        "spend has maximum 9, was 3.40282e+38",
    ),
    "another type": (REQUIRED, {"app": {"type": "integer", "enum": [0, 1]}}, "app is integer, was boolean"),
}


@pytest.mark.parametrize("case", SAFE)
def test_a_schema_that_takes_the_same_events_may_differ(trained: TrainedModel, case: str) -> None:
    """What is left out, optional or wider rejects nothing."""
    required, properties = SAFE[case]
    candidate = _with_schema(model_of(trained, "v2").manifest, required, **properties)
    assert decide_promotion("auto", candidate, model_of(trained, "v1").manifest, duel=won(9.0)).promote


@pytest.mark.parametrize("case", STRICTER)
def test_a_schema_that_would_reject_events_is_left_to_a_person(trained: TrainedModel, case: str) -> None:
    """The reason names the feature and both sides; by hand it can still be promoted."""
    required, properties, told = STRICTER[case]
    candidate = _with_schema(model_of(trained, "v2", roc_auc=0.9).manifest, required, **properties)
    champion = model_of(trained, "v1").manifest
    decision = decide_promotion("auto", candidate, champion, duel=won(9.0))
    assert not decision.promote
    assert f"would reject events that v1 accepts ({told})" in decision.reason
    assert decide_promotion("always", candidate, champion).promote


@pytest.mark.parametrize(("rows", "promoted"), [(3499, False), (3500, True), (20_000, True)])
def test_few_rows_do_not_replace_many(trained: TrainedModel, rows: int, promoted: bool) -> None:
    """A perfect figure on a handful of rows is luck."""
    many, few = (
        msgspec.structs.replace(trained.manifest.training_data, rows=count) for count in (7000, rows)
    )
    candidate = model_of(
        trained, "v2", training_data=few, metrics={"roc_auc": Spread(mean=1.0, std=0.0)}
    ).manifest
    champion = model_of(trained, "v1", training_data=many).manifest
    decision = decide_promotion("auto", candidate, champion, duel=won(9.0))
    assert decision.promote is promoted
    assert promoted or "trained on 3,499 rows, less than half of the 7,000 of v1" in decision.reason


def test_a_schema_that_cannot_be_read_is_left_to_a_person(trained: TrainedModel) -> None:
    """The reason is the schema's own line."""
    champion = model_of(trained, "v1", schema={"$id": "shop"}).manifest
    decision = decide_promotion("auto", model_of(trained, "v2").manifest, champion, duel=won(9.0))
    assert not decision.promote
    assert 'expected "type": "object"' in decision.reason


def test_a_table_that_gives_the_label_away_promotes_nothing(trained: TrainedModel) -> None:
    """A leak makes every figure meaningless, even those of a first version; other findings do not matter."""
    leak = Finding("leak", "tenure", "tenure: alone it tells the label")
    for champion in (None, model_of(trained, "v1").manifest):
        decision = decide_promotion("auto", trained.manifest, champion, [leak], won(9.0))
        assert not decision.promote
        assert "tenure" in decision.reason
    assert decide_promotion("always", trained.manifest, None, [leak]).promote
    assert decide_promotion("auto", trained.manifest, None, [Finding("missing", "x", "x")]).promote
