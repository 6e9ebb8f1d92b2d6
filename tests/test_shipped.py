"""The model in the package: its size, that it loads offline, and that forecasts of odd input stay sane."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tsattn import api
from tsattn.workspace import SHIPPED

pytestmark = pytest.mark.skipif(not (SHIPPED / "config.json").is_file(), reason="this source tree has no weights")
MEDIAN = 4  # of nine quantiles
MB = 1 << 20


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TSATTN_ZERO_SHOT", raising=False)
        yield api.load("zero-shot")


def forecast(model, series, horizon=24, freq="h"):
    return model.predict(np.asarray(series, np.float64), horizon=horizon, freq=freq)


def test_when_the_package_is_built_then_the_model_in_it_is_small():
    files = {path.name: path.stat().st_size for path in SHIPPED.iterdir()}
    assert {"config.json", "model.safetensors", "model.onnx"} <= set(files)
    assert sum(files.values()) <= 20 * MB


def test_when_the_card_is_read_then_the_weights_can_be_traced_to_the_recipes(model):
    from tsattn.config import TrainConfig, current_keys, to_mapping
    from tsattn.workflows.pretrain import read_recipe

    recipe, encoder, latest = map(read_recipe, (None, SHIPPED / "real-series.toml", SHIPPED / "long-horizons.toml"))
    card = model.card
    assert card.model == latest.model == replace(recipe.model, reach=latest.model.reach) == replace(encoder.model, reach=768)
    assert card.train == latest.train
    source = current_keys(card.source)
    for run, made_by in ((source, latest), (source["before"], encoder)):
        assert current_keys(run["synthetic"]) == to_mapping(made_by.synthetic)
        assert made_by.corpus.identity().items() <= current_keys(run["corpus"]).items()
    first = source  # the last of several runs, each of which went on from the one before
    while "before" in first:
        assert first["series"] > 0
        first = first["before"]
    assert {**to_mapping(TrainConfig()), **first["train"]} == to_mapping(recipe.train)
    assert first["synthetic"] == to_mapping(recipe.synthetic)
    assert card.fitted.parameters <= 10_000_000
    assert card.inputs == {"past": 0, "known": 0, "static": 0}


def test_when_the_card_is_read_then_zero_shot_is_an_ensemble_with_every_member(model):
    from tsattn.forecasting.ensemble.ensemble import DEFAULT

    assert model.card.members == DEFAULT


def test_when_the_card_is_read_then_every_real_source_has_a_licence_and_the_held_out_ones_were_not_trained_on(model):
    corpus = model.card.source["corpus"]
    assert all(row["licence"] and row["series"] > 0 for row in corpus["sources"])
    assert {row["source"] for row in corpus["sources"] if not row["trained_on"]} == set(corpus["held_out"])
    assert len(corpus["held_out"]) == 4


def test_when_a_series_is_constant_then_so_is_its_forecast(model):
    for value in (0.0, 7.0, -1e6):
        made = forecast(model, np.full(200, value))
        np.testing.assert_allclose(made, value, atol=1e-3 * max(1.0, abs(value)))


def test_when_there_are_three_points_or_two_then_the_forecast_is_near_them(model):
    for series in ([10.0, 11.0, 12.0], [np.nan] * 50 + [10.0] + [np.nan] * 20 + [12.0]):
        made = forecast(model, series)
        assert np.isfinite(made).all()
        assert (made[..., MEDIAN] > 0).all()
        assert (made[..., MEDIAN] < 40).all()


def test_when_one_value_is_a_spike_then_the_forecast_stays_where_the_rest_is(model):
    series = 10 + np.sin(np.arange(400) * 2 * np.pi / 24)
    spiked = series.copy()
    spiked[200] = 1e6
    assert np.abs(forecast(model, spiked)[..., MEDIAN] - 10).max() < 3


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_when_values_are_tiny_or_huge_then_the_forecast_scales_with_them(model, scale):
    rng = np.random.default_rng(0)
    series = 10 + np.sin(np.arange(400) * 2 * np.pi / 24) + 0.1 * rng.standard_normal(400)
    wanted = forecast(model, series)
    np.testing.assert_allclose(forecast(model, series * scale) / scale, wanted, rtol=1e-2)


def test_when_the_level_makes_a_step_then_the_forecast_is_on_the_new_one(model):
    rng = np.random.default_rng(0)
    series = np.concatenate([np.full(200, 10.0), np.full(100, 20.0)]) + 0.3 * rng.standard_normal(300)
    made = forecast(model, series, freq="D")[0]
    assert np.abs(made[..., MEDIAN] - 20).max() < 1.5


@pytest.mark.parametrize("members", ["network", "all"])
@pytest.mark.parametrize("ago", [5, 14, 40])
def test_when_the_level_moved_a_short_while_ago_then_the_forecast_is_on_the_new_one(members, ago):
    ensemble = api.load("zero-shot", members=members)
    rng = np.random.default_rng(1)
    series = np.where(np.arange(430) < 400 - ago, 100.0, 200.0) + 5 * rng.standard_normal(430)
    made = forecast(ensemble, series[:400], horizon=30, freq="D")[0]
    assert np.abs(made[:, MEDIAN] - 200).max() < 10
    inside = (made[:, 0] <= series[400:]) & (series[400:] <= made[:, -1])
    assert inside.mean() > 0.6


def test_when_the_series_is_a_straight_line_then_it_goes_on(model):
    series = 5 + 0.5 * np.arange(300)
    wanted = 5 + 0.5 * np.arange(300, 324)
    found = forecast(model, series, freq="D")[..., MEDIAN]
    assert np.abs(found - wanted).max() < 0.25 * 24 * 0.5  # a quarter of what it rises over the horizon


def test_when_the_series_is_a_perfect_sine_then_it_continues_within_two_percent(model):
    for period in (12, 24):
        series = 10 + 3 * np.sin(np.arange(40 * period) * 2 * np.pi / period)
        wanted = 10 + 3 * np.sin(np.arange(40 * period, 42 * period) * 2 * np.pi / period)
        found = forecast(model, series, horizon=2 * period)[..., MEDIAN]
        assert np.abs(found - wanted).max() < 0.02 * 6  # of its range


def test_when_the_series_is_white_noise_then_the_median_is_the_mean(model):
    rng = np.random.default_rng(0)
    series = 50 + 5 * rng.standard_normal(600)
    made = forecast(model, series)
    assert np.abs(made[..., MEDIAN].mean() - 50) < 1.5
    assert np.abs(made[..., MEDIAN] - 50).max() < 3.5
    width = made[..., -1] - made[..., 0]
    assert 0.7 < width.mean() / (2 * 1.2816 * 5) < 1.4


def test_when_the_series_is_a_random_walk_then_the_median_stays_at_the_last_value(model):
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(10):
        series = 100 + rng.standard_normal(500).cumsum()
        made = forecast(model, series, freq="B")
        errors.append(np.abs(made[..., MEDIAN] - series[-1]) / np.sqrt(np.arange(1, 25)))
    assert np.mean(errors) < 0.6


def test_when_counts_are_intermittent_then_nothing_is_below_zero(model):
    highest = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        made = forecast(model, rng.poisson(2, 400) * (rng.random(400) < 0.2), freq="D")
        assert (made >= 0).all()
        highest.append(made[..., MEDIAN].max())
    assert np.median(highest) < 0.5  # four days in five are zero; one series in four has a day that looks seasonal


def test_when_any_frequency_and_horizon_is_asked_for_then_there_is_a_forecast(model):
    rng = np.random.default_rng(0)
    series = 20 + 3 * np.sin(np.arange(150) * 2 * np.pi / 7) + rng.standard_normal(150)
    for freq, horizon in (("15min", 1), ("D", 200), ("MS", 30), ("YS", 5), ("W", 65)):
        made = forecast(model, series, horizon, freq)
        assert made.shape[-2] == horizon
        assert np.isfinite(made).all()
        assert (np.diff(made, axis=-1) >= 0).all()


def test_when_it_forecasts_then_it_leaves_nothing_in_the_home_of_the_user(tmp_path):
    (tmp_path / "home").mkdir()
    code = "import sys, tsattn; tsattn.load('zero-shot').predict([[1.0, 2.0, 3.0]], horizon=2, freq='D')"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TSATTN_", "XDG_", "ORT_"))}
    environment = kept | {"HOME": str(tmp_path / "home"), "USERPROFILE": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True, timeout=600)
    assert not list((tmp_path / "home").rglob("*"))
