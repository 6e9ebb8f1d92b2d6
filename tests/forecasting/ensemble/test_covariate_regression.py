"""Known covariates without training: effects are found, applied, reported, and cost nothing where there are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.covariates import Case, case_of
from tests.forecasting.windows import batch_of
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.errors import DataError
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import Ensemble, combine
from tsattn.forecasting.predict import predict, wants_covariates

HORIZON = 14
REGIONS = (1.35, 1.7)


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "naive")))
    assert isinstance(made, CovariateRegression)
    return made


def shops(count: int = 6, days: int = 300, seed: int = 0, additive: bool = False) -> Case:
    """Daily sales with promotions that multiply by a factor of the region, or add 30."""
    rng, rows = np.random.default_rng(seed), days + HORIZON
    t, region = np.arange(rows), np.arange(count) % 2
    promo = (rng.random((count, rows // 3 + 1)) < 0.3).repeat(3, 1)[:, :rows].astype(float)
    promo[:, days : days + 3] = 1
    noise = rng.normal(size=(count, rows))
    week = 1 + 0.3 * np.sin(2 * np.pi * t / 7)
    if additive:
        sales = 40 * week - 40 + 30 * promo + 5 * noise
    else:
        sales = np.exp(rng.normal(4, 0.3, (count, 1))) * week * np.array(REGIONS)[region][:, None] ** promo * np.exp(0.1 * noise)
    return case_of(sales, promo[..., None], HORIZON, "D", ["promo"], {"region=a": region == 0, "region=b": region == 1})


def medians(made: CovariateRegression | Ensemble, panel: Panel) -> np.ndarray:
    return predict(made, panel, horizon=HORIZON)[0].median


def with_known(case: Case, extra: np.ndarray, name: str) -> Panel:
    """The panel with one more known covariate, (S, N)."""
    schema = dataclasses.replace(case.panel.schema, known=("promo", name), known_features=("promo", name))
    known = np.concatenate([case.panel.known, extra.reshape(-1, 1).astype(np.float32)], 1)
    return dataclasses.replace(case.panel, known=known, schema=schema)


def test_when_promotions_multiply_sales_by_a_factor_of_the_region_then_it_is_found_for_each_region():
    made, case = forecaster(), shops()
    medians(made, case.panel)
    (effect,) = made.effects(case.panel)
    assert (effect.name, effect.form, effect.clear, effect.per_unit, effect.series) == ("promo", "factor", True, False, 6)
    assert [group.name for group in effect.groups] == ["region=a", "region=b"]
    for group, factor in zip(effect.groups, REGIONS, strict=True):
        assert 1 + group.effect == pytest.approx(factor, rel=0.05)
        assert group.low < group.effect < group.high
        assert group.high - group.low < 0.15
    assert str(effect).startswith("promo: region=a +3")


def test_when_promotions_are_known_then_their_days_are_forecast_much_better():
    case = shops()
    on = case.future[..., 0] > 0
    errors = [np.abs(medians(forecaster(), panel) - case.truth) for panel in (case.panel, case.without())]
    assert errors[0][on].mean() < 0.6 * errors[1][on].mean()
    assert errors[0][~on].mean() < 1.02 * errors[1][~on].mean()


def test_when_the_series_goes_below_zero_then_the_effect_is_added_and_reported_in_its_units():
    made, case = forecaster(), shops(additive=True)
    medians(made, case.panel)
    (effect,) = made.effects(case.panel)
    assert effect.form == "added"
    assert effect.low < 30 < effect.high
    assert effect.effect == pytest.approx(30, abs=2)
    assert "%" not in str(effect)


def test_when_promotions_are_forecast_then_the_interval_is_wider_by_the_same_factor():
    case = shops(count=2)
    made, _ = predict(forecaster(), case.panel, horizon=HORIZON)
    off = case.panel.known.copy()
    off[case.panel.origin[:, None] + np.arange(HORIZON)] = 0
    base, _ = predict(forecaster(), dataclasses.replace(case.panel, known=off), horizon=HORIZON)
    on = case.future[..., 0] > 0
    widths = [(f.quantile(0.9) - f.quantile(0.1))[on] for f in (made, base)]
    factor = (made.median / base.median)[on]
    assert (factor > 1.2).all()
    np.testing.assert_allclose(widths[0] / widths[1], factor, rtol=0.1)


def test_when_a_column_is_noise_then_forecasts_stay_and_the_column_is_called_unclear():
    case = shops(count=3)
    noise = np.random.default_rng(5).normal(size=(3, 300 + HORIZON))
    made = forecaster()
    with_noise = medians(made, with_known(case, noise, "noise"))
    effect = made.effects(with_known(case, noise, "noise"))[1]
    assert not effect.clear
    assert "no clear effect" in str(effect)
    np.testing.assert_allclose(with_noise, medians(forecaster(), case.panel), rtol=0.02)


@pytest.mark.parametrize("value", [1, 0])
def test_when_shops_are_closed_then_nothing_is_forecast_and_the_other_days_are_not_disturbed(value):
    case = shops(count=3)
    shut = (np.random.default_rng(6).random((3, 300 + HORIZON)) < 0.05).astype(float)
    shut[:, 305] = 1
    target = np.where(shut.reshape(-1) > 0, np.where(np.isnan(case.panel.target), np.nan, 0), case.panel.target)
    panel = with_known(case, shut if value else 1 - shut, "closed" if value else "open")
    panel = dataclasses.replace(panel, target=target.astype(np.float32))
    made = forecaster()
    values = medians(made, panel)
    on = shut[:, 300:] > 0
    assert (values[on] == 0).all()
    np.testing.assert_allclose(values[~on], medians(forecaster(), case.panel)[~on], rtol=0.15)
    closed = next(effect for effect in made.effects(panel) if effect.form == "closed")
    assert closed.name.endswith(f" = {value}")
    assert closed.to_mapping()["form"] == "closed"


def test_when_hours_are_always_zero_at_night_then_a_closed_day_is_zero_all_day():
    rng, hours = np.random.default_rng(7), np.arange(60 * 24 + 48)
    shut = np.isin(hours // 24, (12, 29, 43, 60)).astype(float)
    day = np.clip(np.sin(2 * np.pi * (hours % 24 - 7) / 24), 0, None) * (hours // 24 % 7 != 6)  # closed at night and on Sundays
    calls = rng.poisson(80 * day) * (1 - shut)
    case = case_of(calls[None].astype(float), shut[None, :, None], 48, "h", ["closed"])
    made = forecaster()
    values = predict(made, case.panel, horizon=48)[0].median[0]
    assert (values[:24] == 0).all()
    assert values[24:].max() > 60
    assert [effect.form for effect in made.effects(case.panel)] == ["closed"]


def test_when_a_covariate_marks_a_regular_closed_day_then_another_day_so_marked_is_zero():
    rng, days = np.random.default_rng(8), np.arange(200 + HORIZON)
    shut = (days % 7 == 6).astype(float)
    shut[202] = 1  # a Saturday ahead
    sales = 100 * (1 + 0.1 * np.sin(days)) * (1 - shut) * np.exp(0.05 * rng.normal(size=len(days)))
    case = case_of(sales[None], shut[None, :, None], HORIZON, "D", ["closed"])
    values = medians(forecaster(), case.panel)[0]
    assert values[2] == 0
    assert values[0] > 70


def test_when_heating_and_cooling_both_raise_a_load_then_the_slopes_differ_in_sign():
    rng, rows = np.random.default_rng(0), 600 + HORIZON
    weather = np.zeros(rows)
    for t in range(1, rows):
        weather[t] = 0.7 * weather[t - 1] + 3 * rng.normal()
    load = 1000 + 100 * np.sin(2 * np.pi * np.arange(rows) / 7) + 20 * np.abs(weather) + 20 * rng.normal(size=rows)
    case = case_of(load[None], 15 + weather[None, :, None], HORIZON, "D", ["temperature"])
    made = forecaster()
    values = medians(made, case.panel)
    below, above = made.effects(case.panel)
    assert below.name.startswith("temperature below 1")
    assert above.name.startswith("temperature above 1")
    assert below.effect < -0.012 < 0.012 < above.effect
    without = medians(forecaster(), case.without())
    assert np.abs(values - case.truth).mean() < 0.8 * np.abs(without - case.truth).mean()


def test_when_no_known_covariate_is_declared_then_the_forecast_is_the_ensembles_own_to_the_bit():
    case = shops(count=2)
    only_static = dataclasses.replace(
        case.without(), static=case.panel.static, schema=dataclasses.replace(case.panel.schema, known=(), known_features=())
    )
    own = combine(SeasonalMean(None), ("ridge", "naive"))
    expected = medians(own, case.without())  # type: ignore[arg-type]
    for panel in (case.without(), only_static):
        made = forecaster()
        assert not wants_covariates(made, panel)
        np.testing.assert_array_equal(medians(made, panel), expected)
        assert made.effects(panel) == ()


def test_when_future_rows_lack_a_known_covariate_then_the_error_names_the_column():
    case = shops(count=2)
    case.panel.known[case.panel.origin[1] + 2] = np.nan
    with pytest.raises(DataError, match="promo") as caught:
        medians(forecaster(), case.panel)
    assert "--known" in caught.value.hint


def test_when_what_follows_an_origin_changes_then_its_forecast_does_not():
    case = shops(count=3)
    back = case.panel.origin - 60
    origins = Origins(np.tile(np.arange(3), 2), np.concatenate([back, case.panel.origin]))
    wild = case.panel.target.copy()
    for end in back:
        wild[end : end + 60] = -1e4
    garbage = dataclasses.replace(case.panel, target=wild)
    before, after = (predict(forecaster(), p, horizon=HORIZON, origins=origins)[0].values[:3] for p in (case.panel, garbage))
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("days", [3, 12, 40])
def test_when_histories_are_short_or_full_of_holes_then_forecasts_are_finite(days):
    case = shops(count=4, days=days)
    gaps = np.random.default_rng(1).random(case.panel.target.shape) < 0.3
    target, known = case.panel.target.copy(), case.panel.known.copy()
    target[gaps & ~np.isnan(target)] = np.nan
    target[case.panel.origin - 1] = 5.0
    known[np.roll(gaps, 1) & ~np.isnan(case.panel.target), 0] = np.nan
    panel = with_known(
        dataclasses.replace(case, panel=dataclasses.replace(case.panel, target=target, known=known)), gaps * 0, "x"
    )
    made = forecaster()
    assert np.isfinite(medians(made, panel)).all()
    assert not next(effect for effect in made.effects(panel) if effect.name == "x").clear


def test_when_a_covariate_goes_far_beyond_its_history_then_the_forecast_is_cut_there():
    case = shops(count=2)
    price = 10 + np.random.default_rng(2).normal(size=(2, 300 + HORIZON))
    sales = case.panel.target * np.exp(-0.3 * (price.reshape(-1) - 10))
    price[:, 300:] = 1000
    panel = with_known(case, price, "price")
    panel = dataclasses.replace(panel, target=sales.astype(np.float32))
    values = medians(forecaster(), panel)
    assert (values > 1).all()


def test_when_a_forecaster_reads_covariates_itself_then_it_is_left_alone():
    class Reader(SeasonalMean):
        covariates = True

    made = combine(Reader(None), ("naive",))
    assert with_covariates(made) is made
    plain = SeasonalMean(None)
    assert with_covariates(plain) is plain


def test_when_windows_have_no_known_columns_then_arrays_are_forecast_as_ever():
    batch = batch_of(np.arange(60.0), horizon=5)
    assert np.isfinite(forecaster().predict(batch)).all()


def test_when_promotions_differ_by_a_part_of_the_names_then_a_new_series_has_the_effect_of_its_part():
    rng, rows = np.random.default_rng(0), 300 + HORIZON
    names = [f"{shop}/{product}" for shop in "abcd" for product in ("bread", "wine", "milk")]
    factor = np.tile([1.2, 1.7, 2.4], 4)
    promo = (rng.random((12, rows // 3 + 1)) < 0.3).repeat(3, 1)[:, :rows].astype(float)
    promo[:, 300:303] = 1
    promo[:2, :300] = 0  # without a promotion so far
    sales = 50 * factor[:, None] ** promo * np.exp(0.1 * rng.normal(size=(12, rows)))
    case = case_of(sales, promo[..., None], HORIZON, "D", ["promo"])
    schema = dataclasses.replace(case.panel.schema, item=("shop", "product"))
    panel = dataclasses.replace(case.panel, item_ids=tuple(names), schema=schema)
    made = forecaster()
    found = medians(made, panel)[:2, :3].mean(1) / 50
    np.testing.assert_allclose(found, [1.2, 1.7], rtol=0.1)
    assert [group.name for group in made.effects(panel)[0].groups] == ["product=bread", "product=milk", "product=wine"]


def test_when_solar_power_follows_irradiance_then_days_are_as_wide_as_their_noise_and_nights_are_zero():
    rng, rows = np.random.default_rng(0), 24 * 60 + 48
    hour = np.arange(rows) % 24
    sun = 100 * np.maximum(0, np.sin((hour - 6) / 12 * np.pi)).round(6) * np.repeat(rng.uniform(0.3, 1, rows // 24), 24)
    made = case_of(np.array([sun * (1 + 0.1 * rng.normal(size=rows))]), sun[None, :, None], 48, "h", ["irradiance"])
    found = predict(forecaster(), made.panel, horizon=48)[0].values[0]
    ahead = made.future[0, :, 0]
    assert (found[ahead == 0] == 0).all()
    width = (found[:, -1] - found[:, 0])[ahead > 50]
    assert (width / ahead[ahead > 50]).min() > 0.15  # 2 · 1.28 · 0.1 covers 80 %
