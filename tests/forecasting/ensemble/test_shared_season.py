"""A young series borrows the seasonal shape that longer series share, and nothing else changes."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.forecasting.windows import batch_of
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.shared_season import Shapes, shapes_of
from tsattn.forecasting.predict import predict
from tsattn.workflows.effect_notes import shared_season_notes

DAYS, HORIZON = 760, 28
WEEK = np.array([1, 1.02, 1.03, 1, 1.15, 0.8, 0.6])


def sales(year: float = 0.3, shared: bool = True, count: int = 6, seed: int = 0) -> np.ndarray:
    """Daily sales (S, days + horizon) with a weekly and a yearly shape, shared or each series' own."""
    rng, t = np.random.default_rng(seed), np.arange(DAYS + HORIZON)
    phase = np.full(count, 200.0) if shared else np.arange(count) * 365.25 / count
    week = np.tile(WEEK, (count, 1)) if shared else np.exp(rng.normal(0, 0.25, (count, 7)))
    seasons = week[:, t % 7] * (1 + year * np.sin(2 * np.pi * (t - phase[:, None]) / 365.25))
    return 100 * np.exp(rng.normal(0, 1, (count, 1))) * seasons * np.exp(rng.normal(0, 0.05, seasons.shape))


def histories(values: np.ndarray, young: int) -> list[np.ndarray]:
    """The histories of all series, of which the last one is cut to its last `young` days."""
    *others, last = values[:, :DAYS]
    return [*others, np.r_[np.full(DAYS - young, np.nan), last[DAYS - young :]]]


def windows(values: np.ndarray, young: int) -> WindowBatch:
    made = batch_of(*histories(values, young), horizon=HORIZON, freq="D")
    return dataclasses.replace(made, cutoff=np.full(len(made), np.datetime64("2024-06-01", "us")))


def shapes(values: np.ndarray, young: int) -> Shapes:
    found = shapes_of(windows(values, young))
    assert found is not None
    return found


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "naive")))
    assert isinstance(made, CovariateRegression)
    return made


def test_when_a_series_has_four_weeks_then_its_forecast_follows_the_year_of_the_others():
    values = sales()
    panel = Panel.from_arrays(histories(values, 28), freq="D")
    made = predict(forecaster(), panel, horizon=HORIZON)[0].median[-1]
    truth = values[-1, DAYS:]
    naive = values[-1, DAYS - 7 : DAYS][np.arange(HORIZON) % 7]
    assert abs(np.log(truth[-7:] / naive[-7:]).mean()) > 0.08  # the season moves on
    assert abs(np.log(truth[-7:] / made[-7:]).mean()) < 0.04


def test_when_a_shape_is_shared_then_only_the_young_series_borrows_it():
    found = shapes(sales(), 21)
    assert found.rows.tolist() == [5]
    assert found.factor[5]
    assert found.lenders[5] == 5
    assert min(found.week[5], found.year[5]) > 0.5
    assert np.abs(found.shift[:5]).max() == 0


def test_when_series_have_their_own_shapes_then_none_is_borrowed():
    assert shapes_of(windows(sales(shared=False), 21)) is None


def test_when_only_the_week_is_shared_then_it_fades_out_with_six_weeks_and_no_year_is_borrowed():
    values = sales(year=0.0)
    weekly = [shapes(values, days).week[5] for days in (21, 28, 35)]
    assert weekly[0] > weekly[1] > weekly[2] > 0
    assert shapes(values, 21).year[5] == 0
    assert shapes_of(windows(values, 42)) is None


def test_when_the_history_grows_to_one_and_a_half_years_then_no_year_is_borrowed():
    values = np.concatenate([sales()[:, :364], sales()], 1)  # so that the others have the dates a year before
    days = values.shape[1] - HORIZON
    made = batch_of(*values[:5, :days], np.r_[np.full(days - 546, np.nan), values[5, days - 546 : days]], freq="D")
    made = dataclasses.replace(made, cutoff=np.full(6, np.datetime64("2024-06-01", "us")))
    assert shapes_of(made) is None


def test_when_two_long_series_are_beside_it_then_nothing_is_borrowed():
    assert shapes_of(windows(sales(count=3), 21)) is None


def test_when_the_others_have_another_cutoff_then_nothing_is_borrowed():
    made = windows(sales(), 21)
    assert made.cutoff is not None
    later = made.cutoff + np.array([1, 1, 1, 1, 1, 0]).astype("timedelta64[D]")
    assert shapes_of(dataclasses.replace(made, cutoff=later)) is None


def test_when_values_are_negative_then_the_shape_adds_in_units_of_the_young_series():
    values = np.log(sales())
    values -= values.mean(1, keepdims=True)
    one, thousand = (shapes(values * np.array([1, 1, 1, 1, 1, size])[:, None], 28) for size in (1, 1000))
    assert not one.factor[5]
    assert np.allclose(thousand.shift[5], 1000 * one.shift[5], rtol=1e-4)
    batch = windows(values, 28)
    assert one.removed(batch.past_target)[5, -28:].std() < 0.8 * batch.past_target[5, -28:].std()


def test_when_a_shape_is_removed_and_restored_then_values_are_as_before():
    batch = windows(sales(), 28)
    found = shapes(sales(), 28)
    again = dataclasses.replace(
        found, shift=np.concatenate([found.shift[:, HORIZON:], found.shift[:, -2 * HORIZON : -HORIZON]], 1)
    )
    level = found.removed(batch.past_target)[:, -HORIZON:, None]
    assert np.allclose(again.restored(level, batch.past_target)[5, :, 0], batch.past_target[5, -HORIZON:], rtol=1e-5)
    assert np.array_equal(found.removed(batch.past_target)[:5], batch.past_target[:5], equal_nan=True)


def test_when_values_after_a_cutoff_change_then_its_forecasts_are_bit_identical():
    values, early = histories(sales(), 60), DAYS - 28
    changed = [one.copy() for one in values]
    for one in changed:
        one[early:] *= 7 + np.arange(28) % 3
    made = []
    for some in (values, changed):
        panel = Panel.from_arrays(some, freq="D")
        first = panel.indptr[:-1]
        origins = Origins(np.tile(np.arange(6), 2), np.concatenate([first + early, first + DAYS]))
        one = forecaster()
        made.append(predict(one, panel, horizon=7, origins=origins)[0].values)
        assert {borrowed.item for borrowed in one.borrowed()} == {5}
    assert np.array_equal(made[0][:6], made[1][:6])
    assert not np.array_equal(made[0][6:], made[1][6:])


def test_when_a_series_borrows_a_shape_then_a_note_names_it_once():
    panel = Panel.from_arrays(histories(sales(), 21), freq="D")
    made = forecaster()
    predict(made, panel, horizon=HORIZON)
    name = panel.item_ids[5]
    assert shared_season_notes(made, panel, panel.item_ids) == (
        f"short history: {name!r} borrows the weekly and yearly pattern of 5 longer series",
    )
    assert shared_season_notes(made, panel, panel.item_ids) == ()


def test_when_a_series_rests_as_observed_then_it_does_not_lend_its_history_without_effects():
    rng, hours = np.random.default_rng(0), np.arange(24 * 7 * 14)
    load = np.exp(0.3 * np.sin(hours / 24 * 2 * np.pi) - 0.5 * (hours // 24 % 7 > 4))
    values = [load * np.exp(0.02 * rng.normal(size=len(hours))) for _ in range(5)]
    values[1] = 8 + 0.1 * rng.normal(size=len(hours))
    values[4][: -24 * 3] = np.nan
    batch = batch_of(*values, horizon=6, freq="h")
    batch = dataclasses.replace(batch, cutoff=np.full(5, np.datetime64("2024-06-01", "us")))
    night = np.where(hours % 24 < 12, 0.0, batch.past_target)
    for observed, lenders in ((batch.past_target, 4), (np.r_[batch.past_target[:1], night[1:2], batch.past_target[2:]], 3)):
        found = shapes_of(dataclasses.replace(batch, observed=observed))
        assert found is not None
        assert found.lenders[4] == lenders
