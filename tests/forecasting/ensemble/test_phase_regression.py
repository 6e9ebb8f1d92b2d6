"""Regression on known covariates with effects by phase: it finds them, has no forecast without them, and reads nothing ahead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.covariates import Case, autoregression, case_of
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.forecasting.baselines.seasonal_regression import SeasonalRegression
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import Ensemble, combine
from tsattn.forecasting.ensemble.holdout import truth
from tsattn.forecasting.ensemble.phase_regression import MOST_TERMS, PhaseRegression, _terms
from tsattn.forecasting.ensemble.term_regression import BY_PHASE, EFFECT, SEASON
from tsattn.forecasting.predict import predict

HORIZON = 24
MEDIAN = 4


def heated(seed: int = 0, days: int = 90, form: str = "added", loud: float = 1.0) -> Case:
    """Hourly loads that rise as it gets colder than 15 degrees, most in the morning, by amounts or by factors."""
    rng, rows = np.random.default_rng(seed), 24 * days + HORIZON
    t = np.arange(rows)
    cold = np.maximum(15 - temperature(rng, 1, rows), 0)
    slope = 1 + 2 * np.exp(-(((t % 24 - 7) / 3) ** 2))
    noise = loud * autoregression(rng, (1, rows), 0.7)
    load = 300 + 60 * np.sin(2 * np.pi * (t - 9) / 24) - 40 * (t // 24 % 7 > 4)
    if form == "added":
        load = load + 4 * slope * cold + 3 * noise
    else:
        load = load * np.exp(0.02 * slope * cold + 0.01 * noise)
    return case_of(load, (15 - cold)[..., None], HORIZON, "h", ["temperature"])


def temperature(rng: np.random.Generator, count: int, rows: int) -> np.ndarray:
    return 12 + 3 * np.sin(2 * np.pi * (np.arange(rows) - 9) / 24) + autoregression(rng, (count, rows), 0.98)


def unrelated(case: Case, seed: int = 5) -> Case:
    """The same targets beside the temperature of another place."""
    count, rows = len(case.panel), len(case.panel.known) // len(case.panel)
    known = temperature(np.random.default_rng(seed), count, rows).reshape(-1, 1).astype(np.float32)
    return dataclasses.replace(case, panel=dataclasses.replace(case.panel, known=known))


def window(case: Case) -> WindowBatch:
    """The windows at the ends of the series, with declared covariates alone."""
    batch = gather(case.panel, last_origins(case.panel), int(case.panel.lengths.max()) - HORIZON, HORIZON)
    return dataclasses.replace(batch, known=batch.known[..., batch.calendar :], calendar=0)


def error(case: Case, values: np.ndarray) -> float:
    return float(np.abs(case.truth - values[..., MEDIAN]).mean())


@pytest.mark.parametrize("form", ["added", "factor"])
def test_when_an_effect_differs_between_hours_then_forecasts_are_near_the_noise(form):
    cases = [heated(seed, form=form) for seed in range(3)]
    ours = [error(case, PhaseRegression().predict(window(case))) for case in cases]
    plain = [error(case, SeasonalRegression().predict(window(case))) for case in cases]
    noise = [np.abs(case.truth - heated(seed, form=form, loud=0).truth).mean() for seed, case in enumerate(cases)]
    assert np.mean(ours) < 0.5 * np.mean(plain)
    assert np.mean(ours) < 1.3 * np.mean(noise)


def test_when_an_effect_differs_between_hours_then_intervals_cover_as_many_values_as_they_should():
    inside = []
    for seed in range(12):
        case = heated(seed, days=50)
        values = PhaseRegression().predict(window(case))
        inside.append((case.truth >= values[..., 0]) & (case.truth <= values[..., -1]))
    assert 0.7 < np.mean(inside) < 0.9


def test_when_a_covariate_is_unrelated_then_there_is_no_forecast():
    found = [PhaseRegression().predict(window(unrelated(heated(seed), 50 + seed))) for seed in range(4)]
    assert np.isnan(found).all()


def test_when_a_covariate_is_constant_or_the_history_short_then_there_is_no_forecast():
    case = heated()
    constant = np.full_like(case.panel.known, 7.0)
    constant[100:110] = np.nan
    still = dataclasses.replace(case.panel, known=constant)
    assert np.isnan(PhaseRegression().predict(window(dataclasses.replace(case, panel=still)))).all()
    assert np.isnan(PhaseRegression().predict(window(heated(days=4)))).all()


def test_when_values_and_covariates_are_missing_then_the_forecast_hardly_changes():
    case = heated()
    batch = window(case)
    whole = PhaseRegression().predict(batch)
    past, known = batch.past_target.copy(), batch.known.copy()
    past[0, 500:520], past[0, -3:], known[0, 900:905] = np.nan, np.nan, np.nan
    holes = PhaseRegression().predict(dataclasses.replace(batch, past_target=past, known=known))
    assert np.isfinite(holes).all()
    assert np.abs(holes - whole).mean() < 0.02 * np.abs(whole).mean()


def test_when_the_history_starts_late_then_the_steps_before_it_change_nothing():
    batch = window(heated())
    lead = 24 * 7
    padded = dataclasses.replace(
        batch,
        past_target=np.pad(batch.past_target, ((0, 0), (lead, 0)), constant_values=np.nan),
        past_cov=np.pad(batch.past_cov, ((0, 0), (lead, 0), (0, 0))),
        known=np.pad(batch.known, ((0, 0), (lead, 0), (0, 0)), constant_values=7.0),
    )
    np.testing.assert_array_equal(PhaseRegression().predict(padded), PhaseRegression().predict(batch))


def test_when_values_after_the_earliest_origin_change_then_its_forecast_does_not():
    batch = window(heated(form="factor"))
    shifts = np.array([[HORIZON], [2 * HORIZON]])
    before = PhaseRegression().predict_from(batch, shifts)
    past = batch.past_target.copy()
    past[:, -2 * HORIZON :] *= 3
    after = PhaseRegression().predict_from(dataclasses.replace(batch, past_target=past), shifts)
    np.testing.assert_array_equal(after[2], before[2])
    assert (after[0] != before[0]).any()


def test_when_a_forecast_starts_at_a_hold_out_origin_then_its_errors_are_those_of_a_forecast():
    case = heated(days=120)
    batch = window(case)
    shifts = np.arange(1, 5)[:, None] * HORIZON
    made = PhaseRegression().predict_from(batch, shifts)[1:, 0, :, MEDIAN]
    truth = [batch.past_target[0, -shift : len(batch.past_target[0]) - shift + HORIZON] for shift in shifts[:, 0].tolist()]
    assert np.abs(made - truth).mean() < 1.5 * np.sqrt(2 / np.pi) * 3 / np.sqrt(1 - 0.7**2)


def test_when_the_history_is_short_then_each_hold_out_origin_has_a_fit_of_its_own():
    made, plain = [], []
    for seed in range(4):
        batch = window(heated(seed, days=21))
        shifts = np.array([[2 * HORIZON], [4 * HORIZON], [6 * HORIZON], [8 * HORIZON]])
        truths = np.stack([truth(batch, shift) for shift in shifts])[0]
        made.append(np.abs(PhaseRegression().predict_from(batch, shifts)[1, ..., MEDIAN] - truths).mean())
        plain.append(np.abs(SeasonalRegression().predict_from(batch, shifts[:1])[1, ..., MEDIAN] - truths).mean())
    assert np.mean(made) < 0.7 * np.mean(plain)


def test_when_values_after_a_hold_out_origin_of_a_short_history_change_then_its_median_does_not():
    batch = window(heated(days=21))
    shifts = np.array([[2 * HORIZON], [8 * HORIZON]])
    before = PhaseRegression().predict_from(batch, shifts)[..., MEDIAN]
    past = batch.past_target.copy()
    past[:, -2 * HORIZON :] *= 1.001  # too little to change the form
    after = PhaseRegression().predict_from(dataclasses.replace(batch, past_target=past), shifts)[..., MEDIAN]
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(after[1:], before[1:])
    assert (after[0] != before[0]).any()


def test_when_the_history_holds_two_weeks_then_weekdays_have_terms():
    known = np.random.default_rng(0).normal(size=(15 * 24 + HORIZON, 1))  # the window leaves a day out
    batch = window(case_of(np.abs(known.T) + 1, known[None], HORIZON, "h", ["x"]))
    shorter = dataclasses.replace(batch, past_target=batch.past_target[:, 1:], known=batch.known[:, 1:])
    assert [PhaseRegression().terms_of(one, 0).long for one in (batch, shorter)] == [168, 0]


def test_when_there_are_many_covariates_then_their_effects_are_common_to_all_phases():
    known = np.random.default_rng(0).normal(size=(800, 12))
    terms, kinds = _terms(known, 700, 24, 168)
    assert terms.shape == (800, len(kinds))
    assert len(kinds) <= MOST_TERMS
    assert set(kinds.tolist()) == {SEASON, EFFECT}
    assert BY_PHASE in _terms(known[:, :2], 700, 24, 168)[1]


def test_when_values_have_no_season_then_covariates_still_help():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1, 324))
    case = case_of(50 + 10 * x + rng.normal(size=(1, 324)), x[..., None], HORIZON, "W", ["x"])
    assert error(case, PhaseRegression(season_length=1).predict(window(case))) < 1.5


def forecaster(regression: bool = True) -> CovariateRegression:
    ensemble = combine(SeasonalMean(None), ("ridge", "seasonal-regression"))
    assert isinstance(ensemble, Ensemble)
    made = with_covariates(ensemble)
    assert isinstance(made, CovariateRegression)
    return made if regression else CovariateRegression(ensemble)


def test_when_an_effect_differs_between_hours_then_the_ensemble_follows_the_regression():
    errors, weights, inside = [], [], []
    for seed in range(3):
        case, made = heated(seed, days=80), forecaster()
        found, _ = predict(made, case.panel, horizon=HORIZON)
        plain, _ = predict(forecaster(regression=False), case.panel, horizon=HORIZON)
        errors.append([np.abs(case.truth - one.median).mean() for one in (found, plain)])
        inside.append((case.truth >= found.quantile(0.1)) & (case.truth <= found.quantile(0.9)))
        weights.append(made.report().weights["covariates"])
    with_, without = np.mean(errors, 0)
    assert with_ < 0.85 * without
    assert np.mean(weights) > 0.5
    assert 0.65 < np.mean(inside) < 0.95


class Passes(SeasonalMean):
    """Forecasts 64 steps at once, like the network of the package, so that hold-out origins lie as far apart."""

    pass_steps = 64


@pytest.mark.parametrize("days", [14, 21, 35])
def test_when_the_history_is_some_weeks_then_the_ensemble_still_follows_the_regression(days):
    errors, weights = [], []
    for seed in range(4):
        case = heated(seed, days=days)
        ensemble = combine(Passes(None), ("ridge", "seasonal-regression"))
        found, _ = predict(made := with_covariates(ensemble), case.panel, horizon=HORIZON)
        plain, _ = predict(CovariateRegression(ensemble), case.panel, horizon=HORIZON)
        errors.append([np.abs(case.truth - one.median).mean() for one in (found, plain)])
        weights.append(made.report().weights.get("covariates", 0.0))
    with_, without = np.mean(errors, 0)
    assert np.mean(weights) > 0.2
    assert with_ < 0.95 * without


def test_when_no_covariates_are_declared_then_forecasts_are_bit_identical_and_the_report_is_silent():
    case = heated(days=60)
    made, plain = forecaster(), forecaster(regression=False)
    found, expected = (predict(one, case.without(), horizon=HORIZON)[0] for one in (made, plain))
    np.testing.assert_array_equal(found.values, expected.values)
    assert made.report() == plain.report()
    assert "covariates" not in made.report().weights


def test_when_the_forecaster_is_no_ensemble_then_it_gets_the_target_alone():
    widths = []

    class Network(SeasonalMean):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            widths.append(batch.known.shape[2])
            return super().predict(batch)

    predict(CovariateRegression(Network(None), events=False), heated(days=30).panel, horizon=HORIZON)
    assert set(widths) == {0}


def test_when_covariates_are_unrelated_then_the_ensemble_forecasts_as_without_them():
    case = unrelated(heated(days=60))
    made = forecaster()
    found, expected = (
        predict(one, panel, horizon=HORIZON)[0] for one, panel in ((made, case.panel), (forecaster(), case.without()))
    )
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4)
    assert "covariates" not in made.report().weights
