"""Dates in forecasts of daily data: events are applied, reported, and nothing changes where there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.covariates import Case, case_of
from tsattn.data.freq import Freq
from tsattn.data.windows import Origins
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.conformal import conformal
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import predict

HORIZON = 21
START, END = np.datetime64("2021-01-01"), np.datetime64("2023-12-31")
DAYS = np.arange(START, END + 1)


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "naive")))
    assert isinstance(made, CovariateRegression)
    return made


def on(*dates: str) -> np.ndarray:
    """True on the days whose text ends with one of `dates`."""
    return np.array([day.endswith(dates) for day in DAYS.astype(str).tolist()])


def sales(factor: np.ndarray, count: int = 3, seed: int = 0, noise: float = 0.1, promo: bool = False) -> Case:
    """Daily sales times `factor` (N,), which end in three weeks of the future; with promotions of + 50 %."""
    rng = np.random.default_rng(seed)
    week = np.exp(rng.normal(0, 0.2, (count, 7)))[:, (DAYS.astype(np.int64) + 3) % 7]
    level = np.exp(rng.normal(4, 0.5, (count, 1)))
    values = level * week * factor * np.exp(noise * rng.normal(size=(count, len(DAYS))))
    known = (rng.random((count, len(DAYS), 1)) < 0.2).astype(float)
    if promo:
        return case_of(values * 1.5 ** known[..., 0], known, HORIZON, "D", ["promo"], start=str(START))
    return case_of(values, known[..., :0], HORIZON, "D", [], start=str(START))


def medians(made: Forecaster, case: Case) -> np.ndarray:
    return predict(made, case.panel, horizon=HORIZON)[0].median


def undated(made: CovariateRegression) -> CovariateRegression:
    made.days = False
    return made


def errors(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors with dates and without."""
    with_, without = (np.abs(medians(made, case) - case.truth) for made in (forecaster(), undated(forecaster())))
    return with_, without


def test_when_dates_repeat_then_their_days_are_forecast_much_better_and_other_days_as_well():
    peak = on("12-22", "12-23", "12-24", "-15")
    with_, without = errors(sales(np.where(peak, 1.8, 1)))
    ahead = peak[-HORIZON:]
    assert with_[:, ahead].mean() < 0.4 * without[:, ahead].mean()
    assert with_[:, ~ahead].mean() < 1.02 * without[:, ~ahead].mean()


def test_when_dates_repeat_then_effects_are_told_with_the_steps_ahead_on_which_they_fall():
    case, made = sales(np.where(on("-15"), 1.6, 1) * np.where(on("07-04"), 0.5, 1)), forecaster()
    medians(made, case)
    found = {effect.name: effect for effect in made.effects(case.panel, HORIZON)}
    assert set(found) == {"15th of the month", "4 July"}
    assert all(effect.event and effect.clear and effect.form == "factor" for effect in found.values())
    assert (found["15th of the month"].ahead, found["4 July"].ahead) == (1, 0)
    assert found["15th of the month"].low < 0.6 < found["15th of the month"].high
    assert str(found["15th of the month"]).startswith("15th of the month: +")
    assert str(found["4 July"]).startswith("4 July: -5") or str(found["4 July"]).startswith("4 July: -4")


def test_when_effects_are_counted_on_fewer_steps_then_later_events_are_not_ahead():
    case, made = sales(np.where(on("12-28"), 1.8, 1)), forecaster()
    medians(made, case)
    (effect,) = made.effects(case.panel, 5)
    assert (effect.name, effect.ahead) == ("28 December", 0)


def test_when_a_shop_is_closed_on_a_date_then_nothing_is_forecast_on_it():
    case = sales(np.where(on("12-25"), 0.0, 1))
    values, ahead = medians(forecaster(), case), on("12-25")[-HORIZON:]
    assert (values[:, ahead] == 0).all()
    assert (values[:, ~ahead] > 0).all()


def test_when_promotions_are_known_too_then_both_effects_are_found_and_used():
    case, made = sales(np.where(on("12-24"), 1.8, 1), promo=True), forecaster()
    error = np.abs(medians(made, case) - case.truth)
    promo, event = made.effects(case.panel, HORIZON)
    assert (promo.name, promo.event, event.name, event.event) == ("promo", False, "24 December", True)
    assert promo.effect == pytest.approx(0.5, abs=0.05)
    assert event.effect == pytest.approx(0.8, abs=0.2)
    assert (error / case.truth).mean() < 0.15


@pytest.mark.parametrize("promo", [False, True])
def test_when_no_date_matters_then_forecasts_are_those_without_dates_to_the_bit(promo):
    case = sales(np.ones(len(DAYS)), promo=promo)
    np.testing.assert_array_equal(medians(forecaster(), case), medians(undated(forecaster()), case))


def test_when_the_panel_has_invented_dates_then_they_are_not_read():
    case = sales(np.where(on("-15"), 1.6, 1))
    panel = dataclasses.replace(case.panel, dated=False)
    made = forecaster()
    values = predict(made, panel, horizon=HORIZON)[0].median
    np.testing.assert_array_equal(values, medians(undated(forecaster()), case))
    assert made.effects(panel) == ()


def test_when_what_follows_an_origin_changes_then_its_forecast_does_not():
    case = sales(np.where(on("12-24", "-15"), 1.8, 1), promo=True)
    panel = case.panel
    rows = np.stack([panel.origin - 400, panel.origin - 200, panel.origin], 1)
    origins = Origins(np.repeat(np.arange(len(panel)), 3), rows.reshape(-1))
    wild = panel.target.copy()
    for first, last in zip(rows[:, 1], rows[:, 2], strict=True):
        wild[first:last] = np.where(on("-07", "04-01")[: last - first], 1e4, 1.0)
    garbage = dataclasses.replace(panel, target=wild)
    before, after = (predict(forecaster(), p, horizon=HORIZON, origins=origins)[0].values for p in (panel, garbage))
    early = np.arange(len(before)) % 3 < 2
    np.testing.assert_array_equal(before[early], after[early])


def test_when_items_end_on_different_days_then_each_uses_what_was_known_by_then():
    case = sales(np.where(on("-15"), 1.6, 1), count=4)
    panel = case.panel
    origins = Origins(np.arange(4), panel.origin - 40 * np.arange(4))
    made = predict(forecaster(), panel, horizon=HORIZON, origins=origins)[0]
    alone = [
        predict(forecaster(), panel, horizon=HORIZON, origins=Origins(origins.item[k:], origins.row[k:]))[0] for k in range(4)
    ]
    for k in (2, 3):  # only later items are left out
        np.testing.assert_allclose(made.values[k], alone[k].values[0], rtol=1e-5)


def test_when_quantiles_are_conformal_then_dates_are_read_too():
    case = sales(np.where(on("-15"), 1.6, 1), count=1)
    ahead = on("-15")[-HORIZON:]
    with_, without = (np.abs(medians(conformal(made), case) - case.truth) for made in (forecaster(), undated(forecaster())))
    assert with_[:, ahead].mean() < 0.6 * without[:, ahead].mean()


def test_when_steps_are_business_days_then_their_dates_are_read():
    case = sales(np.where(on("-15"), 1.6, 1), count=2)
    works = np.is_busday(DAYS)
    values = np.concatenate([case.panel.target.reshape(2, -1)[:, :-HORIZON], case.truth], 1)[:, works]
    peak = on("-15")[works]
    made = case_of(values, np.zeros((*values.shape, 0)), 15, "B", [], start="2021-01-01")
    assert made.panel.freq == Freq.parse("B")
    with_, without = (
        np.abs(predict(f, made.panel, horizon=15)[0].median - made.truth) for f in (forecaster(), undated(forecaster()))
    )
    ahead = peak[-15:]
    assert ahead.any()
    assert with_[:, ahead].mean() < 0.6 * without[:, ahead].mean()
