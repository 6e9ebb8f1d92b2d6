"""Effects of series that rest at night or on Sundays are percentages of their open rows."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.covariates import case_of
from tests.forecasting.ensemble.test_covariate_regression import forecaster
from tsattn.forecasting.ensemble.awake_rows import at_rest, awake, may_multiply
from tsattn.forecasting.predict import predict

OPEN = np.where(np.arange(24) < 8, 0.0, 20 + 80 * np.sin(np.pi * (np.arange(24) - 7) / 18))  # closed from 0 to 8 o'clock


def hours(days: int, seed: int = 0, sundays: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Hourly sales (N,) of a shop, zero at night and on Sundays, and marks (N,) of short days, on which it sells 60 % less.

    The last day is short.
    """
    rng, day = np.random.default_rng(seed), np.arange(24 * days) // 24
    short = (np.isin(day, rng.choice(np.flatnonzero(np.arange(days) % 7 < 6), days // 15, replace=False))).astype(float)
    short[-48:] = np.repeat([0, 1], 24)
    open_days = np.where((day % 7 == 6) & sundays, 0.0, 1 + 0.1 * (day % 7))
    return np.tile(OPEN, days) * open_days * 0.4**short * np.exp(0.05 * rng.normal(size=24 * days)), short


def test_when_a_phase_of_day_or_week_is_nearly_always_zero_then_its_rows_rest():
    sales = hours(60)[0]
    sales[24 * 6 + 12] = 50  # open for an hour on one Sunday
    expected = np.tile(OPEN == 0, 60) | (np.arange(24 * 60) // 24 % 7 == 6)
    np.testing.assert_array_equal(at_rest(sales[None], (24, 168))[0], expected)
    left = awake(sales[None], (24, 168))
    np.testing.assert_array_equal(np.isnan(left[0]), expected)
    assert may_multiply(left).all()
    assert not may_multiply(sales[None]).any()


def test_when_open_hours_have_zeros_too_then_all_rows_are_kept():
    rng = np.random.default_rng(1)
    demand = rng.poisson(np.tile(OPEN, 60) / 50).astype(float)[None]
    np.testing.assert_array_equal(awake(demand, (24, 168)), demand)


@pytest.mark.parametrize(("days", "sundays"), [(120, True), (60, False)])  # 60 days hold eight weeks only if nights count
def test_when_a_shop_is_closed_at_night_then_a_short_day_is_a_percentage_of_its_open_hours(days, sundays):
    sales, short = hours(days + 2, sundays=sundays)
    case = case_of(sales[None], short[None, :, None], 48, "h", ["short"])
    made = forecaster()
    found = predict(made, case.panel, horizon=48)[0].median[0]
    (effect,) = made.effects(case.panel)
    assert effect.form == "factor"
    assert effect.low < -0.6 < effect.high
    assert effect.high - effect.low < 0.1
    night = np.resize(OPEN, 24) == 0
    assert (found[24:][night] == 0).all()
    usual = OPEN * (1 + 0.1 * ((days + 1) % 7))
    np.testing.assert_allclose(found[24:][~night], 0.4 * usual[~night], rtol=0.25)


def test_when_sundays_are_closed_then_a_promotion_is_a_percentage_in_daily_data():
    rng, days = np.random.default_rng(2), np.arange(300 + 14)
    promo = (rng.random(len(days)) < 0.15).astype(float)
    sales = np.where(days % 7 == 6, 0, 100 * (1 + 0.15 * (days % 7)) * 1.6**promo * np.exp(0.08 * rng.normal(size=len(days))))
    case = case_of(sales[None], promo[None, :, None], 14, "D", ["promo"])
    made = forecaster()
    predict(made, case.panel, horizon=14)
    (effect,) = made.effects(case.panel)
    assert effect.form == "factor"
    assert effect.low < 0.6 < effect.high


def test_when_effects_are_amounts_then_closed_days_have_no_width():
    rng, hour = np.random.default_rng(3), np.arange(24 * 122)
    day = hour // 24
    busy, shut = (np.isin(day, (*range(first, 120, 10), ahead)).astype(float) for first, ahead in ((4, 120), (5, 121)))
    mean = np.clip(np.sin(2 * np.pi * (hour % 24 - 7) / 24), 0, None) * 6 * 2**busy
    calls = rng.poisson(mean) * (1 - shut)
    case = case_of(calls[None].astype(float), np.stack([busy, shut], 1)[None], 48, "h", ["busy", "shut"])
    made = forecaster()
    found = predict(made, case.panel, horizon=48)[0].values[0]
    assert [effect.form for effect in made.effects(case.panel)] == ["added", "closed"]
    assert (found[24:] == 0).all()
