"""Trees fitted to each series alone, as a member of the ensemble."""

from __future__ import annotations

import sys

import numpy as np

from tests.forecasting.ensemble.test_coarser_step import Latest
from tests.forecasting.windows import batch_of
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.ensemble.ensemble import DEFAULT, combine
from tsattn.forecasting.ensemble.prior_weights import prior_of
from tsattn.forecasting.ensemble.series_trees import LEAST, SeriesTrees
from tsattn.workflows.loaded_model import ensemble_notes

HORIZON = 12
SHIFTS = np.array([[12], [24]])
LENGTH = LEAST + 200


def series(length: int = LENGTH, seed: int = 0) -> np.ndarray:
    """Hourly series whose daily amplitude is a logistic map of that of the day before: no linear regression forecasts it."""
    rng = np.random.default_rng(seed)
    amplitude = [float(rng.uniform(0.2, 0.8))]
    while len(amplitude) * 24 < length:
        amplitude.append(3.8 * amplitude[-1] * (1 - amplitude[-1]))
    wave = np.sin(np.arange(24) / 24 * np.pi)
    days = 20 + 10 * np.array(amplitude)[:, None] * wave + rng.normal(0, 0.1, (len(amplitude), 24))
    return np.asarray(days.ravel()[:length])


def test_when_the_next_day_depends_on_the_last_one_but_not_linearly_then_trees_are_better_than_a_regression():
    values, errors = series(4008), {}
    ends = range(3504, 4008, 24)
    for name in ("trees", "seasonal-regression"):
        member = combine(SeasonalNaive(24), [name]).members[0]
        made = [member.predict(batch_of(values[:end], horizon=24, freq="h"))[0, :, 4] for end in ends]
        errors[name] = np.mean([np.abs(one - values[end : end + 24]).mean() for one, end in zip(made, ends, strict=False)])
    assert errors["trees"] < 0.5 * errors["seasonal-regression"]


def test_when_values_after_a_hold_out_origin_change_then_its_forecast_does_not():
    values = series()
    spoilt = np.concatenate([values[:-24], 1000 + values[-24:]])
    plain, other = (SeriesTrees().predict_from(batch_of(x, horizon=HORIZON, freq="h"), SHIFTS) for x in (values, spoilt))
    np.testing.assert_array_equal(plain[2], other[2])  # from 24 steps before the end
    assert np.abs(plain[0] - other[0]).max() > 1
    assert np.isfinite(plain).all()


def test_when_forecast_with_other_series_then_a_forecast_is_the_same():
    alone = SeriesTrees().predict_from(batch_of(series(), horizon=HORIZON, freq="h"), SHIFTS)
    both = SeriesTrees().predict_from(batch_of(series(LENGTH + 300, 1), series(), horizon=HORIZON, freq="h"), SHIFTS.repeat(2, 1))
    np.testing.assert_array_equal(both[:, 1], alone[:, 0])


def test_when_a_history_is_short_or_mostly_held_out_or_has_no_season_then_it_has_no_forecast():
    trees = SeriesTrees()
    for values, shifts, freq in (
        (series(LEAST + 23), SHIFTS, "h"),
        (series(3 * LEAST), np.full((1, 1), 2 * LEAST), "h"),
        (series(), SHIFTS, "step"),
    ):
        assert np.isnan(trees.predict_from(batch_of(values, horizon=HORIZON, freq=freq), shifts)).all()
    assert np.isfinite(trees.predict_from(batch_of(series(LEAST + 24), horizon=HORIZON, freq="h"), SHIFTS)).all()
    assert np.isfinite(SeriesTrees(24).predict(batch_of(series(), horizon=HORIZON))).all()  # the season is given


def test_when_nearly_all_values_are_missing_then_there_is_no_forecast():
    values = np.where(np.arange(LENGTH) % 11, np.nan, series())
    assert np.isnan(SeriesTrees().predict(batch_of(values, horizon=HORIZON, freq="h"))).all()


def test_when_values_are_missing_then_there_is_a_forecast():
    values = np.where(np.arange(LENGTH) % 5 == 0, np.nan, series())
    assert np.isfinite(SeriesTrees().predict(batch_of(values, horizon=HORIZON, freq="h"))).all()


def test_when_the_network_is_moved_then_it_keeps_its_shape():
    trees, batch = SeriesTrees(), batch_of(series(), horizon=HORIZON, freq="h")
    network = np.asarray(np.arange(HORIZON)[None, :, None] + np.linspace(-2, 2, 9), np.float32)
    median = trees.predict(batch)
    moved = trees.corrected(network, median, batch.season_lengths)
    np.testing.assert_allclose(moved[..., 4], median[..., 0], rtol=1e-5)
    np.testing.assert_allclose(moved - moved[..., 4:5], network - network[..., 4:5], atol=1e-5)


def test_when_a_series_explodes_after_the_hold_out_origins_then_the_forecast_is_finite():
    values = np.concatenate([series() * 1e-3, np.geomspace(1, 1e37, 24)])
    made = SeriesTrees().predict_from(batch_of(values, horizon=HORIZON, freq="h"), SHIFTS)
    assert np.isfinite(made).all()


def test_when_the_network_has_no_median_then_the_trees_have_no_forecast():
    network = SeasonalNaive(24, (0.1, 0.9))
    batch = batch_of(series(), horizon=HORIZON, freq="h")
    with_them, without = (combine(network, names).predict(batch) for names in (["ridge", "trees"], ["ridge"]))
    np.testing.assert_array_equal(with_them, without)


def test_when_members_are_combined_then_trees_are_among_the_default_ones_with_a_prior_between_network_and_others():
    batch = batch_of(series(), horizon=HORIZON, freq="h")
    members = combine(SeasonalNaive(24), DEFAULT).members
    weights = prior_of(members, batch, 0.02).weights[:, 0]
    at = [1 + i for i, one in enumerate(members) if isinstance(one, SeriesTrees)]
    (found,) = weights[at]
    assert weights[-2] > found > weights[1]  # coarser, trees, ridge


def test_when_trees_forecast_best_then_they_have_a_large_weight():
    ensemble = combine(Latest(), ["trees", "seasonal-regression"])
    ensemble.predict(batch_of(series(2400), series(2400, 1), horizon=24, freq="h"))
    assert ensemble.report().weights["trees"] > 0.9


def test_when_lightgbm_is_missing_then_the_forecast_is_the_one_without_trees_and_a_note_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    batch = batch_of(series(), horizon=HORIZON, freq="h")
    with_it, without = (combine(SeasonalNaive(24), names) for names in (["ridge", "trees"], ["ridge"]))
    np.testing.assert_array_equal(with_it.predict(batch), without.predict(batch))
    assert "pip install lightgbm" in with_it.report().lacking
    assert ensemble_notes(with_it)[1].startswith("forecast without trees: LightGBM is not installed")
    assert len(ensemble_notes(without)) == 1
