"""Seasons found in a window's own past."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.cleaning.seasonality import autocorrelation, find_seasons

RNG = np.random.default_rng


def wave(length: int, *periods: int, noise: float = 0.2, seed: int = 0) -> np.ndarray:
    time = np.arange(length)
    y = sum(np.sin(time * 2 * np.pi / p + i) for i, p in enumerate(periods)) + noise * RNG(seed).standard_normal(length)
    return np.asarray(y, np.float32)


def test_when_there_is_one_season_then_it_is_found():
    for period in (4, 7, 12, 24, 52):
        found = find_seasons(wave(512, period)[None])[0]
        assert found[0] == pytest.approx(period, abs=1)
        assert found[2] > 0.8


def test_when_there_are_two_seasons_then_both_are_found():
    found = find_seasons(wave(1024, 24, 168)[None], usual=(24, 168))[0]
    assert found[:2].tolist() == [24, 168]
    found = find_seasons(wave(1024, 24, 168)[None])[0]
    assert found[0] == pytest.approx(24, abs=1)
    assert found[1] % 24 == pytest.approx(0, abs=2)


def test_when_values_and_a_trend_come_in_between_then_the_season_is_still_found():
    y = wave(600, 24) + np.linspace(0, 50, 600, dtype=np.float32)
    y[RNG(1).random(600) < 0.3] = np.nan
    y[:150] = np.nan
    assert find_seasons(y[None])[0, 0] == 24


def test_when_the_units_change_then_the_seasons_do_not():
    y = wave(512, 24, 168)
    for scale, level in ((1e6, 0.0), (1e-6, 0.0), (3.0, 100.0)):
        assert (
            find_seasons((y * np.float32(scale) + np.float32(level))[None])[0, :2].tolist()
            == find_seasons(y[None])[0, :2].tolist()
        )


def test_when_there_is_no_season_then_none_is_invented_with_confidence():
    noise = RNG(2).standard_normal((50, 512)).astype(np.float32)
    found = find_seasons(noise, usual=(24, 168))
    assert (found[:, 2] < 0.35).all()  # whatever is named has next to no autocorrelation
    walks = find_seasons(noise.cumsum(1), usual=(24, 168))
    assert np.isfinite(walks).all()
    assert (walks[:, :2] <= 256).all()


@pytest.mark.parametrize("length", [*range(1, 9), 100])
def test_when_a_window_is_short_or_flat_then_there_is_no_season_and_no_failure(length):
    rows = np.stack(
        [
            np.full(length, np.nan),
            np.full(length, 3.0),
            np.zeros(length),
            np.arange(length),
            np.where(np.arange(length) == length - 1, 7.0, np.nan),
            np.full(length, 1e12),
        ]
    ).astype(np.float32)
    with np.errstate(all="raise", under="ignore"):
        found = find_seasons(rows, usual=(24, 168))
    assert found.tolist() == [[1, 1, 0, 0]] * len(rows)


def test_when_any_window_is_given_then_periods_are_ordered_and_within_half_of_it():
    rng = RNG(3)
    past = rng.standard_normal((200, 90)).astype(np.float32)
    past[rng.random(past.shape) < rng.random((200, 1))] = np.nan
    past[::3] = past[::3].cumsum(1)
    found = find_seasons(past, usual=(7, 30))
    assert found.shape == (200, 4)
    assert found.dtype == np.float32
    assert ((found[:, 0] >= 1) & (found[:, 0] <= found[:, 1]) & (found[:, 1] <= 45)).all()
    assert (np.abs(found[:, 2:]) <= 1.001).all()


def test_when_other_windows_stand_beside_then_a_windows_seasons_are_its_own():
    past = np.stack([wave(256, 24), wave(256, 7, seed=1), np.full(256, np.nan, np.float32)])
    together = find_seasons(past, usual=(24,))
    for row, alone in enumerate(past):
        np.testing.assert_array_equal(together[row], find_seasons(alone[None], usual=(24,))[0])


def test_when_autocorrelation_is_taken_by_fft_then_it_is_the_sum_over_pairs():
    y = wave(60, 9, noise=0.5)
    y[[3, 17, 40, 41]] = np.nan
    got = autocorrelation(y[None], 20)[0]
    seen, time = np.isfinite(y), np.arange(60)
    slope, level = np.polyfit(time[seen], y[seen].astype(np.float64), 1)
    x = np.where(seen, y - slope * time - level, np.nan)
    for lag in range(21):
        early, late = x[: 60 - lag], x[lag:]
        both = np.isfinite(early) & np.isfinite(late)
        wanted = (early[both] @ late[both]) / np.sqrt((early[both] @ early[both]) * (late[both] @ late[both]))
        assert got[lag] == pytest.approx(wanted, abs=1e-3)


def test_when_a_history_is_short_in_its_window_then_no_period_is_longer_than_half_of_it():
    past = np.full((1, 1024), np.nan, np.float32)
    past[0, -300:] = wave(300, 24) + np.linspace(0, 3, 300) ** 2
    assert find_seasons(past)[0, 1] <= 150
    np.testing.assert_array_equal(find_seasons(past)[0, :2], find_seasons(past[:, -300:])[0, :2])


def test_when_a_neighbour_of_the_usual_period_is_clearly_better_then_that_is_taken():
    assert find_seasons(wave(900, 23, noise=0.02)[None], (24, 168))[0, 0] == 23
    assert find_seasons(wave(900, 24, noise=1.5)[None], (24, 168))[0, 0] == 24


@pytest.mark.parametrize("length", [6, 7, 10, 15])
def test_when_a_few_values_are_random_then_they_have_no_season_unless_it_is_the_usual_one(length):
    noise = RNG(5).standard_normal((400, length)).astype(np.float32)
    assert (find_seasons(noise)[:, 0] > 1).mean() < 0.06
    wave = np.tile(np.array([1.0, 5.0, 3.0], np.float32), 5)[None, :length]
    if length >= 10:
        assert find_seasons(wave + 0.1 * noise[:1])[0, 0] == 3
        assert find_seasons(wave + noise[:1], usual=(3,))[0, 0] == 3
