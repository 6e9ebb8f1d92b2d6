"""Search for calendar events: what is there is found, noise is not, and one storm is no event."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.ensemble.calendar_screen import find_events
from tsattn.forecasting.ensemble.holdout import Pools

AHEAD = 40


def sales(count: int, years: int, seed: int = 0, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Daily sales (S, N) with a weekly season from 2021 on, and their days and the next 40 (S, N + 40)."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2021-01-01") + np.arange(365 * years + AHEAD)
    week = np.exp(rng.normal(0, 0.2, (count, 7)))[:, (days.astype(np.int64) + 3) % 7]
    values = 50 * week * np.exp(noise * rng.normal(size=(count, len(days))))
    return values[:, :-AHEAD].astype(np.float32), np.broadcast_to(days, (count, len(days)))


def all_in_one(count: int) -> Pools:
    return Pools(((np.arange(count), np.arange(count)),))


def on(days: np.ndarray, *dates: str) -> np.ndarray:
    """True on the days whose text ends with one of `dates`."""
    return np.array([day.endswith(dates) for day in days[0].astype(str).tolist()])


def names(past: np.ndarray, days: np.ndarray, pools: Pools | None = None) -> tuple[str, ...]:
    return find_events(past, days, all_in_one(len(past)) if pools is None else pools, (7,)).names


@pytest.mark.parametrize("count", [1, 5])
def test_when_months_begin_with_a_peak_then_its_days_are_found_and_set_in_the_future_too(count):
    past, days = sales(count, 2)
    peak = on(days, "-01", "-02")
    found = find_events(past * np.where(peak[:-AHEAD], 1.5, 1), days, all_in_one(count), (7,))
    assert found.names == ("1st of the month", "2nd of the month")
    np.testing.assert_array_equal(found.on[:, found.place[0]].any(0), peak)
    assert found.used.all()


@pytest.mark.parametrize(("years", "factor"), [(2, 0.4), (3, 1.8)])
def test_when_dates_repeat_each_year_then_they_are_found_and_their_neighbours_are_not(years, factor):
    past, days = sales(1, years)
    assert names(past * np.where(on(days, "07-04", "12-24")[:-AHEAD], factor, 1), days) == ("4 July", "24 December")


def test_when_a_weekday_of_a_month_repeats_then_it_is_found_and_no_fixed_date():
    past, days = sales(1, 4)
    sundays = on(days, "2021-05-09", "2022-05-08", "2023-05-14", "2024-05-12")
    assert names(past * np.where(sundays[:-AHEAD], 1.6, 1), days) == ("2nd Sunday of May",)


def test_when_a_feast_moves_then_it_is_found_by_its_distance_from_easter():
    past, days = sales(1, 4)
    mondays = on(days, "2021-04-05", "2022-04-18", "2023-04-10", "2024-04-01")
    assert names(past * np.where(mondays[:-AHEAD], 0.5, 1), days) == ("Easter Monday",)


def test_when_the_last_working_day_is_a_pay_day_then_it_is_found_as_such():
    past, days = sales(1, 2)
    next_ = days[0].astype("datetime64[M]") + 1
    last = np.busday_offset(next_.astype("datetime64[D]"), 0, roll="forward")
    last = np.busday_offset(last, -1) == days[0]
    assert names(past * np.where(last[:-AHEAD], 1.5, 1), days) == ("last working day of the month",)


def test_when_a_storm_hits_all_series_once_then_it_is_no_event():
    past, days = sales(20, 3)
    assert names(past * np.where(on(days, "2022-08-11")[:-AHEAD], 0.2, 1), days) == ()


def test_when_two_single_outliers_share_a_date_in_different_series_then_it_is_no_event():
    past, days = sales(2, 3)
    at = np.flatnonzero(on(days, "08-11"))
    past[0, at[0]] *= 5
    past[1, at[1]] *= 5
    assert names(past, days) == ()


@pytest.mark.parametrize("kind", ["noise", "walk", "heavy tails", "counts", "constant", "short", "gaps"])
def test_when_a_series_follows_no_date_then_nothing_is_found(kind):
    for seed in range(8):
        past, days = sales(3, 3, seed, 0.2)
        rng = np.random.default_rng(seed)
        if kind == "walk":
            past = np.cumsum(rng.normal(size=past.shape), 1).astype(np.float32)
        elif kind == "heavy tails":
            past = (past * np.exp(0.2 * rng.standard_t(2, past.shape))).astype(np.float32)
        elif kind == "counts":
            past = rng.poisson(0.3, past.shape).astype(np.float32)
        elif kind == "constant":
            past = np.full_like(past, 3.0)
        elif kind == "short":
            past[:, :-100] = np.nan
        elif kind == "gaps":
            past[rng.random(past.shape) < 0.6] = np.nan
        assert names(past, days) == ()


def test_when_one_series_of_many_has_an_event_then_it_is_found_although_the_mean_hides_it():
    past, days = sales(40, 3)
    past[7] *= np.where(on(days, "03-17")[:-AHEAD], 3, 1)
    assert names(past, days) == ("17 March",)


def test_when_later_windows_show_an_event_then_earlier_ones_do_not_use_it():
    past, days = sales(2, 4)
    past[1] *= np.where(on(days, "12-24")[:-AHEAD], 1.8, 1)
    early = Pools(((np.array([0]), np.array([0])), (np.array([1]), np.array([1]))))
    found = find_events(past, days, early, (7,))
    assert found.names == ("24 December",)
    assert found.used.tolist() == [[False], [True]]


def test_when_a_history_has_no_dates_then_nothing_is_found():
    past, days = sales(1, 2)
    assert names(past, np.full(days.shape, np.datetime64("NaT"), "datetime64[D]")) == ()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("factor", [0.7, 1.5])
def test_when_an_effect_lasts_for_weeks_then_its_window_is_found(seed, factor):
    past, days = sales(1, 4, seed)
    dates = np.array([day[5:] for day in days[0].astype(str).tolist()])
    holidays = (dates >= "07-08") & (dates <= "08-22")
    assert "8 July, lasting 46 days" in names(past * np.where(holidays[:-AHEAD], factor, 1).astype(np.float32), days)
