"""Slumps: found where a series fell for months or years and came back, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.cleaning.prepare import LEVEL_SHIFT, OUTAGE, prepare, prepared
from tsattn.data.cleaning.slumps import find_slumps

BEGIN, END = 122, 148  # of the slump in a series of 16 years of months


def arrivals(years: int = 16, period: int = 12, seed: int = 0) -> np.ndarray:
    """Series with a strong yearly season, some growth and noise."""
    t = np.arange(years * period)
    season = np.exp(0.5 * np.sin(2 * np.pi * t / period))
    noise = np.exp(np.random.default_rng(seed).normal(0, 0.05, len(t)))
    return np.asarray(1000 * season * 1.02 ** (t / period) * noise)


def with_slump(values: np.ndarray, begin: int = BEGIN, end: int = END, low: float = 0.1) -> np.ndarray:
    """Return the series with a fall to `low` of its values, from which it recovers over the second half of the slump."""
    out, middle = values.copy(), (begin + end) // 2
    out[begin:middle] *= low
    out[middle:end] *= np.linspace(low, 0.75, end - middle)
    return out


def positions(values: np.ndarray, year: float = 12.0) -> list[int]:
    found = find_slumps(np.asarray(values, np.float32)[None], year)
    return found[0][1].tolist() if found else []


@pytest.mark.parametrize("seed", range(5))
def test_when_a_series_fell_and_came_back_then_the_slump_is_found(seed):
    found = positions(with_slump(arrivals(seed=seed)))
    assert found[0] == BEGIN
    assert END - 3 <= found[-1] < END + 1
    assert found == list(range(found[0], found[-1] + 1))


def test_when_the_last_steps_of_a_recovery_are_still_low_then_they_belong_to_the_slump():
    later = 0
    for seed in range(5):
        values = with_slump(arrivals(seed=seed))
        values[END : END + 8] *= np.linspace(0.76, 0.9, 8)
        last = positions(values)[-1]
        later += last >= END + 3
        assert END - 3 <= last <= END + 12
        # but a quarter is kept, so that the newest level is known
        assert END - 3 <= positions(values[: END + 5])[-1] <= END + 1
    assert later >= 3


@pytest.mark.parametrize("growth", [1.03, 1.05, 1.12])
def test_when_a_series_grows_after_a_slump_then_its_later_years_stay(growth):
    t = np.arange(72 + 14 + 72)
    values = 1000 * growth ** (t / 12) * np.exp(0.03 * np.random.default_rng(0).normal(size=len(t)))
    values[72:86] *= 0.1
    assert positions(values) == list(range(72, 86))


@pytest.mark.parametrize("months", [4, 9, 30])
def test_the_waves_of_a_slump_and_the_months_between_are_found_together(months):
    values = arrivals()[: BEGIN + 14 + months]
    values[BEGIN : BEGIN + 3] *= 0.1
    values[BEGIN + 7 : BEGIN + 9] *= 0.3
    values[BEGIN + 12 : BEGIN + 14] *= 0.2
    assert positions(values) == list(range(BEGIN, BEGIN + 14))


def test_a_slump_is_found_in_weeks_too():
    found = positions(with_slump(arrivals(period=52), 500, 590), 365.25 / 7)
    assert 497 <= found[0] <= 503
    assert 575 <= found[-1] <= 595


def test_missing_values_are_not_part_of_a_slump():
    values = with_slump(arrivals())
    values[BEGIN + 5] = np.nan
    assert BEGIN + 5 not in positions(values)
    assert BEGIN + 6 in positions(values)


@pytest.mark.parametrize(
    "values",
    [
        arrivals(),
        with_slump(arrivals())[: END + 1],  # less than a quarter since
        with_slump(arrivals(), low=0.6),  # not deep
        with_slump(arrivals(), end=BEGIN + 50),  # long
        with_slump(with_slump(arrivals()), 40, 60),  # one of two
        with_slump(with_slump(arrivals()), 72, 90),  # the second begins years after the first
        arrivals() * np.where(np.arange(192) < BEGIN, 1.0, 0.2),  # it stays low
        with_slump(arrivals()) * np.where(np.arange(192) < END, 1.0, 3.0),  # another level
        with_slump(arrivals()) - 500,  # a quantity that may be negative
        np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.2, 192))),
        np.where(np.arange(192) % 12 < 5, 1.0, 100.0),  # a yearly pause
    ],
)
def test_when_a_fall_is_something_else_then_it_is_kept(values):
    assert positions(values) == []


def test_when_steps_are_days_or_unknown_then_nothing_is_found():
    assert positions(with_slump(arrivals()), 365.25) == positions(with_slump(arrivals()), 0.0) == []


def test_when_later_values_change_then_what_is_found_before_stays():
    values = with_slump(arrivals())
    assert positions(values[:170]) == positions(values)


def test_a_slump_is_missing_in_a_prepared_history_and_recorded_as_an_outage():
    values = with_slump(arrivals())
    batch = prepared(batch_of(values, freq="MS"))
    assert np.isnan(batch.past_target[0, BEGIN : END - 3]).all()
    assert (batch.cleaning.kind == OUTAGE).all()
    assert len(prepare(values[None].astype(np.float32)).cleaning) == 0  # where the year is unknown, as with declared covariates


def settled(values: np.ndarray, level: float = 0.5) -> np.ndarray:
    """Return the series with a slump from which it recovers to a part of its old level, for good."""
    out = with_slump(values, low=0.05)
    out[BEGIN:END] = np.minimum(out[BEGIN:END], level * values[BEGIN:END])
    out[END:] *= level
    return out


@pytest.mark.parametrize("seed", range(5))
def test_when_a_series_settles_at_a_lower_level_then_its_slump_and_that_level_are_found(seed):
    (found,) = find_slumps(settled(arrivals(seed=seed)).astype(np.float32)[None], 12.0)
    assert found.at[0] == BEGIN
    assert END - 12 <= found.settled <= END
    assert found.level == pytest.approx(0.55, abs=0.05), "growth goes on"


@pytest.mark.parametrize(
    "values",
    [
        settled(arrivals())[: END - 3],  # less than half a year since
        settled(arrivals()) * np.where(np.arange(192) < END, 1.0, np.exp(0.02 * (np.arange(192) - END))),  # it still moves
        np.where(np.arange(192) < END, settled(arrivals()), arrivals() - 500),  # the season has another shape
        np.where(np.arange(192) < BEGIN, 1.0, 0.5) * arrivals(),  # no slump: a shift of the level
    ],
)
def test_when_a_series_has_not_settled_then_nothing_is_found(values):
    assert find_slumps(values.astype(np.float32)[None], 12.0) == []


def test_values_before_a_slump_are_scaled_to_the_level_after_it():
    values = settled(arrivals()).astype(np.float32)
    batch = prepared(batch_of(values, freq="MS"))
    (found,) = find_slumps(values[None], 12.0)
    np.testing.assert_allclose(batch.past_target[0, :BEGIN], found.level * values[:BEGIN], rtol=1e-6)
    np.testing.assert_array_equal(batch.past_target[0, found.settled :], values[found.settled :])
    assert (batch.cleaning.of(LEVEL_SHIFT).ago == len(values) - found.settled).all()


def test_where_static_covariates_may_explain_the_level_a_series_that_settled_keeps_its_history():
    values = settled(arrivals())[None].astype(np.float32)
    assert len(prepare(values, (12,), year=12.0, level_shifts=False).cleaning) == 0


@pytest.mark.parametrize("level", [0.7, 1.3])
@pytest.mark.parametrize("months", [7, 12, 20])
def test_when_a_series_comes_back_to_another_level_then_values_before_the_slump_are_scaled(level, months):
    values = with_slump(arrivals(), low=0.05)[: END + months]
    values[END:] *= level
    (found,) = find_slumps(values.astype(np.float32)[None], 12.0)
    years = (END + months - BEGIN) / 12
    assert level <= found.level <= level * 1.02**years * 1.05
    past = prepare(values[None].astype(np.float32), (12,), year=12.0).past[0]
    assert np.nanmax(past) <= 1.1 * max(values.max(), level * 1.02**years * values[:BEGIN].max())
