"""The candidates: each fits, repeats itself and is chosen by name; what they are made of is known."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from contract.inputs import Inputs
from contract.schema import FeatureSchema
from tests.training.tables import SHOP, schema_of, shop_table
from training.errors import CandidateError
from training.models.candidates import (
    BASELINES,
    CANDIDATES,
    CATEGORIES,
    DEFAULT_CANDIDATES,
    ENCODE,
    MODEL,
    VOTE,
    build,
    feature_of_column,
    select,
    thresholds,
)
from training.models.encoding import Encoding, learn_encoding, to_frame
from training.models.kind import Model, Params

TABLE = shop_table()
FRAME = to_frame(TABLE.inputs)
ENCODING = learn_encoding(TABLE.inputs, SHOP)
VOTERS: Params = {"linear": "logistic_bins", "tree": "decision_tree", "tree_params": {"max_depth": 2}}
TREES = [name for name, kind in CANDIDATES.items() if kind.family == "tree"]
ONE_NUMBER = schema_of({"a": {"type": "number"}}, ["a"])


def _params(name: str) -> Params:
    return VOTERS if name == VOTE else {}


def _fit(name: str, seed: int = 0) -> Model:
    return build(name, ENCODING, _params(name), seed).fit(FRAME, TABLE.labels)


def _pipelines(model: Model) -> list[Any]:
    return getattr(model, "estimators_", [model]) if not hasattr(model, "steps") else [model]


def _of_numbers(values: NDArray[np.float32]) -> tuple[Encoding, pd.DataFrame]:
    inputs: Inputs = {"a": values.reshape(-1, 1)}
    return learn_encoding(inputs, ONE_NUMBER), to_frame(inputs)


def _of_categories(columns: dict[str, NDArray[Any]]) -> tuple[Encoding, pd.DataFrame]:
    schema: FeatureSchema = schema_of(
        {name: {"type": "string", "enum": sorted(set(values))} for name, values in columns.items()}
    )
    inputs: Inputs = {name: values.astype(object).reshape(-1, 1) for name, values in columns.items()}
    return learn_encoding(inputs, schema), to_frame(inputs)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_gives_probabilities_and_repeats_itself(name: str) -> None:
    """Missing numbers and categories are no obstacle; the same seed gives the same bits."""
    first, second = (_fit(name).predict_proba(FRAME) for _ in range(2))
    assert first.shape == (len(FRAME), 2)
    assert bool(((first >= 0) & (first <= 1)).all())
    assert first.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("name", [name for name in CANDIDATES if not CANDIDATES[name].baseline])
def test_a_candidate_learns_who_leaves(name: str) -> None:
    """New customers on the basic plan leave, old ones on the pro plan stay."""
    pair = FRAME.iloc[:2].copy()
    pair["months"], pair["plan"] = np.array([1, 58], np.float32), ["basic", "pro"]
    new, old = _fit(name).predict_proba(pair)[:, 1]
    assert new > 0.6
    assert old < 0.4


@pytest.mark.parametrize("name", [name for name in CANDIDATES if not CANDIDATES[name].baseline])
def test_a_category_never_seen_is_all_zeros(name: str) -> None:
    """No candidate refuses it, and no level of that feature is on."""
    unseen = FRAME.iloc[:1].assign(plan="platinum")
    model = _fit(name)
    assert np.isfinite(model.predict_proba(unseen)).all()
    for pipeline in _pipelines(model):
        owners = feature_of_column(pipeline, SHOP)
        encoded = pipeline[ENCODE].transform(unseen)
        assert encoded.shape[1] == len(owners) == pipeline[MODEL].n_features_in_
        assert not encoded[:, owners == SHOP.feature_names.index("plan")].any()


@pytest.mark.parametrize("name", [VOTE, "naive_bayes", "random_forest"])
def test_a_fit_knows_the_categories_of_its_own_rows_only(name: str) -> None:
    """One that only judged rows hold is a stranger to a fold's model, as it is to the model that serves."""
    fitted = (FRAME["plan"] != "pro").to_numpy()
    model = build(name, ENCODING, _params(name)).fit(FRAME[fitted], TABLE.labels[fitted])
    judged, stranger = FRAME[~fitted], FRAME[~fitted].assign(plan="platinum")
    assert (model.predict_proba(judged) == model.predict_proba(stranger)).all()


@pytest.mark.parametrize("name", CANDIDATES)
def test_settings_are_json_and_the_first_is_the_default(name: str) -> None:
    """They travel in the manifest; a recipe without params is the default one."""
    settings = CANDIDATES[name].search
    assert json.loads(json.dumps(settings)) == [dict(params) for params in settings]
    if settings:
        assert str(build(name, ENCODING)) == str(build(name, ENCODING, settings[0]))
        assert len({str(build(name, ENCODING, params)) for params in settings}) == len(settings)


def test_simpler_candidates_rank_lower() -> None:
    """A tie goes to the model that is easier to explain."""
    order = ["logistic", "logistic_bins", "naive_bayes", "decision_tree", "random_forest", VOTE]
    ranks = [CANDIDATES[name].complexity for name in order]
    assert ranks == sorted(set(ranks))
    assert CANDIDATES["naive_bayes"].complexity == CANDIDATES["sgd"].complexity
    assert len({CANDIDATES[name].complexity for name in TREES if name != "decision_tree"}) == 1


def test_the_default_needs_no_extra_and_gives_reasons() -> None:
    """XGBoost, LightGBM and the neural network compete only when asked for."""
    assert {kind.name for kind in select(DEFAULT_CANDIDATES)} == set(CANDIDATES) - {
        *(kind.name for kind in BASELINES),
        *("xgboost", "lightgbm", "neural_net"),
    }


def test_optional_libraries_are_not_imported_until_built() -> None:
    """The list of candidates is there without them."""
    code = "import sys, training.models.candidates; print({'xgboost', 'lightgbm'} & set(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["logistic", "nope"], "candidate 'nope': not known; choose from logistic, logistic_bins, "),
        (["majority"], "candidate 'majority': a baseline, which is always compared; choose from logistic, "),
        ([], "no candidate was named; choose from logistic, "),
        (
            ["vote", "logistic"],
            "'vote' needs a linear and a tree candidate to vote, and no tree one was named",
        ),
        (["vote", "xgboost"], "and no linear one was named; add one of logistic, logistic_bins, sgd, naive_"),
    ],
)
def test_a_choice_that_cannot_be_compared_is_one_clear_line(names: list[str], told: str) -> None:
    """What is wrong, and what may be chosen instead."""
    with pytest.raises(CandidateError) as error:
        select(names)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_library_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is fitted, and again where a recipe of old asks for it."""
    monkeypatch.setitem(sys.modules, "xgboost", None)
    for attempt in (lambda: select(["xgboost"]), lambda: build("xgboost", ENCODING)):
        with pytest.raises(
            CandidateError, match=r"XGBoost is not installed; pip install 'churn-stream\[boost"
        ):
            attempt()


def test_a_name_given_twice_competes_once() -> None:
    """In the order given."""
    assert [kind.name for kind in select(["sgd", "logistic", "sgd"])] == ["sgd", "logistic"]


def test_the_vote_is_the_mean_of_its_two_members() -> None:
    """Each with its own params, as if fitted alone."""
    alone = [
        build(name, ENCODING, params).fit(FRAME, TABLE.labels).predict_proba(FRAME)
        for name, params in (("logistic_bins", {}), ("decision_tree", {"max_depth": 2}))
    ]
    vote = _fit(VOTE)
    assert vote.predict_proba(FRAME) == pytest.approx(np.mean(alone, axis=0), abs=1e-15)
    assert set(vote.named_estimators_) == {"linear", "tree"}
    assert vote.named_estimators_["tree"][MODEL].get_depth() == 2


def test_a_vote_without_its_members_is_refused() -> None:
    """A recipe has to say who votes, and a tree is no linear member."""
    with pytest.raises(CandidateError, match=r"its tree member is None, expected one of decision_tree, "):
        build(VOTE, ENCODING, {"linear": "logistic"})
    with pytest.raises(
        CandidateError, match=r"its linear member is 'decision_tree', expected one of logistic"
    ):
        build(VOTE, ENCODING, {"linear": "decision_tree", "tree": "decision_tree"})


@pytest.mark.parametrize("name", TREES)
def test_thresholds_are_where_a_tree_splits(name: str) -> None:
    """Churn begins at 100 of 0..199 (integers), so a split between 99 and 100 is found in every library."""
    encoding, frame = _of_numbers(np.arange(200, dtype=np.float32))
    model = build(name, encoding).fit(frame, np.arange(200) >= 100)
    (cuts,) = thresholds(model).values()
    assert cuts.dtype == np.float32
    assert bool((np.diff(cuts) > 0).all())
    assert bool(((cuts >= 99) & (cuts <= 100)).any())


@pytest.mark.parametrize("name", TREES)
def test_predictions_change_at_thresholds_only(name: str) -> None:
    """On neighbouring floats of every threshold, and nowhere between two of them."""
    values = np.random.default_rng(0).normal(size=400).astype(np.float32)
    encoding, frame = _of_numbers(values)
    model = build(name, encoding).fit(frame, np.sin(values * 2) > 0)
    (cuts,) = thresholds(model).values()
    ends = np.float32([-np.inf, *cuts, np.inf])
    low, high = np.nextafter(ends[:-1], np.float32(9)), np.nextafter(ends[1:], np.float32(-9))
    assert len(cuts) > 1
    low_scores, high_scores = (
        model.predict_proba(pd.DataFrame({"a": np.clip(each, -9, 9)}))[:, 1] for each in (low, high)
    )
    inside = low <= high
    assert low_scores[inside].tolist() == high_scores[inside].tolist()


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "lightgbm"])
def test_thresholds_are_single_precision_and_change_no_prediction(name: str) -> None:
    """Between two neighbouring float32 the library splits at a float64; the floored one splits them alike."""
    low = np.nextafter(np.float32(1), np.float32(2))  # odd: halfway to the next one rounds up
    values = np.repeat([low, np.nextafter(low, np.float32(2))], 100)
    encoding, frame = _of_numbers(values)
    ours = build(name, encoding).fit(frame, values > low)
    assert thresholds(ours)["a"].tolist() == [low]
    kept = ours[MODEL]
    assert _own_thresholds(kept) == {float(low)}
    with threadpool_limits(limits=1):
        library = type(kept).__mro__[1](**kept.get_params()).fit(frame.to_numpy(np.float64), values > low)
        again = library.predict_proba(frame.to_numpy(np.float64))
    assert _own_thresholds(library) != {float(low)}
    assert ours.predict_proba(frame).tolist() == again.tolist()
    assert again[0, 1] < 0.5 < again[-1, 1]


def _own_thresholds(fitted: Any) -> set[float]:
    if hasattr(fitted, "booster_"):
        return set(fitted.booster_.trees_to_dataframe()["threshold"].dropna())
    nodes = np.concatenate([trees[0].nodes for trees in fitted._predictors])
    return set(nodes["num_threshold"][nodes["is_leaf"] == 0].tolist())


def test_a_vote_has_the_thresholds_of_both_members() -> None:
    """Knots of the ramps and splits of the tree."""
    vote = _fit(VOTE)
    members = [thresholds(member)["months"].tolist() for member in vote.estimators_]
    assert thresholds(vote)["months"].tolist() == sorted({cut for cuts in members for cut in cuts})
    assert all(members)


def test_a_table_of_categories_alone_has_no_thresholds() -> None:
    """And a table without categories no such part."""
    encoding, frame = _of_categories({"a": np.array(["x", "y"] * 100)})
    for name in ("logistic_bins", "gradient_boosting"):
        model = build(name, encoding).fit(frame, frame["a"] == "x")
        assert thresholds(model) == {}
        assert [part for part, *_ in model[ENCODE].transformers_] == [CATEGORIES]


def test_majority_says_the_training_rate_of_everybody() -> None:
    """Whatever the row."""
    scored = build("majority", ENCODING).fit(FRAME[:100], TABLE.labels[:100]).predict_proba(FRAME)
    assert np.unique(scored[:, 1]).tolist() == pytest.approx([TABLE.labels[:100].mean()])


def test_one_feature_looks_at_nothing_else() -> None:
    """It finds the plan, and no other column moves its score."""
    model = _fit("one_feature")
    assert model.feature_ == "plan"
    elsewhere = FRAME.assign(months=np.float32(3), spend=np.float32(1), senior="1", app="")
    assert model.predict_proba(elsewhere).tolist() == model.predict_proba(FRAME).tolist()


def test_one_feature_is_chosen_on_its_own_rows_and_not_by_chance() -> None:
    """Half the rows follow one column, half another; 150 levels that mean nothing never win."""
    random = np.random.default_rng(0)
    first, second, label = (random.integers(0, 2, 600) for _ in range(3))
    first[:300] = label[:300]
    second[300:] = label[300:]
    noise = random.integers(0, 150, 600)
    named = {"first": first, "noise": noise, "second": second}
    encoding, frame = _of_categories({name: values.astype(str) for name, values in named.items()})
    chosen = [
        build("one_feature", encoding).fit(frame[rows], label[rows]).feature_
        for rows in (slice(0, 300), slice(300, 600))
    ]
    assert chosen == ["first", "second"]
    alone, frame = _of_categories(
        {"noise": noise.astype(str), "weak": np.where(random.random(600) < 0.6, label, 1 - label).astype(str)}
    )
    assert build("one_feature", alone).fit(frame, label).feature_ == "weak"


def test_one_feature_can_be_told_which_and_takes_a_number_where_there_is_no_category() -> None:
    """`feature` names it."""
    told = build("one_feature", ENCODING, {"feature": "months"}).fit(FRAME, TABLE.labels)
    assert told.feature_ == "months"
    encoding, frame = _of_numbers(np.arange(200, dtype=np.float32))
    assert build("one_feature", encoding).fit(frame, np.arange(200) >= 100).feature_ == "a"
