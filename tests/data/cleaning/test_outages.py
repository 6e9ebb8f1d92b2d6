"""Short runs near zero, after which the old level returns, are outages; what may be meant is kept."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.cleaning.outages import find_outages
from tsattn.data.freq import Freq

RNG = np.random.default_rng(0)
WEEK = np.array([1.0, 1.02, 1.03, 1.0, 1.05, 0.8, 0.7])
DAY = np.arange(800)
HOUR = np.arange(24 * 70)
DAILY = 1000 * WEEK[DAY % 7] * np.exp(RNG.normal(0, 0.05, 800)) * (1 + 0.1 * np.sin(2 * np.pi * DAY / 365.25))
HOURLY = 1000 * (1.1 - np.cos(2 * np.pi * HOUR / 24)) * np.exp(RNG.normal(0, 0.05, len(HOUR)))  # nights near 100


def found(values: np.ndarray, freq: str = "D") -> list[int]:
    """Return the positions of the outages of a series, which are the same behind padding and beside another series."""
    parsed = Freq.parse(freq)
    other = np.full(len(values), 5.0)
    past = np.pad(np.stack([values, other]), ((0, 0), (30, 0)), constant_values=np.nan).astype(np.float32)
    both = [find_outages(x, parsed.season_lengths, parsed.year) for x in (past[:, 30:], past)]
    at = [[int(i) for row, at in one if row == 0 for i in at] for one in both]
    assert [i - 30 for i in at[1]] == at[0]
    assert all(row == 0 for one in both for row, _ in one)
    return at[0]


def dropped(values: np.ndarray, *spans: tuple[int, int], share: float = 0.03) -> np.ndarray:
    out = values.copy()
    for begin, length in spans:
        out[begin : begin + length] *= share
    return out


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.1])
def test_when_daily_values_fall_for_a_few_days_and_return_then_these_days_are_an_outage(scale, share):
    for length in (2, 3, 7):
        assert found(scale * dropped(DAILY, (700, length), share=share)) == list(range(700, 700 + length))
    assert found(scale * DAILY) == []


def test_when_hours_of_day_and_night_are_down_then_all_are_an_outage():
    for begin, length in ((24 * 50 + 7, 48), (24 * 50 + 20, 5)):
        assert found(dropped(HOURLY, (begin, length)), "h") == list(range(begin, begin + length))
    assert found(HOURLY, "h") == []


def test_when_a_day_was_down_in_part_then_it_belongs_to_the_outage():
    values = dropped(DAILY, (700, 2))
    values[[699, 702]] *= 0.55
    assert found(values) == [699, 700, 701, 702]


def test_when_values_are_missing_within_an_outage_then_the_others_are_found():
    values = dropped(DAILY, (700, 4))
    values[701] = np.nan
    assert found(values) == [700, 702, 703]


def test_when_the_level_is_another_one_afterwards_or_has_not_returned_then_nothing_is_found():
    values = dropped(DAILY, (600, 200))
    assert found(values) == []
    values = dropped(DAILY, (700, 3))
    values[703:] *= 0.4
    assert found(values) == []
    assert found(dropped(DAILY, (797, 3))) == []
    assert found(dropped(DAILY, (796, 3))) == []  # one day after it is no return


def test_when_the_run_is_long_or_one_day_then_it_stays():
    assert found(dropped(DAILY, (700, 20))) == []
    assert found(dropped(DAILY, (700, 1))) == []


@pytest.mark.parametrize("christmas", [0.0, 0.1, 0.5])
def test_when_a_dip_comes_again_each_year_then_it_stays_and_an_outage_beside_it_is_found(christmas):
    yearly = dropped(DAILY, (100, 3), (465, 3), share=christmas)
    assert found(yearly) == []
    assert found(dropped(yearly, (700, 2))) == [700, 701]
    assert found(dropped(yearly, (465, 3))) == []  # an outage at Christmas cannot be told from Christmas


def test_when_a_dip_moves_with_easter_then_it_stays():
    assert found(dropped(DAILY, (100, 3), (490, 3))) == []


def test_when_the_only_anniversary_of_a_dip_may_lie_ahead_then_it_stays():
    short = DAILY[:400]
    assert found(dropped(short, (60, 3))) == []
    assert found(dropped(short, (300, 3))) == [300, 301, 302]


def test_when_runs_are_many_or_at_even_distances_then_that_is_how_the_series_is():
    spans = [(400, 2), (480, 2), (560, 2)]
    assert found(dropped(DAILY, *spans)) == []
    assert found(dropped(DAILY, *spans[:2], (590, 2))) == [400, 401, 480, 481, 590, 591]
    assert found(dropped(DAILY, (390, 2), (430, 2), (520, 2), (590, 2))) == []


def test_when_zeros_belong_to_the_series_then_they_stay():
    weekend = DAILY * (DAY % 7 < 5)
    assert found(weekend) == []
    solar = np.maximum(np.sin(2 * np.pi * HOUR / 24), 0) * 500 * RNG.uniform(0.05, 1, 70).repeat(24)
    assert found(solar, "h") == []
    demand = np.where(RNG.random(800) < 0.3, RNG.poisson(4, 800), 0).astype(float)
    assert found(demand) == []
    few = RNG.poisson(2.0, 800).astype(float)
    assert found(few) == []
    seasonal = DAILY * np.clip(np.cos(2 * np.pi * DAY / 365.25) + 0.6, 0, None)
    assert found(seasonal) == []


def test_when_values_come_and_go_slowly_or_are_negative_then_nothing_is_found():
    spell = 12 + RNG.normal(0, 1, len(HOUR))
    spell[1000:1040] = 12 - 11 * np.sin(np.linspace(0, np.pi, 40))
    assert found(spell, "h") == []
    below = dropped(DAILY, (700, 3))
    below[5] = -1
    assert found(below) == []


def test_when_weekends_are_closed_then_an_outage_on_working_days_is_found():
    weekend = DAILY * (DAY % 7 < 5)
    assert found(dropped(weekend, (700, 3))) == [700, 701, 702]


def test_when_steps_are_longer_than_a_day_or_no_cycle_is_known_then_nothing_is_found():
    values = dropped(DAILY, (700, 3)).astype(np.float32)[None]
    assert find_outages(values, (12,), 12.0) == []
    assert find_outages(values, (), 365.25) == []
    assert find_outages(values, (7,), 0.0) == []
    assert [at.tolist() for _, at in find_outages(values, (7,), 365.25)] == [[700, 701, 702]]


def test_when_there_is_too_little_then_nothing_is_found():
    for past in (np.zeros((0, 100)), np.full((2, 100), np.nan), DAILY[None, :40], np.zeros((1, 0)), np.zeros((1, 100))):
        assert find_outages(past.astype(np.float32), (7,), 365.25) == []
