"""Quantiles at other levels: exact at the given ones, normal in between and beyond, never crossing."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.errors import ConfigError
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.quantiles import checked_levels, resample, row_medians, student_scores

levels = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=12, unique=True).map(sorted)


def test_a_normal_distribution_comes_back_exactly() -> None:
    normal = NormalDist(3, 2)
    values = np.array([normal.inv_cdf(q) for q in DEFAULT_QUANTILES])
    want = (0.001, 0.05, 0.1, 0.25, 0.5, 0.77, 0.975, 0.999)
    np.testing.assert_allclose(resample(values, DEFAULT_QUANTILES, want), [normal.inv_cdf(q) for q in want], rtol=1e-6)


def test_the_given_levels_are_given_back_bit_by_bit() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=(4, 6, 9)).astype(np.float32), -1)
    want = (0.05, *DEFAULT_QUANTILES, 0.95)
    np.testing.assert_array_equal(resample(values, DEFAULT_QUANTILES, want)[..., 1:-1], values)


def test_a_level_computed_in_floating_point_is_still_the_given_one() -> None:
    values = np.arange(9, dtype=np.float32)
    assert resample(values, DEFAULT_QUANTILES, (0.1 + 0.2,))[0] == 2


@settings(deadline=None)
@given(levels, levels, st.integers(0, 2**32 - 1))
def test_quantiles_never_cross(have: list[float], want: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    spread = rng.choice([0.0, 1e-6, 1.0, 1e30], size=(5, len(have)))
    values = np.cumsum(spread * rng.random(spread.shape), -1).astype(np.float32) + np.float32(rng.normal())
    found = resample(values, have, want)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_beyond_the_outer_levels_the_outer_slope_goes_on() -> None:
    z = NormalDist().inv_cdf
    low = resample(np.array([0.0, 1.0, 5.0]), (0.1, 0.5, 0.9), (0.01, 0.99))
    np.testing.assert_allclose(low[0], (z(0.01) - z(0.1)) / (z(0.5) - z(0.1)), rtol=1e-6)
    np.testing.assert_allclose(low[1], 5 + 4 * (z(0.99) - z(0.9)) / (z(0.9) - z(0.5)), rtol=1e-6)


def test_a_point_forecast_is_the_same_at_every_level() -> None:
    assert resample(np.array([7.0]), (0.5,), (0.1, 0.9)).tolist() == [7, 7]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [((), "there are none"), ((0.0, 0.5), "0 does not"), ((0.5, 1.0), "1 does not"), ((10.0, 90.0), "10 does not"),
     ((float("nan"),), "nan does not"), ((0.9, 0.1), "rise"), ((0.5, 0.5), "once")],
)  # fmt: skip
def test_levels_that_are_none_are_refused(wrong: tuple[float, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        checked_levels(wrong)


def test_when_levels_do_not_rise_then_the_hint_is_what_to_type() -> None:
    with pytest.raises(ConfigError) as error:
        checked_levels((0.9, 0.1, 0.5, 0.5))
    assert "0.1,0.5,0.9" in error.value.hint


def test_when_rows_have_missing_values_then_medians_ignore_them_and_empty_rows_have_none():
    rows = np.array([[3.0, np.nan, 1.0, 2.0], [np.nan, 4.0, 1.0, np.nan], [np.nan] * 4])
    np.testing.assert_array_equal(row_medians(rows), [2.0, 2.5, np.nan])
    assert np.isnan(row_medians(np.zeros((2, 0)))).all()


def test_when_levels_are_text_then_they_are_read_as_on_the_command_line_or_refused():
    assert checked_levels("0.1,0.5") == (0.1, 0.5)
    with pytest.raises(ConfigError, match=r"quantiles must be numbers, not 'low'\nfor example: quantiles=\[0.1, 0.5, 0.9\]"):
        checked_levels("low")


def test_a_single_level_may_be_a_number() -> None:
    assert checked_levels(0.5) == (0.5,)
    with pytest.raises(ConfigError, match="quantiles must be numbers"):
        checked_levels([None])  # type: ignore[list-item]


def test_quantiles_of_students_t_are_those_of_the_tables() -> None:
    np.testing.assert_allclose(student_scores((0.1, 0.5, 0.9, 0.975), 4), [-1.533, 0, 1.533, 2.776], rtol=0.02)
    np.testing.assert_allclose(student_scores((0.9, 0.975), 8), [1.397, 2.306], rtol=0.005)
