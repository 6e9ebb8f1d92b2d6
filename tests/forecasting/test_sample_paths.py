"""Sample paths: the distribution that the quantiles say, a course of their own, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from tests import tiny
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, gather, last_origins
from tsattn.errors import ConfigError, DataError, TsattnError
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.predict import predict
from tsattn.forecasting.quantiles import normal_scores, resample
from tsattn.forecasting.sample_paths import (
    PERSISTENCE,
    Paths,
    at_scores,
    drawn,
    persistence_of,
    predict_paths,
    rounded_at_random,
    scores_of,
)
from tsattn.forecasting.shared_shocks import SharedShocks

QUANTILES = tuple(i / 10 for i in range(1, 10))


def windows_of(rows: int, horizon: int = 30):
    panel = tiny.waves((200, 150))
    origins = Origins(np.arange(rows) % 2, panel.indptr[np.arange(rows) % 2] + 100 + np.arange(rows))
    return gather(panel, origins, 64, horizon)


def test_when_paths_are_drawn_then_at_every_step_they_have_the_quantiles_they_were_drawn_from():
    windows = windows_of(2)
    values = (np.arange(1, 31)[:, None] ** 0.5 * normal_scores(QUANTILES) + 100 * np.arange(2)[:, None, None]).astype(np.float32)
    values[..., 5:] += 2 * (values[..., 5:] - values[..., 4:5])  # skewed
    paths = drawn(values, QUANTILES, windows, 4000, SharedShocks(0))
    found = np.quantile(paths, QUANTILES, axis=2).transpose(1, 2, 0)
    spread = (values[..., -1:] - values[..., :1]) / 2
    assert (np.abs(found - values) / spread).max() < 0.12


def test_when_paths_are_drawn_then_errors_persist_from_step_to_step():
    scores = scores_of(windows_of(3), 2000, 20, SharedShocks(0))
    for lag in (1, 3):
        assert np.corrcoef(scores[0, 5], scores[0, 5 + lag])[0, 1] == pytest.approx(PERSISTENCE**lag, abs=0.03)
    assert abs(np.corrcoef(scores[0, 5], scores[1, 5])[0, 1]) < 0.08  # nothing is shared
    assert scores.std(2) == pytest.approx(1.0, abs=0.08)
    again = scores_of(windows_of(3), 2000, 20, SharedShocks(0), restart=8)
    assert abs(np.corrcoef(again[0, 7], again[0, 8])[0, 1]) < 0.08
    assert np.corrcoef(again[0, 8], again[0, 9])[0, 1] == pytest.approx(PERSISTENCE, abs=0.02)


def test_when_quantiles_are_read_at_scores_then_as_they_are_resampled():
    rng = np.random.default_rng(1)
    values = np.sort(rng.standard_normal((2, 3, 9)), -1)
    levels = (0.02, 0.1, 0.33, 0.5, 0.9, 0.99)
    scores = np.broadcast_to(normal_scores(levels), (2, 3, 6))
    np.testing.assert_allclose(at_scores(values, QUANTILES, scores), resample(values, QUANTILES, levels), rtol=1e-5, atol=1e-6)
    point = at_scores(values[..., :1], (0.5,), scores)
    assert (point == values[..., :1]).all()


def test_when_neither_the_past_nor_the_quantiles_go_below_zero_then_no_path_does():
    windows = windows_of(2, 5)
    values = np.tile(np.linspace(0, 1, 9, dtype=np.float32) ** 3, (2, 5, 1))
    windows.past_target[0, 3] = -1.0
    paths = drawn(values, QUANTILES, windows, 500, SharedShocks(0))
    assert paths[1].min() == 0
    assert paths[0].min() < 0


def test_when_values_are_rounded_at_random_then_they_are_whole_and_their_mean_stays():
    values = np.repeat([[0.3], [4.75], [-1.2], [6.0]], 20_000, axis=1)
    found = rounded_at_random(values, np.random.default_rng(0))
    assert (found == np.rint(found)).all()
    assert (np.abs(found - values) < 1).all()
    np.testing.assert_allclose(found.mean(1), values[:, 0], atol=0.015)


def test_when_the_past_is_of_counts_then_paths_are_whole_numbers_around_the_median():
    rng = np.random.default_rng(0)
    counts, measured = rng.poisson(3, 80).astype(float), rng.normal(3, 1, 80)
    panel = Panel.from_arrays([counts, measured, counts - 20], freq="D", start="2024-01-01")
    forecaster = baseline("seasonal-mean", 7)
    made, _ = predict_paths(forecaster, panel, horizon=14, paths=400)
    whole = (made.values == np.rint(made.values)).all((1, 2))
    assert whole.tolist() == [True, False, False]
    again, _ = predict_paths(forecaster, panel, horizon=14, paths=400)
    np.testing.assert_array_equal(made.values, again.values)
    quantiles, _ = predict(forecaster, panel, horizon=14, quantiles=(0.1, 0.5, 0.9))
    assert abs(made.values[0].mean() - quantiles.values[0, :, 1].mean()) < 0.4


def test_when_demand_is_rare_then_sums_of_paths_are_on_average_those_of_the_past():
    rng = np.random.default_rng(3)
    rare = [((rng.random(400) < 0.1) * (1 + rng.poisson(4, 400))).astype(float) for _ in range(12)]
    panel = Panel.from_arrays(rare, freq="D", start="2024-01-01")
    made, _ = predict_paths(baseline("historic-quantiles", 1), panel, horizon=12, paths=300)
    usual = np.array([12 * y.mean() for y in rare])
    assert (made.values.sum(1).mean(1) / usual).mean() == pytest.approx(1.0, abs=0.15)


def test_when_paths_are_asked_for_then_the_seed_the_horizon_and_the_batch_say_what_they_should():
    panel, forecaster = tiny.waves((200, 150, 60)), baseline("seasonal-naive", 24)
    made, failures = predict_paths(forecaster, panel, horizon=30, paths=7, seed=3)
    assert not failures
    assert made.values.shape == (3, 30, 7)
    plain, _ = predict(forecaster, panel, horizon=30)
    assert made.item_ids == plain.item_ids
    np.testing.assert_array_equal(made.timestamps, plain.timestamps)
    np.testing.assert_array_equal(made.cutoffs, plain.cutoffs)
    np.testing.assert_array_equal(predict_paths(forecaster, panel, horizon=30, paths=7, seed=3, batch=1)[0].values, made.values)
    np.testing.assert_array_equal(predict_paths(forecaster, panel, horizon=9, paths=7, seed=3)[0].values, made.values[:, :9])
    assert not np.array_equal(predict_paths(forecaster, panel, horizon=30, paths=7, seed=4)[0].values, made.values)
    assert len({made.values[0, :, i].tobytes() for i in range(7)}) == 7


def test_when_paths_become_a_table_then_each_row_is_a_step_of_a_path():
    panel = tiny.waves((100, 80))
    made, _ = predict_paths(baseline("seasonal-naive", 24), panel, horizon=3, paths=2)
    table = made.to_arrow().to_pandas()
    assert list(table.columns) == ["item_id", "cutoff", "path", "timestamp", "value"]
    assert len(table) == 2 * 2 * 3
    one = table[(table.item_id == made.item_ids[1]) & (table.path == 1)]
    np.testing.assert_array_equal(one.value.to_numpy(), made.values[1, :, 1])
    np.testing.assert_array_equal(one.timestamp.to_numpy("datetime64[us]"), made.timestamps[1])
    assert repr(made) == "<2 sample paths of 2 series, 3 steps of h>"


def test_when_a_series_has_no_value_then_it_fails_alone_and_bad_numbers_are_refused():
    panel = tiny.waves((100, 80))
    panel.target[panel.indptr[1] :] = np.nan
    forecaster = baseline("seasonal-naive", 24)
    made, failures = predict_paths(forecaster, panel, horizon=3, paths=2)
    assert made.item_ids == panel.item_ids[:1]
    assert [f.item_id for f in failures] == [panel.item_ids[1]]
    for change in ({"paths": 0}, {"horizon": 0}, {"seed": -1}):
        with pytest.raises(ConfigError):
            predict_paths(forecaster, panel, **{"horizon": 3, "paths": 2, **change})
    with pytest.raises(TsattnError, match="not finite"):
        Paths(("a",), made.cutoffs, made.timestamps, np.full((1, 3, 2), np.nan, np.float32), made.freq)
    with pytest.raises(TsattnError, match="shape"):
        Paths(("a",), made.cutoffs, made.timestamps, np.zeros((1, 2, 2), np.float32), made.freq)


def test_when_a_known_covariate_is_missing_ahead_then_paths_are_refused_as_forecasts_are(saved_with_covariates):
    from tsattn.model import runtime

    panel, forecaster = tiny.with_covariates(future=5), runtime.load(saved_with_covariates)
    with pytest.raises(DataError, match="known covariates are missing"):
        predict_paths(forecaster, panel, horizon=6, paths=2)
    made, _ = predict_paths(forecaster, panel, horizon=5, paths=2, origins=last_origins(panel))
    assert made.values.shape == (2, 5, 2)


def daily_windows(series: np.ndarray, horizon: int):
    panel = Panel.from_arrays(list(series), freq="D")
    return gather(panel, last_origins(panel), series.shape[1], horizon)


def test_when_demand_is_rare_then_the_paths_have_it_as_often_as_the_past_though_the_quantiles_are_zero():
    rng = np.random.default_rng(0)
    series = np.where(rng.random((20, 400)) < 0.08, rng.geometric(0.25, (20, 400)), 0).astype(float)
    paths = drawn(np.zeros((20, 14, 9), np.float32), QUANTILES, daily_windows(series, 14), 500, SharedShocks(0))
    assert 0.65 < paths.mean() / series.mean() < 1.35


def test_when_the_past_is_noise_then_paths_persist_little_and_when_it_is_a_walk_they_stay():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (3, 400)) + 5 * rng.normal(0, 1, 7)[np.arange(400) % 7] + 0.1 * np.arange(400)
    found = persistence_of(daily_windows(np.concatenate([noise, rng.normal(0, 1, (3, 400)).cumsum(1)]), 14))
    assert found[:3].max() < 0.3
    assert found[3:].min() > 0.85
    assert (persistence_of(daily_windows(noise[:, :2], 14)) > 0.9).all()


def test_when_the_past_is_noise_then_sums_over_steps_spread_as_sums_do():
    rng = np.random.default_rng(0)
    series = rng.normal(100, 1, (5, 600))
    values = np.broadcast_to(100 + normal_scores(QUANTILES), (5, 14, 9)).astype(np.float32)
    sums = drawn(values, QUANTILES, daily_windows(series, 14), 2000, SharedShocks(0)).sum(1)
    assert 1.0 < sums.std(1).mean() / 14**0.5 < 1.35  # 2.6 with errors that stay
