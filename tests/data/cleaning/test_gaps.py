"""Gaps of seasonal series are filled from the seasons beside them, and nothing else is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tsattn.data.cleaning.gaps import fill_gaps
from tsattn.data.cleaning.seasonality import find_seasons


def waves(rows: int = 3, length: int = 400) -> np.ndarray:
    time = np.arange(length)
    noise = 0.1 * np.random.default_rng(0).standard_normal((rows, length))
    return (10 + 3 * np.sin(2 * np.pi * time / 24) + 2 * np.sin(2 * np.pi * time / 168) + noise).astype(np.float32)


def test_when_a_seasonal_series_has_gaps_then_they_are_filled_as_it_went_on():
    whole = waves()
    damaged = whole.copy()
    damaged[:, 100:130], damaged[0, -20:], damaged[1, :50] = np.nan, np.nan, np.nan
    filled = fill_gaps(damaged, find_seasons(damaged))
    inside = np.isnan(damaged)
    inside[1, :50] = False
    assert np.abs(filled - whole)[inside].mean() < 0.6
    assert np.isnan(filled[1, :50]).all()  # the series had not begun
    there = ~np.isnan(damaged)
    np.testing.assert_array_equal(filled[there], damaged[there])


def test_when_there_is_no_season_or_no_gap_then_nothing_is_filled():
    noise = np.random.default_rng(1).standard_normal((2, 300)).astype(np.float32)
    noise[0, 50:80] = np.nan
    np.testing.assert_array_equal(fill_gaps(noise, find_seasons(noise)), noise)
    whole = waves()
    assert fill_gaps(whole, find_seasons(whole)) is whole


def test_when_a_place_of_the_season_is_never_observed_then_it_stays_missing():
    past = waves(1)
    closed = np.arange(400) % 24 < 3
    past[0, closed] = np.nan
    past[0, 200:212] = np.nan
    filled = fill_gaps(past, np.array([[24, 24, 0.9, 0.9]], np.float32))
    np.testing.assert_array_equal(np.isnan(filled[0]), closed)


@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(2, 60))
def test_when_anything_is_filled_then_it_is_a_value_of_the_window_a_whole_number_of_seasons_away(seed, period, length):
    rng = np.random.default_rng(seed)
    past = np.arange(length, dtype=np.float32)[None].copy()
    past[0, rng.random(length) < 0.4] = np.nan
    filled = fill_gaps(past, np.array([[period, period, 0.5, 0.5]], np.float32))[0]
    new = np.isnan(past[0]) & ~np.isnan(filled)
    away = np.abs(filled[new] - np.flatnonzero(new))
    assert (away % period == 0).all()
    assert (away <= 4 * period).all()
    assert np.isin(filled[new], past[0]).all()
