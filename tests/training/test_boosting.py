"""Trees fitted to a panel, and their conversion from LightGBM."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import tiny
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, last_origins
from tsattn.forecasting.predict import windows_of
from tsattn.forecasting.trees.gradient_boosting import boosted
from tsattn.training import boosting


def rows(count: int = 600) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (count, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 3] = np.round(x[:, 3], 1)  # values on thresholds
    return x


@pytest.mark.parametrize("missing", [True, False])
def test_when_a_model_is_converted_then_it_predicts_what_lightgbm_predicts(missing):
    x = rows()
    fitted = x if missing else np.nan_to_num(x)  # without missing values in the fit, LightGBM reads NaN as 0
    y = np.nan_to_num(x[:, 0]) * 2 + np.nan_to_num(x[:, 3]) ** 2
    booster = boosted(fitted, y, {"verbosity": -1, "num_leaves": 7, "num_threads": 1}, 20)
    np.testing.assert_allclose(boosting.forest_of(booster)(x), booster.predict(x), atol=1e-5)


def test_when_the_pattern_repeats_then_trees_forecast_it_and_the_fit_is_the_same_again():
    panel = tiny.waves((500, 400))
    trees, again = boosting.fit(panel, 12), boosting.fit(panel, 12)
    for name, values in trees.forest.arrays().items():
        np.testing.assert_array_equal(values, again.forest.arrays()[name])
    ahead = tiny.waves((512, 412))
    (_, batch), *_ = windows_of(trees, ahead, Origins(np.arange(2), ahead.origin - 12), 12)
    error = np.abs(trees.median(batch) - batch.future_target)
    assert error.mean() < 0.4  # the noise of the series has a mean absolute value of 0.24


def test_when_a_covariate_decides_then_trees_read_it():
    panel = tiny.with_covariates(1500)
    trees = boosting.fit(panel, 24)
    assert trees.layout.known == trees.layout.static == 1
    (_, batch), *_ = windows_of(trees, panel, last_origins(panel), 24)
    known = batch.known[:, batch.context :, -1]
    found = trees.median(batch)
    assert found[known == 1].mean() - found[known == 0].mean() == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize(
    "panel", [tiny.waves((60, 50)), Panel.from_arrays([np.arange(300.0)], freq="YS")], ids=["short", "years"]
)
def test_when_series_are_short_or_have_no_season_then_there_are_no_trees(panel):
    assert boosting.fit(panel, 12) is None


def test_when_what_comes_after_the_end_is_garbage_then_the_trees_are_the_same():
    panel = tiny.waves((400, 300))
    cut = panel.before(panel.origin - 50)
    spoilt = replace(panel, target=np.where(np.isnan(cut.target), np.float32(1e9), panel.target)).before(panel.origin - 50)
    one, two = boosting.fit(cut, 12), boosting.fit(spoilt, 12)
    for name, values in one.forest.arrays().items():
        np.testing.assert_array_equal(values, two.forest.arrays()[name])
