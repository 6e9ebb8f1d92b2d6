"""Windows on the wall clock: seasons, forecasts and truth around a change of the clock."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.freq import Freq, calendar_names
from tsattn.data.panel import Panel, Schema
from tsattn.data.timezone import offset_changes, to_local, utc_offsets
from tsattn.data.windows import Origins, gather, last_origins, truth
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import predict
from tsattn.forecasting.sample_paths import predict_paths

ZONE = "Europe/Berlin"
SPRING, AUTUMN = "2024-03-31T01:00", "2024-10-27T01:00"  # UTC, when the clocks change


def day_of(local: np.ndarray) -> np.ndarray:
    """A value for each time of the wall clock: the minutes since midnight, 1,000 more on weekends."""
    day = local.astype("datetime64[D]")
    weekend = (day.astype(np.int64) + 3) % 7 > 4
    return ((local - day).astype("timedelta64[m]").astype(np.int64) + 1000 * weekend).astype(np.float32)


def panel_around(change: str, before: int, after: int, freq: str = "h", zone: str | None = ZONE) -> Panel:
    """One series of a wall-clock pattern, `before` steps up to a clock change and `after` steps from it; also its covariates."""
    step = Freq.parse(freq)
    start = np.datetime64(change, "us") - np.timedelta64(before * int(step.fixed_us or 0), "us")
    utc = step.advance(start, np.arange(before + after))
    target = day_of(to_local(utc, ZONE))
    return Panel(
        freq=step,
        item_ids=("load",),
        indptr=np.array([0, len(target)]),
        start=np.array([start]),
        target=target,
        origin=np.array([len(target)]),
        past=-target[:, None],
        known=2 * target[:, None],
        tz=zone,
        schema=Schema(past_features=("p",), known_features=("k",)),
    )


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize(("freq", "a_day"), [("h", 24), ("15min", 96), ("30min", 48), ("2h", 12)])
@pytest.mark.parametrize("gone", [1, 20, 60])
def test_a_day_is_the_same_number_of_slots_before_and_after_a_change(change: str, freq: str, a_day: int, gone: int) -> None:
    panel = panel_around(change, 10 * a_day, 3 * a_day, freq)
    if freq == "2h":
        assert gather(panel, last_origins(panel), 30, 5).step_slots is None  # an hour is no whole number of its steps
        return
    origins = Origins(np.array([0]), np.array([10 * a_day + min(gone, 3 * a_day)]))
    batch = gather(panel, origins, 9 * a_day, a_day)
    one, two = (batch.past_target[0, k * a_day : (k + 1) * a_day] for k in (0, 7))
    both = ~np.isnan(one) & ~np.isnan(two)
    np.testing.assert_array_equal(one[both], two[both])
    assert both.sum() >= a_day - a_day // 24


def test_the_hour_that_spring_skips_is_an_empty_slot() -> None:
    panel = panel_around(SPRING, 48, 48)
    batch = gather(panel, Origins(np.array([0]), np.array([54])), 12, 3)
    local = batch.past_target[0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(local)), [12 - 7])  # 02:00, seven slots before 09:00
    assert local[4] == 1000 + 60
    assert local[6] == 1000 + 180
    assert np.isfinite(batch.known).all()  # known covariates have no hole there


def test_the_hour_that_autumn_repeats_is_one_slot_with_the_mean_of_both() -> None:
    panel = panel_around(AUTUMN, 48, 48)
    target = panel.target.copy()
    target[47], target[48] = 10.0, 20.0  # 02:00 summer time, 02:00 winter time
    batch = gather(replace(panel, target=target), Origins(np.array([0]), np.array([54])), 12, 3)
    at = 12 - 6
    assert batch.past_target[0, at] == 15
    np.testing.assert_array_equal(batch.past_target[0, [at - 1, at + 1]], np.float32([1060, 1180]))
    target[48] = np.nan
    assert gather(replace(panel, target=target), Origins(np.array([0]), np.array([54])), 12, 3).past_target[0, at] == 10


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize("row", range(235, 246))
def test_nothing_at_or_after_the_origin_enters_the_past_wherever_it_is_cut(change: str, row: int) -> None:
    panel = panel_around(change, 240, 72)
    origins = Origins(np.array([0]), np.array([row]))
    clean = gather(panel, origins, 100, 48)
    target, past = panel.target.copy(), panel.past.copy()
    target[row:], past[row:] = 9e9, 9e9
    other = gather(replace(panel, target=target, past=past), origins, 100, 48)
    np.testing.assert_array_equal(clean.past_target, other.past_target)
    np.testing.assert_array_equal(clean.past_cov, other.past_cov)
    assert np.isin(clean.future_target[~np.isnan(clean.future_target)], panel.target[row:]).all()


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize("row", [168, 190, 215, 216, 217, 240, 245, 260, 300])
def test_seasonal_naive_is_right_to_the_hour_on_every_side_of_a_change(change: str, row: int) -> None:
    panel = panel_around(change, 240, 240)
    origins = Origins(np.array([0]), np.array([row]))
    made, failures = predict(SeasonalNaive(168), panel, horizon=48, origins=origins)
    local = panel.local(made.timestamps[0])
    clear = local.astype("datetime64[h]").astype(np.int64) % 24 != 2  # what comes twice, or has no hour of its own last week
    assert not failures
    np.testing.assert_array_equal(made.median[0][clear], day_of(local)[clear])
    assert np.isfinite(made.values).all()
    assert (np.diff(made.timestamps[0]) == np.timedelta64(1, "h")).all()


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_the_days_after_a_change_are_forecast_as_well_as_others(change: str) -> None:
    panel = panel_around(change, 24 * 40, 24 * 3)
    noise = np.random.default_rng(0).normal(0, 5, len(panel.target)).astype(np.float32)
    after = replace(panel, target=panel.target + noise)
    cut = panel_around(change, 24 * 40, 0)
    quiet = replace(cut, target=cut.target + noise[: len(cut.target)])
    error = [float(np.nanmean(_errors(each, 3))) for each in (after, quiet)]
    assert error[0] < 1.1 * error[1] + 1


def _errors(panel: Panel, windows: int) -> np.ndarray:
    """Absolute errors of seasonal naive by the week over the last `windows` days."""
    rows = panel.origin[0] - 24 * np.arange(windows, 0, -1)
    origins = Origins(np.zeros(windows, np.int64), rows)
    made, _ = predict(SeasonalNaive(168), panel, horizon=24, origins=origins)
    return np.abs(made.median - truth(panel, origins, 24))


def test_backtest_pairs_forecast_and_truth_by_instant() -> None:
    panel = panel_around(AUTUMN, 24 * 21, 24)
    shape = replace(panel, target=day_of(to_local(panel.timestamps(0), ZONE)))
    result = backtest([SeasonalNaive(168)], shape, horizon=24, windows=1)
    assert result.by_step.count.shape[-1] == 24
    assert float(result.by_step.count.sum()) == 24  # each of the 25 hours' first 24 has its truth


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_sample_paths_cross_a_change_with_a_value_for_every_hour(change: str) -> None:
    panel = panel_around(change, 240, 0)
    paths, failures = predict_paths(SeasonalNaive(24), panel, horizon=30, paths=4)
    assert not failures
    assert paths.values.shape == (1, 30, 4)
    assert np.isfinite(paths.values).all()


def test_the_calendar_of_a_moved_window_is_that_of_its_wall_clock() -> None:
    panel = panel_around(SPRING, 48, 48)
    batch = gather(panel, Origins(np.array([0]), np.array([60])), 30, 3)
    sine = batch.known[0, :, calendar_names(panel.freq).index("sin_of_day")]
    np.testing.assert_allclose(sine[:9], sine[24:], atol=1e-6)


@pytest.mark.parametrize("zone", [None, "UTC", "+01:00", "Asia/Tokyo"])
def test_windows_without_a_change_stay_as_they_were(zone: str | None) -> None:
    panel = panel_around(SPRING, 100, 100, zone=zone)
    batch = gather(panel, Origins(np.array([0, 0]), np.array([50, 150])), 40, 10)
    assert batch.step_slots is None
    np.testing.assert_array_equal(batch.past_target, panel.target[np.array([[50], [150]]) + np.arange(-40, 0)])


def test_a_window_without_a_change_is_the_same_beside_one_that_has_one() -> None:
    panel = panel_around(SPRING, 300, 100)
    alone = gather(panel, Origins(np.array([0]), np.array([200])), 40, 10)
    beside = gather(panel, Origins(np.array([0, 0]), np.array([200, 310])), 40, 10)
    for name in ("past_target", "past_cov", "known", "future_target"):
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(beside, name)[0])
    made = [
        predict(Echo(), panel, horizon=10, origins=Origins(np.zeros(n, np.int64), np.array([200, 310][:n])))[0] for n in (1, 2)
    ]
    np.testing.assert_array_equal(made[0].values[0], made[1].values[0])


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo"]
)
def test_offset_changes_agree_with_the_offset_at_every_quarter_of_an_hour(zone: str) -> None:
    utc = np.datetime64("2017-01-01", "us") + np.arange(3 * 365 * 96) * np.timedelta64(15, "m")
    at, offsets = offset_changes(zone, int(utc[0].astype(np.int64)), int(utc[-1].astype(np.int64)))
    some = utc[::97][:900]
    assert len(at) >= 1
    np.testing.assert_array_equal(
        offsets[np.searchsorted(at, some.astype(np.int64), "right")], utc_offsets(some, zone).astype(np.int64)
    )
    np.testing.assert_array_equal(utc_offsets(utc, zone)[::97][:900], utc_offsets(some, zone))
