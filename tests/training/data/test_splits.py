"""Which rows judge which models: no model knows what it is judged on, and both classes are everywhere."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold

from contract.inputs import Inputs
from tests.training.tables import SHOP, shop_rows
from training.data.dataset import Table, table_from_rows
from training.data.folds import MAX_BUNDLES, Grouped
from training.data.skipped import SkippedRows
from training.data.splits import Splits, make_splits
from training.errors import DatasetError


def table_of(rows: int = 400, **columns: Any) -> Table:
    """The shop with more columns, each a function of the row number; `group` and `time` are used as such."""
    data = [{**row, **{k: v(i) for k, v in columns.items()}} for i, row in enumerate(shop_rows(rows))]
    asked = {name: name for name in ("group", "time") if name in columns}
    return table_from_rows(data, SHOP, "shop", **asked)  # type: ignore[arg-type]


def bare_table(labels: NDArray[np.int8], groups: Any = None, times: Any = None) -> Table:
    """A table that only splits look at."""
    inputs: Inputs = {}
    return Table("bare", inputs, labels, (), SkippedRows(), groups=groups, times=times)


def assert_sound(table: Table, splits: Splits) -> None:
    """Training and test rows are apart, sorted and of both classes; inner folds likewise."""
    for train, test in splits.outer:
        assert not np.isin(train, test).any()
        for rows in (train, test):
            assert (np.diff(rows) > 0).all()
            assert set(table.labels[rows].tolist()) == {0, 1}
        for inner_train, inner_test in splits.inner(train):
            assert not np.isin(inner_train, inner_test).any()
            for part in (inner_train, inner_test):
                assert set(table.labels[train[part]].tolist()) == {0, 1}


def assert_same(ours: Splits, theirs: Splits) -> None:
    for (train, test), (other_train, other_test) in zip(ours.outer, theirs.outer, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)
        for (a, b), (c, d) in zip(ours.inner(train), theirs.inner(other_train), strict=True):
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, d)


def test_without_groups_and_times_folds_are_stratified() -> None:
    """Exactly scikit-learn's 5x3 repeated stratified folds for the seed, so that figures can be repeated."""
    table = table_of()
    splits = make_splits(table, 7)
    expected = RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=7)
    for (train, test), (a, b) in zip(
        splits.outer, expected.split(np.zeros(table.rows), table.labels), strict=True
    ):
        np.testing.assert_array_equal(train, a)
        np.testing.assert_array_equal(test, b)
    assert (splits.repeats, len(splits.outer), len(splits.inner(splits.outer[0][0]))) == (3, 15, 3)
    assert splits.how == "5-fold stratified cross-validation, 3 times"
    assert_sound(table, splits)


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"group": lambda i: f"g{i // 3}"},
        {"time": lambda i: i // 2},
        {"group": lambda i: f"g{i % 150}", "time": lambda i: i},
    ],
)
def test_the_same_seed_gives_the_same_folds_in_another_process(columns: dict[str, Any]) -> None:
    """Splits go to worker processes, and a version can be reproduced."""
    table = table_of(**columns)
    splits = make_splits(table, 3)
    assert_same(splits, make_splits(table, 3))
    assert_same(splits, pickle.loads(pickle.dumps(splits)))  # noqa: S301 - its own bytes
    assert_sound(table, splits)


@pytest.mark.parametrize("columns", [{}, {"group": lambda i: f"g{i // 3}"}])
def test_another_seed_gives_other_folds(columns: dict[str, Any]) -> None:
    """Repeats and seeds are new draws; of each repeat every row is judged once."""
    table = table_of(**columns)
    splits, others = make_splits(table, 0), make_splits(table, 99)
    assert not np.array_equal(splits.outer[0][1], others.outer[0][1])
    assert not np.array_equal(splits.outer[0][1], splits.outer[5][1])
    for start in (0, 5, 10):
        judged = np.sort(np.concatenate([test for _, test in splits.outer[start : start + 5]]))
        np.testing.assert_array_equal(judged, np.arange(table.rows))


def test_a_group_is_never_on_both_sides() -> None:
    """Neither of an outer fold nor of an inner one; a blank is a group of its own."""
    table = table_of(group=lambda i: "" if i % 10 == 0 else f"g{i // 4}")
    assert table.groups is not None
    splits = make_splits(table, 0)
    for train, test in splits.outer:
        assert not set(table.groups[train]) & set(table.groups[test])
        for inner_train, inner_test in splits.inner(train):
            assert not set(table.groups[train[inner_train]]) & set(table.groups[train[inner_test]])
    assert splits.repeats == 3
    assert splits.how == "5-fold stratified cross-validation, 3 times, each group on one side only"
    blanks = [test for _, test in splits.outer[:5] if any(g.startswith("\0") for g in table.groups[test])]
    assert len(blanks) == 5


def test_few_groups_are_divided_as_scikit_learn_does() -> None:
    """StratifiedGroupKFold, shuffled, with a seed per repeat."""
    table = table_of(group=lambda i: f"g{(i * 7) % 50:02d}")
    splits = make_splits(table, 2)
    codes = np.array([(i * 7) % 50 for i in range(table.rows)])
    codes = np.unique(codes, return_index=True)[1].argsort().argsort()[codes]
    for repeat in range(3):
        expected = StratifiedGroupKFold(5, shuffle=True, random_state=2 + repeat)
        ours = splits.outer[5 * repeat : 5 * repeat + 5]
        for (_, test), (_, other) in zip(
            ours, expected.split(table.labels, table.labels, codes), strict=True
        ):
            np.testing.assert_array_equal(test, other)


def test_many_groups_are_divided_in_reasonable_time() -> None:
    """More than 2,000 groups go in bundles, and folds have the same size and share of churners."""
    random = np.random.default_rng(0)
    labels = (random.random(30_000) < 0.26).astype(np.int8)
    groups = random.integers(0, 20_000, 30_000)
    assert len(np.unique(groups)) > MAX_BUNDLES
    for train, test in Grouped(labels, groups, 0, 5)(np.arange(30_000)):
        assert not np.isin(groups[train], groups[test]).any()
        assert abs(len(test) - 6_000) < 100
        assert abs(labels[test].mean() - labels.mean()) < 0.002


def test_times_are_judged_by_models_of_earlier_rows() -> None:
    """Five periods of about equal size; the sixth of the rows before them is only learned from."""
    table = table_of(time=lambda i: (i * 37) % 400)
    assert table.times is not None
    splits = make_splits(table, 0)
    assert (splits.repeats, len(splits.outer)) == (1, 5)
    for train, test in splits.outer:
        assert table.times[train].max() < table.times[test].min()
        assert abs(len(test) - 400 / 6) <= 1
        for inner_train, inner_test in splits.inner(train):
            assert table.times[train[inner_train]].max() < table.times[train[inner_test]].min()
    assert len(splits.outer[0][0]) == 67
    assert len(splits.outer[4][0]) + len(splits.outer[4][1]) == 400
    assert splits.how == "5 periods by time, each judged by models of all earlier rows"


def test_rows_of_one_time_stay_together() -> None:
    """However unequal periods become: here one month has half of the rows."""
    table = table_of(time=lambda i: f"2026-{1 + (0 if i % 2 else 1 + i % 7):02d}-01")
    assert table.times is not None
    splits = make_splits(table, 0)
    for train, test in splits.outer:
        assert table.times[train].max() < table.times[test].min()
    assert_sound(table, splits)


def test_with_groups_and_times_neither_is_seen_before() -> None:
    """Earlier rows of the judged groups are not learned from."""
    table = table_of(group=lambda i: f"g{i % 90}", time=lambda i: i)
    assert table.groups is not None
    assert table.times is not None
    splits = make_splits(table, 0)
    for train, test in splits.outer:
        assert table.times[train].max() < table.times[test].min()
        assert not set(table.groups[train]) & set(table.groups[test])
    assert splits.how.endswith("all earlier rows but those of the same group")


def test_six_months_are_enough() -> None:
    """The first fold learns from one month, whose inner folds cannot follow time and are stratified."""
    table = table_of(time=lambda i: f"2026-{1 + i % 6:02d}-01")
    splits = make_splits(table, 0)
    counts = [len(splits.inner(train)) for train, _ in splits.outer]
    assert counts == [3, 1, 2, 3, 3]
    assert_sound(table, splits)


def test_the_smallest_table_can_be_split() -> None:
    """Ten rows of each class give every part both classes, outer and inner, with any seed."""
    rows = [{**row, "left": "yes" if i % 2 else "no"} for i, row in enumerate(shop_rows(20))]
    table = table_from_rows(rows, SHOP, "shop")
    for seed in range(20):
        assert_sound(table, make_splits(table, seed))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            {"group": lambda i: f"g{i % 4}"},
            "5 folds by column group with 4 groups: fewer than 5 groups; group by",
        ),
        ({"group": lambda i: "all" if i > 5 else f"g{i}"}, "too few groups hold both customers who left and"),
        ({"time": lambda i: i % 5}, "column time holds 5 different times, at least 6 expected, one to learn"),
        (
            {"time": lambda i: i, "left": lambda i: "yes" if i < 70 and i % 3 == 0 else "no"},
            "fold 2 of 5 has 67 rows to judge, 0 of them of customers who left, at least 1 expected (5",
        ),
        (
            {"time": lambda i: i, "left": lambda i: "yes" if i > 80 and i % 3 == 0 else "no"},
            "fold 1 of 5 has 67 rows to learn from, 0 of them of customers who left, at least 3 expected",
        ),
        (
            {"group": lambda i: f"g{i % 30}", "time": lambda i: i},
            "fold 1 of 5 has 0 rows to learn from, 0 of them of",
        ),
    ],
)
def test_what_cannot_be_split_says_which_fold_and_what_to_do(columns: dict[str, Any], expected: str) -> None:
    """One line: the fold, what it lacks, and the remedy, before anything is fitted."""
    table = table_of(**columns)
    with pytest.raises(DatasetError) as caught:
        make_splits(table, 0)
    message = str(caught.value)
    assert message.startswith("shop: ")
    assert expected in message
    assert message.endswith(("; group by a finer column, or by none", " column out"))
    assert "\n" not in message


def test_a_table_too_small_by_hand_is_refused_too() -> None:
    """read_table would not give it, but a table can be made without."""
    labels = np.array([1] * 5 + [0] * 40, dtype=np.int8)
    make_splits(bare_table(labels), 0)
    with pytest.raises(DatasetError, match=r"fold 1 of 5 has 7 rows to learn from, . of them"):
        make_splits(bare_table(labels, times=np.arange(45.0)[::-1].copy()), 0)
