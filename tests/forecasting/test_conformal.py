"""Conformal quantiles: the finite-sample correction, coverage on data whose truth is known, and what they rest on."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.cleaning.prepare import prepared
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.conformal import Conformal, conformal, corrections, hold_out_shifts, independent, needed
from tsattn.forecasting.ensemble.holdout import padded, recent, shifted
from tsattn.forecasting.predict import predict


class Narrow:
    """Forecasts 0 with an interval of a tenth of the noise, far too narrow and lopsided."""

    name, quantiles, context, covariates = "narrow", (0.1, 0.5, 0.9), 8, False

    def predict(self, batch: WindowBatch) -> np.ndarray:
        shape = (len(batch), batch.horizon, 1)
        return np.concatenate([np.full(shape, v, np.float32) for v in (-0.05, 0.0, 0.15)], -1)


@pytest.mark.parametrize(("level", "count"), [(0.9, 9), (0.1, 9), (0.95, 19), (0.8, 4), (0.5, 1), (0.99, 99), (0.025, 39)])
def test_when_a_level_is_asked_for_then_the_errors_it_needs_are_those_of_the_finite_sample_rule(level, count):
    assert needed(level) == count


def test_when_there_are_n_errors_then_the_quantile_is_that_of_rank_ceil_n_plus_1_times_the_level():
    errors = np.arange(1.0, 20.0)[:, None, None]  # 19 of them: rank 18 of 20 · 0.9, rank 2 of 20 · 0.1
    assert corrections(np.repeat(errors, 3, -1), (0.1, 0.5, 0.9)).tolist() == [[2.0, 10.0, 18.0]]
    ten = np.arange(1.0, 11.0)[:, None, None]  # 11 · 0.9 = 9.9: rank 10; 11 · 0.1 = 1.1: rank 1
    assert corrections(np.repeat(ten, 2, -1), (0.1, 0.9)).tolist() == [[1.0, 10.0]]


def test_when_errors_are_missing_then_the_others_count_and_none_changes_nothing():
    errors = np.full((12, 2, 1), np.nan)
    errors[:9, 0, 0] = np.arange(9)
    assert corrections(errors, (0.9,)).tolist() == [[8.0], [0.0]]


def test_when_only_some_errors_are_independent_then_the_rank_is_that_of_their_number():
    errors = np.arange(1.0, 31.0)[:, None, None]  # 30 errors, 10 of them independent: rank 10 of 10 stretched to 30 of 30
    assert corrections(np.repeat(errors, 2, -1), (0.1, 0.9), np.array([10])).tolist() == [[1.0, 30.0]]
    assert corrections(errors, (0.9,), np.array([30])).tolist() == [[28.0]]  # ceil(31 · 0.9)


def test_when_forecasts_overlap_then_only_those_that_lie_apart_count_as_independent():
    shifts = np.arange(1, 19)[:, None]  # 18 origins of one series, one step apart
    errors = np.zeros((18, 1, 6, 3))
    for step in range(6):
        errors[:step, :, step] = np.nan  # the last origins lack the later steps
    assert independent(errors, shifts).tolist() == [[18, 9, 6, 4, 3, 3]]
    assert independent(errors, 6 * shifts).tolist() == [[18, 17, 16, 15, 14, 13]]
    assert independent(np.full((18, 1, 2, 1), np.nan), np.zeros((18, 1), int)).tolist() == [[0, 0]]


def test_when_intervals_are_far_too_narrow_then_conformal_ones_cover_at_least_their_level():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(200, 220))
    covered = []
    for some in np.split(series, 10):
        made = conformal(Narrow()).predict(replace(batch_of(*some[:, :200], horizon=4), cutoff=None))
        truth = some[:, 200:204]
        covered.append((made[..., 0] <= truth) & (truth <= made[..., 2]))
    share = float(np.mean(covered))
    assert 0.80 <= share < 0.90  # 20 errors: 0.857 expected, standard error 0.012


def test_when_a_network_forecasts_whole_passes_then_its_conformal_version_gets_them_too():
    class Whole(Narrow):
        pass_steps = 8

        def predict(self, batch: WindowBatch) -> np.ndarray:
            assert batch.horizon % 8 == 0
            return super().predict(batch)

    panel = Panel.from_arrays([np.random.default_rng(5).normal(size=90)], freq="D")
    made, failures = predict(conformal(Whole()), panel, horizon=3)
    assert made.values.shape == (1, 3, 3)
    assert not failures


def test_when_series_share_a_cutoff_then_their_errors_count_together():
    rng = np.random.default_rng(1)
    batch = batch_of(*rng.normal(size=(5, 120)), horizon=3)
    together = replace(batch, cutoff=np.zeros(5, "datetime64[us]"))
    one, five = Conformal(Narrow()), Conformal(Narrow())
    one.predict(replace(batch, cutoff=None))
    five.predict(together)
    assert one.notes()[0].startswith("conformal quantiles rest on 20 independent hold-out errors of each step")
    found = re.match(r"conformal quantiles rest on (\d+) independent hold-out errors of each step", five.notes()[0])
    assert found is not None
    assert 60 < int(found[1]) <= 100  # of independent series, but how far they agree is estimated


def test_when_series_err_together_then_their_errors_count_as_those_of_few_series():
    rng = np.random.default_rng(1)
    market, own = rng.normal(size=(1, 120)), rng.normal(size=(5, 120))
    batch = batch_of(*(market + 0.01 * own), horizon=3)
    forecaster = Conformal(Narrow())
    forecaster.predict(replace(batch, cutoff=np.zeros(5, "datetime64[us]")))
    assert forecaster.notes()[0].startswith("conformal quantiles rest on 20 independent hold-out errors of each step")


def test_when_there_are_too_few_errors_for_a_level_then_a_note_says_how_many_it_needs():
    rng = np.random.default_rng(2)
    forecaster = conformal(Narrow(), (0.005, 0.5, 0.995))
    forecaster.predict(replace(batch_of(rng.normal(size=60), horizon=2), cutoff=None))
    assert any("needs 199 errors" in note for note in forecaster.notes())


class Widening(Narrow):
    """Forecasts a linear trend, with intervals that widen by step."""

    def predict(self, batch: WindowBatch) -> np.ndarray:
        step = np.arange(1.0, batch.horizon + 1)[:, None]
        return np.broadcast_to(10 * step + step * np.array([-1.0, 0.0, 1.0]), (len(batch), batch.horizon, 3)).astype(np.float32)


def test_when_a_history_is_too_short_for_some_steps_then_these_keep_their_quantiles_and_the_note_names_them():
    past = 10 * np.arange(16.0) + np.random.default_rng(6).normal(0, 30, 16)
    batch = replace(batch_of(past, horizon=12), cutoff=None)
    forecaster = conformal(Widening())
    made, own = forecaster.predict(batch), Widening().predict(batch)
    assert not np.array_equal(made[0, 0], own[0, 0])  # 10 errors of step 1
    np.testing.assert_array_equal(made[0, 1:], own[0, 1:])
    first, second = forecaster.notes(12)
    assert first == "conformal quantiles rest on 10 independent hold-out errors of step 1"
    assert second.startswith("steps 2 to 12 have only 0 to 5 such errors, and 9 are needed")


@pytest.mark.parametrize(("length", "said"), [(1, "no hold-out errors"), (4, "at most 2 independent hold-out errors of a step")])
def test_when_there_are_no_errors_or_next_to_none_then_nothing_changes_and_the_note_says_so(length, said):
    batch = replace(batch_of(10 * np.arange(float(length)), horizon=5), cutoff=None)
    forecaster = conformal(Widening())
    np.testing.assert_array_equal(forecaster.predict(batch), Widening().predict(batch))
    (note,) = forecaster.notes()
    assert said in note
    assert note.endswith("the quantiles are the same as without --conformal")


def test_when_a_level_lacks_errors_then_its_quantile_moves_outwards_only_and_lies_beyond_the_corrected_ones():
    class Wide(Narrow):
        quantiles = (0.005, 0.1, 0.5, 0.9, 0.995)

        def predict(self, batch: WindowBatch) -> np.ndarray:
            at = np.array([-50.0, -0.01, 0.0, 0.01, 0.5], np.float32)
            return np.broadcast_to(at, (len(batch), batch.horizon, 5)).copy()

    batch = replace(batch_of(np.random.default_rng(7).normal(size=120), horizon=2), cutoff=None)
    made = conformal(Wide()).predict(batch)
    assert (made[..., 0] <= -50).all()
    assert (made[..., 1] > -3).all()
    assert (made[..., 1] < -0.5).all()
    assert (made[..., 3] > 0.5).all()  # beyond the given quantile 0.995
    assert (made[..., 4] >= made[..., 3]).all()


def test_when_windows_are_longer_than_the_forecast_then_the_notes_count_its_steps_only():
    forecaster = conformal(Widening())
    forecaster.predict(replace(batch_of(np.random.default_rng(8).normal(size=90), horizon=60), cutoff=None))
    assert len(forecaster.notes(1)) == 1
    assert len(forecaster.notes()) == 2


def test_when_quantiles_are_conformal_then_a_backtest_reports_what_they_rest_on():
    panel = Panel.from_arrays([np.random.default_rng(9).normal(size=40)], freq="MS")
    scores = backtest([conformal(Narrow()), Narrow()], panel, horizon=12, windows=2)
    (model,) = scores.notes
    assert model == "narrow + conformal"
    assert "such errors, and 9 are needed" in scores.notes[model][1]


def test_when_the_last_value_changes_after_a_cutoff_then_the_forecast_does_not():
    rng = np.random.default_rng(3)
    past = rng.normal(size=100)
    batch = batch_of(past, horizon=4)
    garbage = replace(batch, future_target=np.full_like(batch.future_target, 1e9))
    assert np.array_equal(conformal(Narrow()).predict(batch), conformal(Narrow()).predict(garbage))


def test_when_the_past_was_never_negative_then_no_quantile_is():
    values = np.abs(np.random.default_rng(4).normal(size=90))
    assert conformal(Narrow()).predict(replace(batch_of(values, horizon=3), cutoff=None)).min() >= 0


def test_when_a_series_is_short_then_the_forecast_is_still_finite():
    for length in (1, 2, 5):
        made = conformal(Narrow()).predict(replace(batch_of(np.arange(float(length)), horizon=3), cutoff=None))
        assert np.isfinite(made).all()


def test_when_origins_are_chosen_then_they_lie_in_the_last_two_thirds_of_the_history():
    batch = batch_of(np.arange(90.0), np.arange(30.0), horizon=12)
    shifts = hold_out_shifts(batch, 9)
    assert shifts[:, 0].max() <= 60
    assert shifts[:, 1].max() <= 20
    assert (shifts[:, 1] > 0).sum() == 20
    assert (hold_out_shifts(batch, 10_000) > 0).sum(0).max() <= 60


def test_when_a_level_is_impossible_then_it_is_refused():
    with pytest.raises(ConfigError):
        conformal(Narrow(), (0.5, 1.0))


def test_when_a_window_is_cut_earlier_or_shorter_then_its_plausible_values_and_its_record_are_too():
    """Values after a hold-out origin, left in `plausible`, would leak into its forecast."""
    past = np.arange(60, dtype=np.float32).reshape(2, 30)
    past[0, 20] = past[1, 28] = 1e9
    batch = prepared(batch_of(*past, horizon=4))
    assert sorted(zip(batch.cleaning.row.tolist(), batch.cleaning.ago.tolist(), strict=True)) == [(0, 10), (1, 2)]
    earlier = shifted(batch, np.array([3, 3]))
    np.testing.assert_array_equal(earlier.plausible, earlier.past_target)
    assert list(zip(earlier.cleaning.row, earlier.cleaning.ago, strict=True)) == [(0, 7)]
    for cut in (recent(batch, 8), padded(batch, 8)):
        np.testing.assert_array_equal(cut.plausible, cut.past_target)
        assert list(zip(cut.cleaning.row, cut.cleaning.ago, strict=True)) == [(1, 2)]
    assert padded(batch, 40).plausible.shape == (2, 40)
    one = batch.rows(np.array([1]))
    np.testing.assert_array_equal(one.plausible, one.past_target)
    assert list(zip(one.cleaning.row, one.cleaning.ago, strict=True)) == [(0, 2)]
