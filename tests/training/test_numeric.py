"""Numeric encoders: steps over quantiles, and a clipped range."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from training.models.numeric import ClippedRange, NumberEncoder, QuantileSteps

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


@pytest.mark.parametrize("encoder", [QuantileSteps(), ClippedRange()])
def test_missing_counts_as_the_median_and_is_marked(encoder: NumberEncoder) -> None:
    """The indicator is the last column; the others are as for the median."""
    fitted = encoder.fit(_column(1, 2, np.nan, 9))
    median, missing = fitted.transform(_column(2, np.nan))
    assert median[:-1].tolist() == missing[:-1].tolist()
    assert (median[-1], missing[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("encoder", [QuantileSteps(), ClippedRange()])
def test_an_empty_column_is_harmless(encoder: NumberEncoder) -> None:
    """A column without any value encodes the same whatever comes later."""
    fitted = encoder.fit(np.array([[np.nan, 1], [np.nan, 2]], dtype=np.float32))
    encoded = fitted.transform(np.array([[7, 1], [8, 1]], dtype=np.float32))
    assert encoded[0].tolist() == encoded[1].tolist()
    assert len(fitted.column_owners) == encoded.shape[1]


def test_the_range_holds_outside_what_was_seen() -> None:
    """Beyond the training range there is no extrapolation."""
    scaled = ClippedRange().fit(_column(10, 20)).transform(_column(-3e38, 10, 15, 20, 3e38))
    assert scaled[:, 0].tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


@given(arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=FLOAT32))
def test_any_table_encodes_to_finite_bounded_columns(table: NDArray[np.float32]) -> None:
    """Whatever float32 values: encoded columns lie in 0..1, one owner each, no warning."""
    for encoder in (QuantileSteps().fit(table), ClippedRange().fit(table)):
        encoded = encoder.transform(table)
        assert encoded.shape == (len(table), len(encoder.column_owners))
        assert bool(((encoded >= 0) & (encoded <= 1)).all())
