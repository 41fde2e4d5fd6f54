"""Numeric encoders: steps and ramps over quantiles, a clipped range, and the numbers themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from training.models.numeric import ClippedRange, FilledNumbers, NumberEncoder, QuantileRamps, QuantileSteps

ENCODERS = [QuantileSteps(), QuantileRamps(), ClippedRange(), FilledNumbers()]
FLOAT32 = st.floats(width=32, allow_infinity=False, allow_subnormal=True)


def _column(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32).reshape(-1, 1)


def test_ten_bins_have_nine_edges_with_a_tenth_of_rows_between_them() -> None:
    """Distinct values split evenly."""
    steps = QuantileSteps(10).fit(_column(*range(1000)))
    encoded = steps.transform(_column(*range(1000)))
    assert encoded.shape == (1000, 9)
    assert np.bincount(encoded.sum(axis=1).astype(int)).tolist() == pytest.approx([100] * 10, abs=1)


def test_a_value_on_an_edge_belongs_above_it() -> None:
    """x >= edge, to the last bit."""
    steps = QuantileSteps(2).fit(_column(1, 2, 3, 4))
    (edge,) = steps.edges_
    below = np.nextafter(edge, np.float32(-np.inf))
    assert steps.transform(_column(below, edge)).tolist() == [[0.0], [1.0]]


def test_ties_merge_bins_and_a_constant_column_has_none() -> None:
    """Few distinct values give few edges; one value gives a step that nothing reaches."""
    assert QuantileSteps(10).fit(_column(*[0] * 70, *[1] * 30)).edges_.tolist() == [1]
    assert QuantileSteps(10).fit(_column(5, 5, 5)).transform(_column(5, 3.4e38)).tolist() == [[0.0], [0.0]]


def test_a_rare_value_above_the_minimum_still_has_a_step() -> None:
    """With 99 rows in 100 at the minimum every quantile is the minimum; the step is at the next value."""
    steps = QuantileSteps(10).fit(_column(*[0] * 99, 4))
    assert steps.transform(_column(0, 3, 4)).tolist() == [[0.0], [0.0], [1.0]]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
def test_missing_counts_as_the_median_and_is_marked(encoder: NumberEncoder) -> None:
    """The indicator is the last column; the others are as for the median."""
    fitted = encoder.fit(_column(1, 2, np.nan, 9))
    median, missing = fitted.transform(_column(2, np.nan))
    assert median[:-1].tolist() == missing[:-1].tolist()
    assert (median[-1], missing[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("encoder", ENCODERS[:3], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("only", [np.nan, 5.0])
def test_a_column_that_never_varies_is_harmless(encoder: NumberEncoder, only: float) -> None:
    """A column without any value, or with one, encodes the same whatever comes later."""
    fitted = encoder.fit(np.array([[only, 1], [only, 2]], dtype=np.float32))
    encoded = fitted.transform(np.array([[-7, 1], [8, 1]], dtype=np.float32))
    assert encoded[0].tolist() == encoded[1].tolist()
    assert len(fitted.column_owners) == encoded.shape[1]


def test_the_range_holds_outside_what_was_seen() -> None:
    """Beyond the training range there is no extrapolation."""
    scaled = ClippedRange().fit(_column(10, 20)).transform(_column(-3e38, 10, 15, 20, 3e38))
    assert scaled[:, 0].tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_ramps_join_into_a_line_that_is_straight_between_quantiles() -> None:
    """From 0 at the minimum to 1 per ramp at the maximum, each knot at the end of one ramp, flat outside."""
    ramps = QuantileRamps(4).fit(_column(*range(101)))
    assert [knots.tolist() for knots in ramps.thresholds] == [[0, 25, 50, 75, 100]]
    encoded = ramps.transform(_column(-1e30, 0, 25, 30, 100, 1e30))
    assert encoded.sum(axis=1).tolist() == pytest.approx([0, 0, 1, 1.2, 4, 4], abs=1e-7)
    assert encoded[3].tolist() == pytest.approx([1, 0.2, 0, 0], abs=1e-7)


def test_a_value_that_many_share_has_ramps_of_its_own() -> None:
    """Half the rows at 40: it and its neighbours are knots, so that its effect touches no other value."""
    column = _column(*range(100), *[40] * 100)
    knots = QuantileRamps(4).fit(column).column_knots_[0].tolist()
    assert {39.0, 40.0, 41.0} <= set(knots)
    assert {9.0, 10.0, 11.0}.isdisjoint(knots)


def test_numbers_for_trees_are_left_as_they_are() -> None:
    """To the last bit, whatever their size; only missing ones are filled."""
    values = [1e-40, 0.1, 16777217.0, -3.4e38]
    filled = FilledNumbers().fit(_column(*values))
    assert filled.transform(_column(*values))[:, 0].astype(np.float32).tobytes() == _column(*values).tobytes()
    assert filled.thresholds[0].size == 0


@given(arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=FLOAT32))
def test_any_table_encodes_to_finite_bounded_columns(table: NDArray[np.float32]) -> None:
    """Whatever float32 values: encoded columns lie in 0..1, one owner each, no warning."""
    for encoder in (QuantileSteps(), QuantileRamps(), ClippedRange()):
        encoded = encoder.fit(table).transform(table)
        assert encoded.shape == (len(table), len(encoder.column_owners))
        assert bool(((encoded >= 0) & (encoded <= 1)).all())
