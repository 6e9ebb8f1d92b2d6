"""Covariate effects on products that died or grew: amounts follow the level where the history shows it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.covariates import Case, case_of
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.recent_level import multipliers, relative_levels, widths
from tsattn.forecasting.predict import predict

HORIZON, DAYS = 14, 420
SEASONS = (7,)


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "naive")))
    assert isinstance(made, CovariateRegression)
    return made


def products(level: np.ndarray, factor: float = 1.8, added: float = 0.0, seed: int = 0) -> Case:
    """Counts of daily sales with means `level` (S, N), which promotions multiply by `factor` and raise by `added`."""
    rng, rows = np.random.default_rng(seed), DAYS + HORIZON
    promo = (rng.random((len(level), rows // 3 + 1)) < 0.25).repeat(3, 1)[:, :rows].astype(float)
    promo[:, DAYS + 2 : DAYS + 5] = 1
    mean = level * factor**promo + added * promo
    return case_of(rng.poisson(mean).astype(float), promo[..., None], HORIZON, "D", ["promo"])


def levels(*kinds: str, mean: float = 1.5) -> np.ndarray:
    """Return (S, N) means of products that live on, died 120 days before the cutoff, or grew fourfold halfway."""
    t = np.arange(DAYS + HORIZON)
    shapes = {"live": np.ones(len(t)), "dead": t < DAYS - 120, "grown": np.where(t < DAYS // 2, 0.4, 1.6)}
    return mean * np.stack([shapes[kind] for kind in kinds])


def on_promotion(panel: Panel, made: CovariateRegression | None = None) -> np.ndarray:
    """Return (S,) mean effects of the three promotion days on the median."""
    off = panel.known.copy()
    off[panel.origin[:, None] + np.arange(HORIZON)] = 0
    without = dataclasses.replace(panel, known=off)
    with_, base = (
        predict(f, p, horizon=HORIZON, whole=False)[0].median for f, p in ((made or forecaster(), panel), (forecaster(), without))
    )
    return (with_ - base)[:, 2:5].mean(1)


@pytest.mark.parametrize("mean", [1.5, 8.0])
def test_when_a_product_died_then_a_promotion_does_not_revive_it(mean):
    case = products(levels("dead", "dead", *["live"] * 6, mean=mean))
    median = predict(forecaster(), case.panel, horizon=HORIZON)[0].median
    assert (median[:2] == 0).all()
    effect = on_promotion(case.panel)
    assert (effect[:2] == 0).all()
    assert (effect[2:] > 0.4 * mean).all()


def test_when_products_grew_and_promotions_multiply_then_their_effect_is_larger():
    effect = on_promotion(products(levels(*["grown"] * 3, *["live"] * 5)).panel)
    assert effect[:3].mean() == pytest.approx(0.8 * 1.6 * 1.5, rel=0.25)
    assert effect[3:].mean() == pytest.approx(0.8 * 1.5, rel=0.25)


def test_when_promotions_add_the_same_amount_at_any_level_then_growth_does_not_change_it():
    effect = on_promotion(products(levels(*["grown"] * 3, *["live"] * 5), factor=1.0, added=1.2).panel)
    assert effect[:3].mean() == pytest.approx(1.2, rel=0.25)
    assert effect[3:].mean() == pytest.approx(1.2, rel=0.25)


def test_when_a_product_sells_only_in_promotions_then_a_pause_before_the_next_one_does_not_end_it():
    rng, rows = np.random.default_rng(0), DAYS + HORIZON
    promo = np.zeros((4, rows))
    for start in (20, 90, 160, 230, 300, DAYS + 2):
        promo[:, start : start + 6] = 1
    case = case_of(rng.poisson(10 * promo).astype(float), promo[..., None], HORIZON, "D", ["promo"])
    assert (on_promotion(case.panel) > 5).all()


def test_when_products_were_launched_late_then_the_zeros_before_do_not_dilute_the_effect():
    level = levels(*["live"] * 6)
    level[:, :250][np.arange(6) < 4] = 0
    made, case = forecaster(), products(level, factor=1.0, added=1.2)
    panel = dataclasses.replace(case.panel, target=np.where(level.reshape(-1) > 0, case.panel.target, 0))
    predict(made, panel, horizon=HORIZON)
    (effect,) = made.effects(panel)
    assert effect.effect == pytest.approx(1.2, rel=0.15)


def test_when_the_level_is_constant_then_amounts_are_those_of_a_regression_without_levels(monkeypatch):
    case = products(levels(*["live"] * 6), factor=1.0, added=1.2)
    expected = predict(forecaster(), case.panel, horizon=HORIZON)[0].values
    name = "tsattn.forecasting.ensemble.recent_level.chosen"
    monkeypatch.setattr(name, lambda fixed, others, pools: (fixed, np.zeros(len(fixed))))
    np.testing.assert_array_equal(predict(forecaster(), case.panel, horizon=HORIZON)[0].values, expected)


def test_when_values_go_below_zero_then_there_is_no_level_to_follow():
    target = np.random.default_rng(0).normal(size=(1, 100))
    assert widths(target, SEASONS).tolist() == [0]
    np.testing.assert_array_equal(relative_levels(target, np.array([0]), np.array([5.0])), np.ones((1, 101)))


def test_when_few_days_have_sales_then_the_level_is_that_of_more_of_them_in_whole_seasons():
    target = np.zeros((2, 400))
    target[0], target[1, ::10] = 1, 1
    assert widths(target, SEASONS).tolist() == [28, 84]


def test_when_values_change_then_levels_before_them_do_not():
    target = np.random.default_rng(0).poisson(3, (2, 200)).astype(float)
    target[0, 50:60] = np.nan
    width, scale = widths(target, SEASONS), np.full(2, 3.0)
    before = relative_levels(target, width, scale)
    target[:, 120:] = 1e6
    after = relative_levels(target, width, scale)
    np.testing.assert_array_equal(after[:, :121], before[:, :121])
    assert (after[:, 121:] > before[:, 121:]).all()
    np.testing.assert_array_equal(before[0, 50:61], before[0, 50])


def test_when_a_product_dies_then_its_level_falls_to_zero_within_its_width():
    target = np.where(np.arange(200) < 150, 4.0, 0.0)[None]
    level = relative_levels(target, np.array([28]), np.array([3.0]))[0]
    assert level[150] == pytest.approx(4 / 3)
    assert (level[178:] == 0).all()
    np.testing.assert_array_equal(multipliers(np.array([[2.0, 0.5, 0.05]]), np.array([0.1])), [[1, 1, 0.05]])


def test_when_sales_after_an_origin_change_then_the_forecast_of_a_dying_product_does_not():
    case = products(levels("dead", "live", "grown"))
    back = case.panel.origin - 60
    origins = Origins(np.tile(np.arange(3), 2), np.concatenate([back, case.panel.origin]))
    wild = case.panel.target.copy()
    for end in back:
        wild[end : end + 60] = 500
    garbage = dataclasses.replace(case.panel, target=wild)
    before, after = (predict(forecaster(), p, horizon=HORIZON, origins=origins)[0].values[:3] for p in (case.panel, garbage))
    np.testing.assert_array_equal(before, after)


def test_when_products_died_then_the_reported_amount_is_that_of_the_others():
    made, case = forecaster(), products(levels(*["dead"] * 3, *["live"] * 3), factor=1.0, added=1.2, seed=1)
    predict(made, case.panel, horizon=HORIZON)
    (effect,) = made.effects(case.panel)
    assert effect.form == "added"
    assert effect.effect == pytest.approx(1.2, rel=0.15)
    assert [one.effect for one in effect.range] == pytest.approx([1.2, 1.2], rel=0.25)  # they sell on promotions, dead or not
