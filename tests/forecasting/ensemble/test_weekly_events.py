"""Holidays of weekly data: found by date, of the right size, and nothing where weeks follow no holiday."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.covariates import case_of
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.calendar_events import mothers_day
from tsattn.forecasting.ensemble.calendar_screen import find_events
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.weekly_events import WINDOWS, shares_on
from tsattn.forecasting.predict import predict

AHEAD = 8
END = np.datetime64("2023-12-04")  # a Monday; before, 25 December has been in the same week of a season of 52 since 2017


def weeks(years: int) -> np.ndarray:
    """The first days of the weeks of some years to END, and of those ahead."""
    return END + 7 * np.arange(-round(52.18 * years), AHEAD + 1)


def holding(days: np.ndarray, date: str) -> np.ndarray:
    """True for the weeks that hold a date such as 12-25."""
    return np.array([any(str(first + k).endswith(date) for k in range(7)) for first in days])


def calls(count: int, days: np.ndarray, seed: int = 0, noise: float = 0.04) -> np.ndarray:
    """Weekly calls (S, N) with a smooth season, 55 % less in the week of 25 December and 25 % less in that of 1 January."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.15 * np.sin(2 * np.pi * days.astype(np.int64) / 365.25)
    effect = np.where(holding(days, "12-25"), 0.45, 1.0) * np.where(holding(days, "01-01"), 0.75, 1.0)
    return 1000 * season * effect * np.exp(noise * rng.normal(size=(count, len(days))))


def names(values: np.ndarray, days: np.ndarray) -> tuple[str, ...]:
    rows = np.arange(len(values))
    on = np.broadcast_to(days, values.shape)
    return find_events(values[:, :-AHEAD].astype(np.float32), on, Pools(((rows, rows),)), (52,)).names


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "seasonal-naive")))
    assert isinstance(made, CovariateRegression)
    return made


def test_when_a_window_lies_in_two_weeks_then_each_has_the_share_of_its_days():
    window = next(k for k, one in enumerate(WINDOWS) if one.title == "24 December, lasting 7 days")
    first = int(np.datetime64("2023-12-18").astype(np.int64))
    shares = shares_on([window], first + 7 * np.arange(3))[0].sum(0)
    np.testing.assert_allclose(shares, [1 / 7, 6 / 7, 0])  # 18 to 24, 25 to 31 December, 1 to 7 January


@pytest.mark.parametrize("years", [5, 8])
@pytest.mark.parametrize("count", [1, 6])
def test_when_weeks_of_holidays_differ_then_their_dates_are_found(years, count):
    days = weeks(years)
    assert set(names(calls(count, days), days)) == {"25 December", "1 January"}


def test_when_few_years_do_not_tell_the_days_before_christmas_from_those_after_it_then_neither_is_an_event():
    days = weeks(3)
    assert names(calls(6, days), days) == ()


@pytest.mark.parametrize("kind", ["noise", "walk", "weeks of 52", "heavy tails", "smooth", "counts"])
def test_when_weeks_follow_no_holiday_then_nothing_is_found(kind):
    for seed, years in ((0, 3), (1, 5), (2, 8)):
        rng, days = np.random.default_rng(seed), weeks(years)
        shape = (3, len(days))
        values = {
            "noise": rng.normal(100, 10, shape),
            "walk": np.cumsum(rng.normal(size=shape), 1),
            "weeks of 52": 100 * np.exp(np.resize(0.2 * rng.normal(size=52), len(days)) + 0.03 * rng.normal(size=shape)),
            "heavy tails": 100 * np.exp(0.1 * rng.standard_t(2, shape)),
            "smooth": 100 + 40 * np.sin(np.arange(len(days)) * 2 * np.pi / 52.18) + rng.normal(size=shape),
            "counts": rng.poisson(0.4, shape),
        }[kind]
        assert names(values, days) == ()


def test_when_a_dip_keeps_its_week_of_52_although_the_date_moves_then_it_is_no_holiday():
    days = END + 364 + 7 * np.arange(-8 * 52, AHEAD + 1)  # 25 December changes its week in 2023
    rng = np.random.default_rng(0)
    dip = np.where(np.arange(len(days)) % 52 == np.flatnonzero(holding(days, "12-25"))[0] % 52, 0.5, 1.0)
    found = names(1000 * dip * np.exp(0.03 * rng.normal(size=(1, len(days)))), days)
    assert "25 December" not in found


def test_when_the_date_moves_to_another_week_of_the_season_then_the_forecast_follows_the_date():
    days = weeks(7)
    case = case_of(calls(4, days), np.zeros((4, len(days), 0)), AHEAD, "W", [], start=str(days[0]))
    made = forecaster()
    values = predict(made, case.panel, horizon=AHEAD)[0].median
    expected = calls(1, days, noise=0.0)[0, -AHEAD:]
    assert np.abs(values / expected - 1).max() < 0.1
    effects = {effect.name: effect for effect in made.effects(case.panel)}
    assert set(effects) == {"25 December", "1 January"}


def test_when_a_column_marks_the_same_week_each_year_then_its_effect_is_not_left_to_the_season():
    days = weeks(7)
    columns = np.stack([holding(days, "12-25"), holding(days, "01-01")], 1).astype(float)
    case = case_of(calls(4, days), np.broadcast_to(columns, (4, *columns.shape)), AHEAD, "W", ["xmas", "ny"], start=str(days[0]))
    made = forecaster()
    made.days = False
    values = predict(made, case.panel, horizon=AHEAD)[0].median
    assert np.abs(values / calls(1, days, noise=0.0)[0, -AHEAD:] - 1).max() < 0.1


def test_when_no_holiday_is_found_then_the_forecast_is_the_same_as_without_dates():
    days = weeks(5)
    values = 100 + 10 * np.random.default_rng(0).normal(size=(3, len(days)))
    case = case_of(values, np.zeros((3, len(days), 0)), AHEAD, "W", [], start=str(days[0]))
    without = forecaster()
    without.days = False
    made = [predict(one, case.panel, horizon=AHEAD)[0].values for one in (forecaster(), without)]
    np.testing.assert_array_equal(*made)


def test_when_a_season_of_four_weeks_ends_on_christmas_eve_then_one_window_describes_it():
    days = weeks(6)
    week = days[:, None] + np.arange(7)
    month, day = (
        week.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        (week - week.astype("datetime64[M]")).astype(np.int64) + 1,
    )
    peak = np.where(((month == 12) & (day <= 23)) | ((month == 11) & (day >= 26)), 1.9, 1.0).mean(1)
    values = 1000 * peak * np.exp(0.05 * np.random.default_rng(0).normal(size=(4, len(days))))
    found = names(values, days)
    assert {"26 November, lasting 28 days", "27 November, lasting 28 days"} & set(found)
    case = case_of(values, np.zeros((4, len(days), 0)), AHEAD, "W", [], start=str(days[0]))
    made = predict(forecaster(), case.panel, horizon=AHEAD)[0].median
    assert np.abs(made / (1000 * peak[-AHEAD:]) - 1).max() < 0.15


def on_dates(days: np.ndarray, begin: str, end: str) -> np.ndarray:
    """Return the share of days between two dates, such as 07-01 and 07-21, in each week."""
    dates = np.array([[str(first + k)[5:] for k in range(7)] for first in days])
    return np.asarray(((dates >= begin) & (dates <= end)).mean(1))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("begin", "end", "title"),
    [("07-01", "07-21", "1 July, lasting 21 days"), ("09-20", "10-03", "20 September, lasting 14 days")],
)
def test_when_weeks_follow_other_dates_of_the_year_then_these_are_found(seed, begin, end, title):
    days = weeks(6)
    noise = np.random.default_rng(seed).normal(size=(1, len(days)))
    values = 1000 * np.exp(0.7 * on_dates(days, begin, end) + 0.03 * noise)
    (found,) = names(values, days)
    assert found.split(",")[1] == title.split(",")[1]
    day, month = title.split(",")[0].split()
    assert abs(int(found.split()[0]) - int(day)) <= 1
    assert found.split(",")[0].endswith(month)


def test_when_a_peak_moves_with_its_dates_then_the_forecast_does_too():
    days = np.datetime64("2024-05-27") + 7 * np.arange(-313, AHEAD + 1)
    noise = np.random.default_rng(0).normal(size=(1, len(days)))
    values = 1000 * np.exp(0.7 * on_dates(days, "07-01", "07-21") + 0.03 * noise)  # in 2024, these are three whole weeks
    case = case_of(values, np.zeros((1, len(days), 0)), AHEAD, "W", [], start=str(days[0]))
    made = predict(forecaster(), case.panel, horizon=AHEAD)[0].median
    np.testing.assert_allclose(made[0], values[0, -AHEAD:], rtol=0.15)


def test_when_another_day_falls_into_weeks_of_other_phases_then_it_is_found():
    days = weeks(7)
    noise = np.random.default_rng(1).normal(size=(1, len(days)))
    found = names(500 * np.exp(0.8 * holding(days, "02-14") + 0.05 * noise), days)
    assert any("February" in one for one in found)


@pytest.mark.parametrize("seed", range(4))
def test_when_weeks_have_a_smooth_season_and_noise_then_no_date_is_found(seed):
    rng, days = np.random.default_rng(seed), weeks(7)
    t = 2 * np.pi * days.astype(np.int64) / 365.25
    values = np.exp(0.4 * np.cos(t) + 0.1 * np.sin(2 * t) + np.cumsum(0.02 * rng.normal(size=(3, len(days))), 1))
    assert names(values * np.exp(0.03 * rng.standard_t(4, size=values.shape)), days) == ()


def test_mothers_day_moves_with_its_sunday():
    assert [str(day) for day in mothers_day(np.arange(2022, 2027))] == [
        *("2022-05-08", "2023-05-14", "2024-05-12", "2025-05-11", "2026-05-10")
    ]
    days = weeks(7)
    sundays = np.isin(days + 6, mothers_day(np.arange(2010, 2030)))
    noise = np.random.default_rng(1).normal(size=(1, len(days)))
    assert "Mother's Day" in names(500 * np.exp(0.8 * sundays + 0.05 * noise), days)[0]
