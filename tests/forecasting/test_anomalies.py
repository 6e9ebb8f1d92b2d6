"""Anomaly scores: what stands out is found, by forecasts that saw nothing of it, and spoils nothing after it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from tsattn.data.panel import Panel
from tsattn.forecasting.anomalies import Scores, expected_by_chance, level_for, runs_of, score_rows
from tsattn.forecasting.anomaly_guard import accepted_level
from tsattn.forecasting.anomaly_origins import CALIBRATION, origins_of, step_of
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.baselines.ridge import Ridge

DAY = 24


def days(count: int = 30, noise: float = 1.0, seed: int = 0) -> np.ndarray:
    """A day's wave of hours with noise."""
    t = np.arange(count * DAY)
    return 50 + 20 * np.sin(2 * np.pi * t / DAY) + np.random.default_rng(seed).normal(0, noise, len(t))


def panel_of(*series: np.ndarray, freq: str = "h") -> Panel:
    return Panel.from_arrays(list(series), freq=freq, start="2024-01-01")


def scored(*series: np.ndarray, freq: str = "h", **options) -> Scores:
    return score_rows(Ridge(DAY * 2), panel_of(*series, freq=freq), **options)[0]


def test_when_one_value_is_far_off_then_it_has_the_highest_score_and_the_lowest_probability():
    y = days()
    y[500] += 25
    found = scored(y)
    at = int(found.p.argmin())
    assert (found.row[at], int(found.score(0.99).argmax())) == (500, at)
    assert found.p[at] < 1e-6
    assert found.value[at] == pytest.approx(y[500], rel=1e-5)
    assert abs(found.expected[at] - (y[500] - 25)) < 5


def test_when_rows_are_fine_then_the_first_cycles_are_not_scored_and_the_rest_scores_as_before():
    per_day = 96
    y = 20 + 5 * np.sin(2 * np.pi * np.arange(40 * per_day) / per_day) + np.random.default_rng(3).normal(0, 0.3, 40 * per_day)
    for length, silent in ((40 * per_day, 7 * per_day), (10 * per_day, 2 * per_day), (4 * per_day, per_day), (100, 48)):
        found = scored(y[:length], freq="15min")
        assert found.row.min() == silent
    whole, part = scored(y, freq="15min"), scored(y[: 10 * per_day], freq="15min")
    shared = (np.intersect1d(whole.row, part.row), whole.row, part.row)
    assert len(shared[0]) == 3 * per_day
    assert np.allclose(whole.p[np.isin(shared[1], shared[0])], part.p[np.isin(shared[2], shared[0])])
    assert (whole.score(0.99) > 1).mean() < 0.03


def test_when_a_value_is_outside_the_interval_then_its_score_is_above_1_and_only_then():
    found = scored(days(20))
    for level in (0.8, 0.99):
        low, high = found.interval(level)
        outside = (found.value < low) | (found.value > high)
        assert (outside == (found.score(level) > 1)).all()
        assert (outside == (found.p < 1 - level)).all()


def test_when_nothing_is_wrong_then_about_as_many_rows_are_outside_as_the_level_says():
    found = scored(days(60), days(60, seed=1), days(60, seed=2))
    assert 0.004 < (found.p < 0.01).mean() < 0.02
    assert 0.08 < (found.p < 0.1).mean() < 0.13


@pytest.mark.parametrize("cut", [300, 303, 350])
def test_when_the_future_is_overwritten_then_no_earlier_score_changes(cut):
    y = days(20)
    y[200:210] = 0
    other = y.copy()
    other[cut:] = np.random.default_rng(9).normal(-1e4, 1e3, len(y) - cut)
    before, after = (scored(values) for values in (y, other))
    rows = before.row < cut
    for name in ("expected", "distance", "p", "unit_above"):
        np.testing.assert_array_equal(getattr(before, name)[rows], getattr(after, name)[after.row < cut])
    np.testing.assert_array_equal(before.interval(0.99)[0][rows], after.interval(0.99)[0][after.row < cut])


def test_when_rows_are_added_then_the_scores_of_the_older_ones_stay():
    y = days(20)
    y[200:210] = 0
    before, after = scored(y[:400]), scored(y)
    np.testing.assert_allclose(before.p, after.p[after.row < 400], rtol=1e-6)


def test_when_only_the_last_rows_are_asked_for_then_their_scores_are_nearly_those_of_all():
    y = days(40)
    some, every = scored(y, last=30), scored(y)
    assert (some.row == np.arange(len(y) - 30, len(y))).all()
    np.testing.assert_allclose(some.p, every.p[-30:], rtol=0.2)  # the calibration of their past began later
    np.testing.assert_allclose(some.expected, every.expected[-30:], rtol=0.01)


def test_when_only_the_last_rows_are_asked_for_then_the_forecasts_do_not_grow_with_the_series():
    short, long = (Panel.from_arrays([days(n)], freq="h") for n in (40, 400))
    assert len(origins_of(short, 6, 12)) == len(origins_of(long, 6, 12)) == CALIBRATION + 2
    assert len(origins_of(long, 6, None)) > 10 * CALIBRATION


def test_when_one_series_is_garbage_then_the_scores_of_the_others_stay():
    y, other = days(20), days(20, seed=1)
    before = scored(y, other)
    after = scored(y, np.random.default_rng(3).normal(0, 1e5, len(other)))
    np.testing.assert_array_equal(before.p[before.item == 0], after.p[after.item == 0])


def test_when_a_day_is_broken_then_it_is_found_and_the_days_after_it_are_forecast_as_if_it_had_not_been():
    y = days(30)
    broken = y.copy()
    broken[20 * DAY : 21 * DAY] = 0
    found, clean = scored(broken), scored(y)
    day, next_day = (found.row // DAY == 20), (found.row // DAY == 21)
    assert (found.p[day] < 0.01).mean() > 0.9
    assert (found.p[next_day] < 0.01).mean() < 0.1
    assert np.abs(found.expected[next_day] - clean.expected[next_day]).mean() < 1.5


def weeks(count: int = 8, seed: int = 0) -> np.ndarray:
    """Hours of traffic with quiet nights and weekends, and noise in proportion."""
    t = np.arange(count * 7 * DAY)
    level = np.where(t // DAY % 7 >= 5, 0.6, 1.0) * np.where(t % DAY < 6, 0.3, 1.0)
    return level * (200 + 100 * np.sin(2 * np.pi * t / DAY)) * (1 + 0.06 * np.random.default_rng(seed).normal(size=len(t)))


@pytest.mark.parametrize(("make", "season", "size"), [(days, 2 * DAY, 25), (days, 2 * DAY, -25), (weeks, 7 * DAY, 250)])
def test_when_a_fault_lasts_three_days_then_all_of_it_is_found_and_nothing_after_it(make, season, size):
    y = make(56) if make is days else make()
    first, end = 43 * DAY + 5, 46 * DAY + 5
    y[first:end] += size
    found, _ = score_rows(Ridge(season), panel_of(y), last=16 * DAY)
    assert (found.p[(found.row >= first) & (found.row < end)] < 0.01).mean() > 0.9
    assert (found.p[found.row >= end] < 0.01).mean() < 0.05


HOUR = 60


def minutes(noise: float = 0.5, seed: int = 0) -> np.ndarray:
    """Four days of minutes: a day's wave, a drift that persists for a quarter of an hour, and noise."""
    rng, rows = np.random.default_rng(seed), 4 * DAY * HOUR
    drift = lfilter([1.0], [1.0, -0.97], rng.normal(0, 0.2, rows + 500))[500:]
    return 50 + 15 * np.sin(2 * np.pi * np.arange(rows) / (DAY * HOUR)) + drift + rng.normal(0, noise, rows)


def scored_minutes(y: np.ndarray, last: int) -> Scores:
    return score_rows(Ridge(HOUR), panel_of(y, freq="min"), last=last)[0]


@pytest.mark.parametrize("steps", [3, 10, 40])
@pytest.mark.parametrize("size", [-35, 25])
def test_when_values_of_minutes_are_far_off_then_all_of_the_fault_is_found_and_its_end_is_normal(steps, size):
    y = minutes()
    first = len(y) - 300
    y[first : first + steps] += size
    found = scored_minutes(y, last=400)
    inside = (found.row >= first) & (found.row < first + steps)
    assert (found.score(0.9999)[inside] > 1).all()
    assert (found.score(0.9999)[~inside] > 1).sum() <= 1
    assert inside[found.score(0.9999).argmax()]


class Yesterday:
    """The values of the day before, in steps of 5 minutes, with a deviation of 5."""

    name, quantiles, context, pass_steps = "yesterday", (0.1, 0.5, 0.9), 288, 1

    def predict(self, batch):
        return (batch.past_target[:, : batch.horizon, None] + np.array([-6.4, 0, 6.4])).astype(np.float32)


def test_when_forecasts_read_too_little_to_see_a_week_then_weekends_are_compared_with_the_weekends_before():
    day = 288
    t = np.arange(5 * 7 * day)
    y = np.where(t // day % 7 >= 5, 40.0, 100.0) * (1 + 0.3 * np.sin(2 * np.pi * t / day))
    y += np.random.default_rng(0).normal(0, 3, len(t))
    fault = 4 * 7 * day + 5 * day + 100  # a Saturday
    y[fault : fault + 3] += 150
    found = score_rows(Yesterday(), panel_of(y, freq="5min"), last=7 * day)[0]
    inside = (found.row >= fault) & (found.row < fault + 3)
    assert (found.score(0.9999)[inside] > 1).all()
    assert (found.score(0.9999)[~inside] > 1).sum() <= 3


def test_when_a_drift_stays_within_its_usual_size_then_later_forecasts_read_it():
    y = minutes()
    calm = y.copy()
    first = len(y) - 100
    y[first:] += 5
    found, before = scored_minutes(y, last=150), scored_minutes(calm, last=150)
    later = found.row >= first + 60
    assert (found.expected - before.expected)[later].mean() > 3


@pytest.mark.parametrize("days_of_fault", [4, 7])
def test_when_an_accepted_level_ends_then_its_end_is_normal(days_of_fault):
    y = days(40)
    first, end = 25 * DAY, (25 + days_of_fault) * DAY
    y[first:end] += 30
    found = scored(y)
    fault, after = (found.row >= first) & (found.row < end), found.row >= end
    assert (found.p[fault] < 0.001).sum() >= 3.5 * DAY
    assert (found.p[after] < 0.001).mean() < 0.01
    low, high = found.interval(0.99)
    assert (((found.value < low) | (found.value > high)) == (found.p < 0.01)).all()


def test_when_an_accepted_level_ends_at_another_level_then_that_is_an_anomaly():
    y = days(40)
    y[25 * DAY : 29 * DAY] += 30
    y[29 * DAY :] -= 30
    found = scored(y)
    assert (found.p[(found.row >= 29 * DAY) & (found.row < 29 * DAY + 12)] < 0.001).all()


def test_when_a_level_shifts_for_good_then_it_is_reported_at_first_and_accepted_after_four_days():
    y = days(30)
    y[20 * DAY :] += 30
    found = scored(y)
    first, later = found.row // DAY == 20, found.row >= 24 * DAY
    assert (found.p[first] < 0.01).mean() > 0.9
    assert (found.p[later] < 0.01).mean() < 0.1


def test_when_rows_are_missing_then_they_have_no_score_and_the_others_have():
    y = days(20)
    y[300:330], y[400] = np.nan, np.nan
    found = scored(y)
    assert not {*range(300, 330), 400} & set(found.row.tolist())
    assert {299, 330, 401} <= set(found.row.tolist())
    assert np.isfinite(found.p).all()


def test_when_a_series_is_too_short_then_it_is_a_failure_that_says_how_many_rows_it_needs():
    found, failures = score_rows(Ridge(48), panel_of(days(20), days(2), np.full(200, np.nan)))
    assert set(found.item.tolist()) == {0}
    assert [f.item_id for f in failures] == ["series_1", "series_2"]
    assert "needs more than 48" in failures[0].reason


def test_when_a_series_is_constant_then_nothing_is_found_until_it_moves():
    y = np.full(300, 7.0)
    y[250] = 8.0
    found = scored(y)
    assert found.row[found.p < 0.01].tolist() == [250]


def test_when_counts_are_small_then_ones_and_twos_are_no_anomalies():
    y = np.random.default_rng(0).poisson(0.3, 600).astype(float)
    y[500] = 12
    found = score_rows(baseline("seasonal-mean"), panel_of(y, freq="D"))[0]
    assert (found.p < 0.001).mean() < 0.01
    assert found.row[int(found.p.argmin())] == 500


def test_when_no_value_was_ever_negative_then_no_interval_is():
    y = np.maximum(days(20, noise=30) - 40, 0)
    found = scored(y)
    assert found.interval(0.999)[0].min() >= 0
    assert found.expected.min() >= 0


def test_when_origins_are_cut_then_each_row_has_one_and_it_lies_before_the_row():
    panel = panel_of(days(20), days(9))
    origins = origins_of(panel, step_of(panel), None)
    assert step_of(panel) == 6
    for item in (0, 1):
        rows = origins.row[origins.item == item] - panel.indptr[item]
        assert rows[0] == 48
        assert (np.diff(rows) == 6).all()


def test_when_anomalous_rows_stand_together_then_they_are_one_run():
    y = days(20)
    y[300:305] += 60
    y[400] += 60
    found = scored(y)
    runs = [found.row[run].tolist() for run in runs_of(found, found.p < 1e-6, 1)]
    assert runs == [[300, 301, 302, 303, 304], [400]]


def test_when_a_level_is_suggested_then_at_most_one_row_is_outside_it_by_chance():
    for rows in (1, 99, 100, 2112, 10**6):
        assert expected_by_chance(level_for(rows), rows) <= 1 + 1e-9


def test_when_forecasts_are_far_too_narrow_in_the_first_cycles_then_the_noise_of_the_past_widens_their_intervals():
    class Narrow:
        name, quantiles, context, pass_steps = "narrow", (0.1, 0.5, 0.9), 48, 1

        def predict(self, batch):
            steps = batch.horizon
            last = batch.past_target[:, -DAY:][:, np.arange(steps) % DAY]
            return (last[..., None] + np.array([-0.3, 0, 0.3])).astype(np.float32)

    found = score_rows(Narrow(), panel_of(*(days(6, seed=seed) for seed in range(20))))[0]
    first = found.row - panel_of(*(days(6, seed=seed) for seed in range(20))).indptr[found.item] < 3 * DAY
    assert (found.p[first] < 0.01).mean() < 0.06


def test_when_only_one_value_was_seen_in_a_short_series_then_it_is_a_failure_that_says_so():
    found, failures = score_rows(Ridge(14), panel_of(np.full(18, 7.0), freq="D"))
    assert len(found) == 0
    assert "has only one value" in failures[0].reason


def test_when_a_run_is_long_enough_then_its_first_row_is_the_begin_of_an_accepted_level():
    p, sign = np.full(30, 0.5), np.ones(30)
    p[[3, 4, 5, 6, 12, 13, 14, 20, 21]] = 1e-6
    assert accepted_level(p, sign, 3) == 12
    assert accepted_level(p, sign, 4) == 3
    assert accepted_level(p, sign, 5) is None
    assert accepted_level(p[:0], sign[:0], 1) is None
