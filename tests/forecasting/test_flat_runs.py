"""Flat runs: a value that repeats for longer than ever before is improbable, and judged by earlier rows only."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.flat_runs import FlatRuns, flat_runs


def runs(*series: np.ndarray) -> FlatRuns:
    indptr = np.append(0, np.cumsum([len(one) for one in series]))
    return flat_runs(np.concatenate(series), indptr, indptr[1:])


def noise(rows: int = 500, places: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(20, 1, rows).round(places)


def test_when_a_value_repeats_in_noise_then_the_run_is_improbable_from_its_fifth_row_and_its_length_is_known():
    y = noise()
    y[300:330] = y[299]
    found = runs(y)
    improbable = np.flatnonzero(found.score(0.999) > 1)
    assert improbable.tolist() == list(range(303, 330))
    assert (found.length[329], found.longest[329] <= 3) == (31, True)


def test_when_runs_of_zeros_are_usual_then_another_night_of_them_is_no_anomaly_and_a_frozen_day_is():
    day = np.concatenate([np.zeros(12), np.ones(12)])
    y = np.tile(day, 40) * np.random.default_rng(0).normal(100, 9, 960).round(1)
    assert (runs(y).p > 0.01).all()
    y[20 * 24 + 12 : 21 * 24] = y[20 * 24 + 12]
    frozen = np.flatnonzero(runs(y).p < 0.001)
    assert frozen.min() >= 20 * 24 + 16
    assert frozen.max() == 21 * 24 - 1


@pytest.mark.parametrize("y", [np.full(400, 7.0), np.repeat(np.arange(10.0), 40), np.zeros(0), np.full(9, np.nan)])
def test_when_a_series_is_constant_or_moves_in_long_steps_then_no_run_is_improbable(y):
    assert (runs(y).p == 1).all()


def test_when_demand_is_rare_then_a_dry_spell_somewhat_longer_than_before_is_no_anomaly():
    rng = np.random.default_rng(1)
    y = rng.poisson(0.2, 600).astype(float)
    assert (runs(y).p < 0.001).mean() < 0.002


def test_when_values_are_missing_within_a_run_then_it_continues_after_them():
    y = noise()
    y[300:330] = y[299]
    y[310:315] = np.nan
    found = runs(y)
    assert (found.length[329], found.p[312]) == (26, 1)
    assert found.p[329] < 1e-4


def test_when_later_rows_change_then_earlier_rows_and_other_series_stay():
    y, other = noise(), noise(places=0)
    before = runs(other, y)
    changed = y.copy()
    changed[400:] = 3.0
    after = runs(other, changed)
    np.testing.assert_array_equal(before.p[:900], after.p[:900])
    assert after.p[-1] < 1e-4
