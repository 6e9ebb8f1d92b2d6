"""Series that begin and end apart, and have gaps, on one grid."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.errors import DataError
from tsattn.forecasting.hierarchy.common_grid import common_grid

ALL = (np.array([0, 1]),)


def late_panel(series: list[np.ndarray], starts: list[str], freq: str = "D") -> Panel:
    made = Panel.from_arrays(series, freq=freq, start="2024-01-01")
    return dataclasses.replace(made, start=np.array(starts, "datetime64[us]"))


def test_when_a_series_is_born_later_then_it_counts_as_zero_before():
    grid = common_grid(late_panel([np.ones(10), np.full(6, 5.0)], ["2024-01-01", "2024-01-05"]))
    assert grid.sums(ALL)[0].tolist() == [1] * 4 + [6] * 6


def test_when_a_series_ended_long_ago_then_it_counts_as_zero_after_and_a_late_one_is_imputed():
    closed = common_grid(late_panel([np.ones(30), np.full(20, 5.0)], ["2024-01-01"] * 2))
    assert closed.closed.tolist() == [False, True]
    assert closed.sums(ALL)[0].tolist() == [6] * 20 + [1] * 10
    late = common_grid(late_panel([np.full(30, 50.0), np.full(28, 5.0)], ["2024-01-01"] * 2))
    assert not late.closed.any()
    assert late.sums(ALL)[0].tolist() == [55] * 30


def test_when_much_of_a_sum_is_missing_then_the_sum_is_missing():
    big, small = np.full(30, 50.0), np.full(30, 5.0)
    big[12] = small[15] = np.nan
    total = common_grid(late_panel([big, small], ["2024-01-01"] * 2)).sums(ALL)[0]
    assert np.flatnonzero(np.isnan(total)).tolist() == [12]
    assert total[15] == 55


def test_when_a_shop_is_closed_on_sundays_then_its_missing_sundays_count_as_zero():
    week = np.array([10.0, 11, 12, 13, 14, 15, np.nan])
    grid = common_grid(late_panel([np.full(70, 100.0), np.tile(week, 10)[:69]], ["2024-01-01"] * 2))
    total = grid.sums(ALL)[0]
    assert total[62] == 100
    assert total[57] == 111


def test_when_later_values_change_then_no_earlier_sum_does():
    rng = np.random.default_rng(0)
    one, two = rng.normal(100, 1, 60), rng.normal(20, 1, 60)
    two[[20, 30, 31]] = np.nan
    before = common_grid(late_panel([one, two], ["2024-01-01"] * 2)).sums(ALL)[0]
    two[40:-1] = np.where(rng.random(19) < 0.5, np.nan, 1e6)
    after = common_grid(late_panel([one, two], ["2024-01-01"] * 2)).sums(ALL)[0]
    np.testing.assert_array_equal(before[:40], after[:40])


def test_when_series_have_their_steps_at_other_times_then_the_error_says_how_to_resample():
    weekly = late_panel([np.ones(9), np.ones(9)], ["2024-01-01", "2024-01-03"], "W")
    with pytest.raises(DataError, match="other times") as caught:
        common_grid(weekly)
    assert "--resample" in caught.value.hint
