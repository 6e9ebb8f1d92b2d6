"""The profile of a regular week or year, as a member of the ensemble."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.prior_weights import prior_of
from tsattn.forecasting.ensemble.seasonal_profile import LEAST, SeasonalProfile

HORIZON = 24
SHIFTS = HORIZON * np.arange(1, 5)[:, None]
WEEKS = 14


def week_of_hours(seed: int = 0, noise: float = 3.0, weeks: int = WEEKS) -> np.ndarray:
    """Hourly series with one smooth day for working days and another, later and lower, for the weekend."""
    hours = np.arange(24)
    working, free = (20 + 10 * np.sin(2 * np.pi * (hours - 8) / 24), 12 + 6 * np.sin(2 * np.pi * (hours - 12) / 24))
    week = np.concatenate([*[working] * 5, *[free] * 2])
    return np.asarray(np.tile(week, weeks) + np.random.default_rng(seed).normal(0, noise, weeks * 168))


def year_of_weeks(seed: int = 0) -> np.ndarray:
    """Six years of weeks."""
    return np.asarray(50 + 10 * np.sin(2 * np.pi * np.arange(312) / 52) + np.random.default_rng(seed).normal(0, 3, 312))


def error(name: str, make: Callable[[int], np.ndarray], freq: str, step: int) -> float:
    """Return the mean absolute distance of a member's forecasts from the cycle without noise, over the last few origins."""
    noisy, clean = make(0), np.mean([make(seed) for seed in range(100, 200)], 0)
    member = combine(SeasonalNaive(1), [name]).members[0]
    ends = range(len(noisy) - 8 * step, len(noisy) - step, step)
    made = [member.predict(batch_of(noisy[:end], horizon=step, freq=freq))[0, :, 4] for end in ends]
    return float(np.mean([np.abs(one - clean[end : end + step]).mean() for one, end in zip(made, ends, strict=True)]))


def test_when_a_week_is_regular_and_noisy_then_the_profile_is_nearer_to_it_than_methods_that_read_the_last_cycles():
    profile = error("profile", week_of_hours, "h", 24)
    assert profile < 0.7 * error("seasonal-regression", week_of_hours, "h", 24)
    assert profile < 0.7 * error("long-cycle", week_of_hours, "h", 24)


def test_when_a_year_of_weeks_is_regular_then_the_profile_knows_it():
    assert error("profile", year_of_weeks, "W", 4) < 0.5 * error("seasonal-naive", year_of_weeks, "W", 4)


def test_when_values_after_a_hold_out_origin_change_then_its_forecast_does_not():
    values = week_of_hours()
    spoilt = np.concatenate([values[:-HORIZON], 1000 + values[-HORIZON:]])
    plain, other = (SeasonalProfile().predict_from(batch_of(x, horizon=HORIZON, freq="h"), SHIFTS) for x in (values, spoilt))
    np.testing.assert_array_equal(plain[1:], other[1:])
    assert np.abs(plain[0] - other[0]).max() > 1


@pytest.mark.parametrize(
    ("values", "freq"),
    [
        (week_of_hours(weeks=LEAST // 168), "h"),  # short
        (np.random.default_rng(0).normal(size=2400), "h"),  # no season
        (np.cumsum(np.random.default_rng(0).normal(size=2400)), "h"),
        (np.tile(np.arange(7.0), 300), "D"),  # a week of days: other members read many cycles
    ],
)
def test_when_there_is_no_regular_week_or_year_then_it_has_no_forecast(values, freq):
    assert np.isnan(SeasonalProfile().predict_from(batch_of(values, horizon=HORIZON, freq=freq), SHIFTS)).all()


def test_when_a_week_is_regular_then_the_profile_gets_weight_and_errors_fall():
    batch = batch_of(*(week_of_hours(seed)[:-HORIZON] for seed in range(4)), horizon=HORIZON, freq="h")
    clean = np.mean([week_of_hours(seed) for seed in range(100, 200)], 0)[-HORIZON:]
    with_it, without = (combine(SeasonalNaive(24), names) for names in (["ridge", "profile"], ["ridge"]))
    errors = [np.abs(one.predict(batch)[:, :, 4] - clean).mean() for one in (with_it, without)]
    assert errors[0] < errors[1]
    assert with_it.report().weights["profile"] > 0.5


def test_the_profile_has_a_prior_weight_between_the_network_and_the_simple_methods():
    members = combine(SeasonalNaive(24), ["naive", "profile"]).members
    network, naive, profile = prior_of(members, batch_of(week_of_hours(), horizon=HORIZON, freq="h"), 0.02).weights[:, 0]
    assert naive < profile < network
