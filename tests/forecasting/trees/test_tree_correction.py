"""A forecaster that trees correct: its median moves, its widths shrink, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from tests import tiny
from tsattn.data.windows import Origins, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.predict import predict_windows, windows_of
from tsattn.forecasting.trees.forest import Forest
from tsattn.forecasting.trees.regressors import Layout, layout_of, series_rows
from tsattn.forecasting.trees.tree_correction import TreeCorrection, Trees, corrected

LAYOUT = Layout(season=24, long=0, cycles=2, reach=4, calendar=4, known=0, static=0)
QUANTILES = SeasonalNaive(24).quantiles


def constant(value: float, layout: Layout = LAYOUT) -> Trees:
    """Trees that forecast `value` standard deviations above the mean cycle."""
    leaf = np.zeros((1, 1), np.int32)
    return Trees(
        layout, Forest(leaf, leaf.astype(np.float32), leaf, leaf, leaf.astype(bool), np.full((1, 1), value, np.float32), 0)
    )


def forecast(forecaster, panel, horizon=8):
    (which, _, values), *_ = predict_windows(forecaster, panel, last_origins(panel), horizon, QUANTILES)
    return values[np.argsort(which)].astype(np.float64)


def test_when_trees_correct_then_all_quantiles_move_by_their_share_and_the_move_fades_beyond_their_reach():
    panel, base = tiny.waves((200,)), SeasonalNaive(24)
    plain = forecast(base, panel)
    median = forecast(constant(0.5), panel)[..., 0]
    moved = forecast(TreeCorrection(base, constant(0.5), 0.5), panel)
    fade = np.array([1, 1, 1, 1, 0.75, 0.5, 0.25, 0])
    wanted = plain + (0.5 * fade * (median - plain[..., 4]))[..., None]
    np.testing.assert_allclose(moved, wanted, rtol=1e-5)
    assert np.abs(moved - plain).max() > 0.1


def test_when_widths_shrink_then_quantiles_keep_their_median_and_come_closer_to_it():
    panel, base = tiny.waves((200,)), SeasonalNaive(24)
    narrow = forecast(TreeCorrection(base, constant(0.5), 0.5, 0.8), panel)
    wide = forecast(TreeCorrection(base, constant(0.5), 0.5), panel)
    np.testing.assert_allclose(narrow[..., 4], wide[..., 4], rtol=1e-6)
    share = (narrow[..., -1] - narrow[..., 0]) / (wide[..., -1] - wide[..., 0])
    np.testing.assert_allclose(share[0], [0.8, 0.8, 0.8, 0.8, 0.85, 0.9, 0.95, 1.0], rtol=1e-4)


def test_when_a_history_is_too_short_for_the_trees_then_its_forecast_is_unchanged():
    panel, base = tiny.waves((200, 60)), SeasonalNaive(24)
    plain, moved = (forecast(one, panel) for one in (base, TreeCorrection(base, constant(3.0), 0.5, 0.5)))
    np.testing.assert_array_equal(moved[1], plain[1])
    assert (moved[0, :4] != plain[0, :4]).all()


def test_when_a_history_has_no_negative_values_then_no_corrected_forecast_has():
    panel, base = tiny.waves((200,)), SeasonalNaive(24)
    assert forecast(constant(-30.0), panel).min() < 0
    assert forecast(TreeCorrection(base, constant(-30.0), 0.5), panel).min() == 0


def test_when_values_are_corrected_then_missing_medians_change_nothing():
    values = np.arange(18.0).reshape(1, 2, 9)
    out = corrected(values, np.array([[np.nan, 23.0]]), 0.5, 0.5)
    np.testing.assert_array_equal(out[0, 0], values[0, 0])
    np.testing.assert_allclose(out[0, 1], 18 + (np.arange(9) - 4) / 2)


def test_when_the_data_has_other_columns_then_the_error_says_which():
    panel = tiny.with_covariates(200)
    wanted = "trained with 4 calendar, 0 known and 0 static columns; this data has 4 calendar, 1 known and 1 static columns"
    with pytest.raises(ConfigError, match=wanted):
        forecast(constant(0.0), panel)


def test_when_weights_are_reported_then_they_add_up_and_name_the_trees():
    model = TreeCorrection(SeasonalNaive(24), constant(0.0), 0.25)
    assert model.report().weights == {"seasonal-naive": 0.75, "shared trees": 0.25}
    assert model.name == "seasonal-naive + trees"


def test_when_the_ensemble_has_trees_of_its_own_then_the_weights_still_add_up():
    ensemble = combine(SeasonalNaive(24), ["trees", "ridge"])
    forecast(model := TreeCorrection(ensemble, constant(0.0), 0.25), tiny.waves((2400,)))
    assert model.report().weights["trees"] > 0
    assert sum(model.report().weights.values()) == pytest.approx(1)


def test_when_values_after_the_origin_change_then_the_rows_of_the_origin_do_not():
    layout = Layout(season=24, long=48, cycles=2, reach=12, calendar=4, known=1, static=1)
    panel = tiny.with_covariates(300)
    (_, batch), *_ = windows_of(constant(0.0, layout), panel, Origins(np.array([0]), panel.origin[:1]), 12)
    rng = np.random.default_rng(0)
    origin, ahead = rng.integers(layout.first, 250, 50), rng.integers(1, 13, 50)
    (series,) = series_rows(batch, layout)
    x, usual = series.at(origin, ahead)
    for at in (80, 150, 220):
        z = series.lags.z.copy()
        z[at:] = rng.normal(0, 50, len(z) - at)
        other = type(series)(layout, type(series.lags)(z, 24, 48, 2), series.mean, series.scale, series.known, series.static)
        y, its = other.at(origin, ahead)
        before = origin <= at
        np.testing.assert_allclose(y[before], x[before], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(its[before], usual[before])
        assert np.abs(y[~before] - x[~before]).max() > 1


def test_when_series_are_long_then_more_cycles_and_the_long_cycle_are_read():
    widths = (4, 0, 0)
    assert layout_of(np.full(3, 100), (24, 168), 12, widths) == Layout(24, 0, 2, 12, *widths)
    assert layout_of(np.full(3, 2000), (24, 168), 12, widths) == Layout(24, 168, 14, 12, *widths)
    assert layout_of(np.full(3, 2000), (), 12, widths) is None
    assert layout_of(np.full(3, 95), (24, 168), 24, widths) is None
    assert layout_of(np.full(3, 96), (24, 168), 24, widths).cycles == 1
    fewer = [layout_of(np.full(3, n), (24,), 18, widths).cycles for n in range(84, 400)]
    assert fewer == sorted(fewer)  # more history is never read less
