"""A level that moved a short while ago: found where it is beyond doubt, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.cleaning.level_shifts import at_newest_level, find_level_shifts


def lifted(past: np.ndarray, periods: tuple[int, ...] = ()) -> np.ndarray:
    return at_newest_level(past, find_level_shifts(past), periods)


T = np.arange(400)
NOISE = np.random.default_rng(0).standard_normal(400)
SEASON = 3 * np.sin(T * 2 * np.pi / 7)


def shifted(after: int, by: float = 40.0, base: np.ndarray = NOISE) -> np.ndarray:
    return (base + by * (400 - after <= T)).astype(np.float32)


@pytest.mark.parametrize("after", [5, 7, 30, 64])
@pytest.mark.parametrize("by", [40.0, -40.0])
@pytest.mark.parametrize("base", [NOISE, NOISE + SEASON], ids=["noise", "season"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_when_a_level_has_moved_then_what_lies_before_is_brought_there(after, by, base, scale):
    past = scale * np.stack([base, shifted(after, by, base)]).astype(np.float32)
    assert find_level_shifts(past) == [(1, 400 - after)]
    found = lifted(past, (7,))
    np.testing.assert_array_equal(found[0], past[0])
    np.testing.assert_array_equal(found[1, 400 - after :], past[1, 400 - after :])
    np.testing.assert_allclose(found[1, : 400 - after] / scale, base[: 400 - after] + by, atol=2.5)
    padded = np.concatenate([np.full((2, 50), np.nan, np.float32), past], 1)
    np.testing.assert_array_equal(lifted(padded, (7,))[:, 50:], found)


def test_when_there_is_a_season_or_a_trend_then_the_old_level_is_that_of_the_same_phases_just_before():
    day = 10 * np.sin(T * 2 * np.pi / 24)
    nightly = (day + 0.1 * NOISE + 60 * (T >= 393)).astype(np.float32)[None]
    np.testing.assert_allclose(lifted(nightly, (24, 168))[0, :393], day[:393] + 60, atol=0.5)
    rising = (0.05 * T + 0.1 * NOISE + 60 * (T >= 390)).astype(np.float32)[None]
    found = lifted(rising)
    assert abs(found[0, 380:390].mean() - found[0, 390:].mean()) < 1.5


def test_when_a_series_is_short_then_its_padding_has_no_say():
    short = shifted(15)[-60:]
    assert find_level_shifts(short[None]) == [(0, 45)]
    assert find_level_shifts(np.concatenate([np.full(500, np.nan, np.float32), short])[None]) == [(0, 545)]


def test_when_a_short_series_shifted_half_way_then_the_shift_is_found():
    assert find_level_shifts(shifted(30)[None, -60:]) == [(0, 30)]


def test_when_a_few_values_are_missing_then_the_shift_is_found_all_the_same():
    past = shifted(20)[None]
    past[0, [100, 379, 380, 381, 390, 399]] = np.nan
    assert find_level_shifts(past) == [(0, 382)]
    assert np.isnan(lifted(past)[0, [100, 379, 380, 381, 390, 399]]).all()


def test_when_values_never_are_below_zero_then_a_fall_scales_them():
    past = (100 + 5 * NOISE - 90 * (T >= 385)).clip(1).astype(np.float32)[None]
    found = lifted(past)
    assert found.min() >= 0
    assert np.median(found[0, :385]) == pytest.approx(np.median(past[0, 385:]), rel=0.02)


@pytest.mark.parametrize(
    "series",
    [
        shifted(4),  # so few may be an event
        shifted(65),  # so many tell of themselves
        shifted(20, by=2.5),  # not beyond doubt
        shifted(8, by=5.0),  # not long enough for so small a change
        NOISE + 5.0 * np.clip((T - 300) / 80, 0, 1),  # gradual
        shifted(20, base=NOISE + 40 * ((T >= 100) & (T < 130))),  # it was there before
        np.where(T >= 380, 0.0, 50 + NOISE),  # closed, or stuck
        0.5 * T + NOISE,
        np.exp(T / 60) + 0.1 * NOISE,
        NOISE.cumsum(),
        np.where(T % 100 >= 60, 40.0, 0.0) + NOISE,  # a regime that comes and goes
        np.full(400, 3.0),
        np.full(400, np.nan),
        shifted(10)[-30:],  # too little before it
        shifted(31)[-60:],  # more after it than before
        shifted(10)[:3],
    ],
    ids=lambda series: "",
)
def test_when_it_is_not_beyond_doubt_that_a_level_shifted_then_the_window_itself_comes_back(series):
    past = np.asarray(series, np.float32)[None]
    assert find_level_shifts(past) == []
    assert lifted(past) is past


@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_when_a_level_of_positive_values_falls_then_they_are_scaled_only_if_their_spread_fell_too(factor):
    spread = np.where(T >= 370, factor, 1.0)
    past = (np.where(T >= 370, 25, 50) + 2 * spread * NOISE).astype(np.float32)[None]
    found = lifted(past)
    assert found[0, :370].std() == pytest.approx(2 * factor, rel=0.1)
    assert found[0, :370].mean() == pytest.approx(25, abs=1)


@pytest.mark.parametrize(("after", "height"), [(24, 20), (48, 40), (48, -20), (60, 80)])
def test_when_a_season_hides_a_shift_then_it_is_found_and_moved(after, height):
    t = np.arange(2000)
    calm = (100 + 20 * np.sin(2 * np.pi * t / 24) + np.random.default_rng(0).normal(0, 1, 2000)).astype(np.float32)
    past = calm.copy()
    past[-after:] += np.float32(height)
    assert find_level_shifts(past[None], (24, 168)) == [(0, 2000 - after)]
    made = at_newest_level(past[None], find_level_shifts(past[None], (24, 168)), (24, 168))
    np.testing.assert_allclose(made[0], calm + height, atol=1)
    assert find_level_shifts(calm[None], (24, 168)) == []


def test_when_a_seasonal_shift_is_younger_than_most_of_a_cycle_then_it_may_be_an_event():
    t = np.arange(2000)
    past = (100 + 20 * np.sin(2 * np.pi * t / 24) + np.random.default_rng(0).normal(0, 1, 2000)).astype(np.float32)
    past[-18:] += 40
    assert find_level_shifts(past[None], (24, 168)) == []


def test_when_the_level_wanders_or_storms_pass_then_a_season_hides_no_shift():
    rng, t = np.random.default_rng(0), np.arange(2000)
    season = 10 * np.sin(2 * np.pi * t / 24)
    wander = season + rng.standard_normal((50, 2000)).cumsum(1)
    storms = np.maximum(0, season + 30 * (rng.random((50, 2000)) < 0.02).cumsum(1) % 2)
    past = np.concatenate([wander, storms]).astype(np.float32)
    for end in range(1400, 2000, 100):
        assert find_level_shifts(past[:, :end], (24, 168)) == []


PRICE = 100 * np.exp(0.02 * np.random.default_rng(3).standard_normal(400).cumsum())
PRICE *= np.where(T < 40, 0.25, 1.0) ** (1 - T / 40)  # it rose from a quarter: a split leads back to where it was


@pytest.mark.parametrize("after", [5, 14, 40])
def test_when_a_jump_without_equal_leads_to_a_level_of_long_ago_then_it_is_a_shift(after):
    split = (PRICE / np.where(400 - after <= T, 4, 1)).astype(np.float32)[None]
    assert split[0, -after:].max() > np.quantile(split[0, : 400 - after], 0.02)  # it has been there
    assert find_level_shifts(split) == [(0, 400 - after)]
    np.testing.assert_allclose(lifted(split)[0, 100:], PRICE[100:] / 4, rtol=0.1)
    gap = split.copy()
    gap[0, 396 - after : 400 - after] = np.nan  # a halt before the split
    assert find_level_shifts(gap) == [(0, 400 - after)]


def test_when_a_jump_has_an_equal_or_does_not_last_then_it_is_no_shift():
    before = PRICE / np.where((T >= 200) & (T < 230), 4, 1)  # it came and went once
    for series in (PRICE, before / np.where(T >= 386, 4, 1), PRICE / np.where((T >= 380) & (T < 397), 4, 1)):
        assert find_level_shifts(series.astype(np.float32)[None]) == []
    walks = 100 * np.exp(0.02 * np.random.default_rng(0).standard_normal((200, 400)).cumsum(1))
    assert find_level_shifts(walks.astype(np.float32)) == []


@pytest.mark.parametrize("by", [5.0, -5.0])
@pytest.mark.parametrize("base", [NOISE, NOISE + SEASON / 3], ids=["noise", "season"])
def test_when_a_change_within_the_noise_has_lasted_then_it_is_a_shift(by, base):
    past = shifted(20, by, base)[None]
    past[0, 395] -= by  # a single value at the old level
    (found,) = find_level_shifts(past, (7,))
    assert found == (0, pytest.approx(380, abs=2))
    assert np.median(lifted(past, (7,))[0, :378]) == pytest.approx(by, abs=0.8)


def test_when_a_burst_is_shorter_than_a_cycle_then_it_is_no_shift():
    past = shifted(20, 6.0)[None]
    assert find_level_shifts(past, (288, 2016)) == []
    assert find_level_shifts(past, (7,)) != []


def test_when_a_level_of_positive_values_rises_then_they_are_scaled_if_their_spread_rose_too():
    past = (np.where(T >= 370, 3, 1) * (50 + 2 * NOISE)).astype(np.float32)[None]
    found = lifted(past)
    assert found[0, :370].std() == pytest.approx(6, rel=0.15)
    added = (np.where(T >= 370, 150, 50) + 2 * NOISE).astype(np.float32)[None]
    assert lifted(added)[0, :370].std() == pytest.approx(2, rel=0.15)


def test_when_a_day_has_many_steps_then_a_shift_of_some_hours_is_found():
    t = np.arange(2880)
    noise = np.random.default_rng(0).normal(0, 0.05, 2880)
    past = (85 + 0.8 * np.sin(2 * np.pi * t / 288) + noise - 50 * (t >= 2736)).astype(np.float32)[None]
    assert find_level_shifts(past, (288, 2016)) == [(0, 2736)]
