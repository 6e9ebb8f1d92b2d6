"""Lone far values are taken as missing; what may be meant is kept."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.cleaning.additive_outliers import find_additive_outliers

T = np.arange(400)
RNG = np.random.default_rng(0)
NOISE = RNG.standard_normal(400)
SHAPES = {
    "noise": NOISE,
    "random walk": NOISE.cumsum(),
    "season": 10 * np.sin(T * 2 * np.pi / 24) + NOISE,
    "trend": 0.5 * T + NOISE,
}


def missing(series: np.ndarray, periods: tuple[int, ...] = (24,)) -> list[int]:
    """The positions that are taken as missing, in a window alone as beside others and behind padding."""
    past = np.stack([series, NOISE[: len(series)]]).astype(np.float32)
    padded = np.concatenate([np.full((2, 30), np.nan, np.float32), past], 1)
    found = [[one.lone.tolist() for one in find_additive_outliers(x, periods) if one.row == 0] for x in (past, padded)]
    assert [[at - 30 for at in one] for one in found[1]] == found[0]
    return found[0][0] if found[0] else []


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_when_single_values_are_far_out_then_they_alone_are_missing(shape, scale):
    series = scale * SHAPES[shape]
    assert missing(series) == []
    hit = [17, 140, 141, 222, 397]
    series[hit] += scale * np.array([40, -40, -40, 60, 40])
    assert missing(series) == hit


@pytest.mark.parametrize("shape", SHAPES)
def test_when_the_newest_values_are_far_out_then_they_stay_for_something_may_begin(shape):
    for newest in (1, 2):
        series = SHAPES[shape].copy()
        series[-newest:] += 50
        assert missing(series) == []
        found = find_additive_outliers(series[None], (24,))
        assert [one.recent.tolist() for one in found] == ([[399]] if newest == 1 else [])  # two may be a new level


def test_when_the_level_changes_or_an_event_lasts_then_nothing_of_it_is_missing():
    step = NOISE + 50 * (T >= 200)
    assert missing(step) == []
    event = NOISE + 50 * ((T >= 200) & (T < 206))
    assert missing(event) == []


def test_when_far_values_come_again_at_their_phase_or_at_even_distances_then_they_stay():
    assert missing(NOISE + 50 * (T % 24 == 5)) == []
    assert missing(NOISE + 50 * (T % 31 == 5), ()) == []  # no period is given
    once = NOISE + 50 * (T % 24 == 5)
    once[110] += 50
    assert missing(once) == [110]


def test_when_many_values_are_far_out_then_that_is_how_the_series_is():
    often = NOISE + 50 * (RNG.random(400) < 0.15)
    assert missing(often) == []
    assert missing((RNG.random(400) < 0.3).astype(float)) == []


def test_when_nothing_is_odd_or_there_is_too_little_then_nothing_is_found():
    for past in (
        NOISE[None],
        np.full((2, 50), 3.0),
        np.full((2, 50), np.nan),
        np.zeros((0, 40)),
        NOISE[None, :2],
        np.zeros((1, 0)),
    ):
        assert find_additive_outliers(past, (7,)) == []
    short = NOISE[None, :20].copy()
    short[0, 9] = 1e3
    assert find_additive_outliers(short) == []


def test_when_a_series_stands_still_but_for_one_value_then_it_stays_for_there_is_no_measure():
    still = np.full(100, 5.0)
    still[50] = 6.0
    assert missing(still) == []


PRICES = 100 * np.exp(0.02 * np.random.default_rng(0).standard_normal((20, 1100)).cumsum(1))
AGO = np.arange(1100, 0, -1)


@pytest.mark.parametrize(("factor", "since"), [(10, 75), (10, 30), (0.1, 1000)])
def test_when_a_level_is_ten_times_the_other_then_its_values_are_measured_by_their_own_neighbours(factor, since):
    prices = PRICES * np.where(since >= AGO, factor, 1)
    assert sum(len(one.lone) for one in find_additive_outliers(prices, (5,))) <= 2


def test_when_a_level_is_ten_times_the_other_then_spikes_are_found_on_both():
    prices, hit = PRICES * np.where(AGO <= 75, 10, 1), [300, 600, 1042, 1060, 1077]
    prices[:, hit] *= np.array([2, 3, 2, 0.5, 2])
    found = find_additive_outliers(prices, (5,))
    assert sum(np.isin(hit, one.lone).sum() for one in found) >= 0.99 * len(hit) * len(prices)


@pytest.mark.parametrize("seed", range(4))
def test_when_a_peak_of_weeks_comes_again_at_its_date_then_it_is_kept_and_a_single_one_is_not(seed):
    days = np.datetime64("2018-06-04") + 7 * np.arange(312)
    dates = np.array([[str(first + k)[5:] for k in range(7)] for first in days])
    share = ((dates >= "07-01") & (dates <= "07-12")).mean(1)
    noise = np.random.default_rng(seed).normal(size=len(days))
    values = (100 * np.exp(0.7 * share + 0.03 * noise)).astype(np.float32)
    assert find_additive_outliers(values[None], (52,)) == []
    values[150] *= 2.5
    (found,) = find_additive_outliers(values[None], (52,))
    assert found.lone.tolist() == [150]


@pytest.mark.parametrize("seed", range(6))
def test_when_a_count_grows_then_small_falls_are_no_outliers_and_a_glitch_is_one(seed):
    rng = np.random.default_rng(seed)
    growth = np.where(np.arange(500) % 7 < 5, 40, 5) + 12 * rng.normal(size=500)
    values = (5000 + np.cumsum(growth)).round().astype(np.float32)
    assert find_additive_outliers(values[None], (7,)) == []
    values[300] += 400
    (found,) = find_additive_outliers(values[None], (7,))
    assert found.lone.tolist() == [300]
