"""Known covariates at a coarser step than the data: filled between their values, or left with a warning where that is unsafe."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.reading.read import read

ROWS, AHEAD = 96 * 4, 48  # quarters of an hour
OPTIONS = ReadOptions(target=("load",), known=("temp",))


def quarters(**columns: np.ndarray | list[float]) -> pd.DataFrame:
    """Loads every 15 minutes, and rows after them for the columns."""
    stamps = pd.date_range("2024-03-01", periods=ROWS + AHEAD, freq="15min")
    load = np.where(np.arange(len(stamps)) < ROWS, 50 + np.arange(len(stamps)) % 96, np.nan)
    return pd.DataFrame({"time": stamps, "load": load, **columns})


def weather() -> np.ndarray:
    """A temperature that differs from step to step."""
    return 10 + np.cumsum(np.random.default_rng(0).normal(0, 1, ROWS + AHEAD)).astype(np.float32)


def every(step: int, values: np.ndarray, first: int = 0) -> np.ndarray:
    return np.where((np.arange(len(values)) - first) % step == 0, values, np.nan)


def known(source, options=OPTIONS) -> np.ndarray:
    panel, _ = read(source, options)
    return panel.known[:, 0]


@pytest.mark.parametrize("shape", ["one file", "hourly history", "full history", "blank rows"])
def test_when_the_weather_is_hourly_and_the_load_is_not_then_it_is_interpolated_and_the_last_hour_is_held(shape):
    whole = quarters(temp=every(4, weather()))
    if shape == "full history":
        whole.loc[: ROWS - 1, "temp"] = weather()[:ROWS]
    ahead = whole[ROWS:].drop(columns="load")
    source = {"one file": whole, "blank rows": WithFuture(whole[:ROWS], ahead)}.get(
        shape,
        WithFuture(whole[:ROWS], ahead.dropna()),  # 12 rows, one per hour
    )
    panel, report = read(source, OPTIONS)
    np.testing.assert_allclose(panel.known[:, 0], whole.temp.interpolate(), rtol=1e-5)
    assert panel.known_ahead().tolist() == [AHEAD]
    filled = AHEAD * 3 // 4 if shape == "full history" else (ROWS + AHEAD) * 3 // 4
    notes = [(one.what, one.count, one.where) for one in report.repaired if "covariates" in one.what]
    assert notes == [("known covariates with one value per 1h: interpolated to 15min", filled, "'temp'")]
    assert not any("missing rows" in one.what for one in report.repaired)


def test_when_an_hour_of_the_hourly_plan_is_missing_then_one_row_is_missing_not_its_quarters():
    whole = quarters(temp=every(4, weather()))
    ahead = whole[ROWS:].drop(columns="load").dropna()
    _, report = read(WithFuture(whole[:ROWS], ahead.drop(ahead.index[5])), OPTIONS)
    (missing,) = [one for one in report.repaired if "missing rows" in one.what]
    assert missing.count == 1


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (lambda hour: (hour % 24 >= 17).astype(float), OPTIONS),
        (lambda hour: np.array([0.12, 0.3, 0.45])[hour // 5 % 3], OPTIONS),
        (lambda hour: np.array(["low", "high"])[hour // 5 % 2], OPTIONS),
    ],
    ids=["flag", "price bands", "text"],
)
def test_when_hourly_values_are_flags_or_bands_or_texts_then_each_is_held(values, options):
    hours = np.arange(ROWS + AHEAD) // 4
    whole = quarters(temp=pd.Series(values(hours)).where(np.arange(len(hours)) % 4 == 0))
    panel, report = read(whole, options)
    wanted, _ = read(quarters(temp=values(hours)), options)
    np.testing.assert_array_equal(panel.known, wanted.known)
    assert [one.what for one in report.repaired] == ["known covariates with one value per 1h: held until the next"]


def test_when_a_value_holds_for_a_day_then_it_is_held_and_longer_steps_are_only_warned_of():
    stamps = pd.date_range("2024-01-01", periods=24 * 70, freq="h")
    load = np.where(np.arange(len(stamps)) < 24 * 60, np.arange(len(stamps)) % 24 + 1, np.nan)
    values = np.random.default_rng(0).normal(10, 3, len(stamps))
    hourly = pd.DataFrame({"time": stamps, "load": load, "temp": every(24, values)})
    np.testing.assert_allclose(known(hourly), hourly.temp.ffill(), rtol=1e-5)
    for data, per in ((hourly.assign(temp=every(168, values)), "7D"), (hourly[::24].assign(temp=every(7, values[:70])), "7D")):
        panel, report = read(data, OPTIONS)
        assert np.isnan(panel.known).mean() > 0.8
        assert any(f"'temp' has one value per {per}, and blanks between" in one for one in report.warnings)
        assert any("data['temp'].ffill() if" in one for one in report.warnings)


def test_when_all_values_are_the_same_then_blanks_may_be_zeros_and_are_not_filled():
    panel, report = read(quarters(temp=every(4, np.ones(ROWS + AHEAD))), OPTIONS)
    assert np.isnan(panel.known).mean() == 0.75
    assert any(".fillna(0) if a blank means none" in one for one in report.warnings)
    assert (known(quarters(temp=every(4, np.zeros(ROWS + AHEAD)))) == 0).all()


def test_when_an_hour_is_missing_then_the_gap_around_it_stays():
    values = every(4, weather())
    values[[40, ROWS + 8]] = np.nan
    made = known(quarters(temp=values))
    gaps = np.flatnonzero(np.isnan(made))
    assert gaps.tolist() == [*range(37, 44), *range(ROWS + 5, ROWS + 12)]


@pytest.mark.parametrize("blank", ["some", "many", "irregular"])
def test_when_the_blanks_are_not_regular_then_nothing_is_filled_or_said(blank):
    rng = np.random.default_rng(1)
    values = weather()
    if blank == "irregular":
        at = np.cumsum(rng.integers(2, 7, 60))
        values = np.where(np.isin(np.arange(len(values)), at), values, np.nan)
    else:
        values[rng.random(len(values)) < {"some": 0.02, "many": 0.6}[blank]] = np.nan
    panel, report = read(quarters(temp=values), OPTIONS)
    np.testing.assert_array_equal(panel.known[:, 0], values[: len(panel.known)])
    assert not [one for one in report.repaired if "covariates" in one.what]
    assert not report.warnings


def test_when_only_a_few_hours_are_forecast_then_they_continue_the_step_of_the_history():
    whole = quarters(temp=every(4, weather()))
    for hours in (1, 2):
        panel, _ = read(WithFuture(whole[:ROWS], whole[ROWS : ROWS + 4 * hours].drop(columns="load").dropna()), OPTIONS)
        assert panel.known_ahead().tolist() == [4 * hours]


def test_when_the_forecast_is_coarser_than_the_measured_weather_then_each_is_filled_by_its_own_step():
    whole = quarters(temp=every(4, weather()))
    whole.loc[ROWS:, "temp"] = every(12, weather())[ROWS:]
    panel, report = read(WithFuture(whole[:ROWS], whole[ROWS:].drop(columns="load").dropna()), OPTIONS)
    np.testing.assert_allclose(panel.known[:, 0], whole.temp.interpolate(), rtol=1e-5)
    assert any("one value per 1h or 3h" in one.what for one in report.repaired)


def test_when_series_have_other_steps_and_phases_then_each_is_filled_by_its_own():
    temp = weather()
    parts = [every(4, temp), every(2, temp), every(4, temp, first=2), temp]
    data = pd.concat(quarters(temp=part).assign(meter=f"m{k}") for k, part in enumerate(parts))
    panel, report = read(data, ReadOptions(item=("meter",), target=("load",), known=("temp",)))
    for k, part in enumerate(parts):
        made = panel.known[panel.indptr[k] : panel.indptr[k] + ROWS + AHEAD, 0]
        np.testing.assert_allclose(made, pd.Series(part).interpolate(), rtol=1e-5)
    assert [one.what for one in report.repaired if "covariates" in one.what] == [
        "known covariates with one value per 30min or 1h: interpolated to 15min"
    ]


def test_when_an_hourly_column_is_not_named_as_known_then_a_warning_names_it():
    panel, report = read(quarters(temp=every(4, weather())), ReadOptions())
    assert (panel.schema.target, panel.schema.known) == (("load",), ())
    assert any("'temp' has values after the last of 'load', but is not used" in one for one in report.warnings)


@pytest.mark.parametrize("items", [1, 3])
def test_when_the_data_ends_between_two_hours_then_blanks_of_the_weather_do_not_make_it_the_target(items):
    whole = quarters(temp=every(4, weather()))[:ROWS]
    assert np.isnan(whole.temp.to_numpy()[-3:]).all()
    table = pd.concat([whole.assign(site=f"site {k}") for k in range(items)])
    panel, _ = read(table, ReadOptions(item=("site",)))
    assert panel.schema.target == ("load",)
    assert panel.known_ahead().tolist() == [0] * items
    later = table.assign(load=table.load.where(table.time < whole.time.iloc[-8]))  # a plan of two hours
    assert read(later, ReadOptions(item=("site",)))[0].schema.target == ("load",)
