"""A file of future covariates: beside wide data of any shape; beside long data with rows per series, or once for all series."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.reading.read import read
from tsattn.data.reading.row_location import Where, below
from tsattn.data.store import save_panel
from tsattn.errors import ConfigError, DataError


@pytest.fixture
def wide() -> pd.DataFrame:
    """Two series and a promo, 40 days; the last five are the plan."""
    t = np.arange(40)
    days = pd.date_range("2024-01-01", periods=40)
    return pd.DataFrame({"date": days, "north": 20 + t % 7, "south": 50.5 + t % 7, "promo": (t % 5 == 0).astype(int)})


def long(plan: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([plan[["date", "promo"]].assign(shop=name) for name in ("north", "south")])


@pytest.mark.parametrize("shape", ["narrow", "blank targets", "long", "long by time"])
def test_when_the_data_is_wide_then_the_plan_may_have_any_shape(wide, shape):
    history, plan = wide[:35], wide[35:]
    future = {
        "narrow": plan[["date", "promo"]],
        "blank targets": plan.assign(north=np.nan, south=np.nan),
        "long": long(plan),
        "long by time": long(plan).sort_values("date"),
    }[shape]
    panel, _ = read(WithFuture(history, future), ReadOptions())
    assert panel.item_ids == ("north", "south")
    assert panel.schema.known == ("promo",)
    assert panel.known_ahead().tolist() == [5, 5]
    for item in (0, 1):
        np.testing.assert_array_equal(panel.known[panel.origin[item] : panel.indptr[item + 1], 0], plan.promo)


def test_when_a_long_plan_differs_between_series_of_wide_data_then_the_error_names_the_row_and_the_way_out(wide):
    plan = long(wide[35:])
    plan.iloc[7, 1] = 9
    with pytest.raises(DataError, match="'promo' differs between series at 2024-02-07") as caught:
        read(WithFuture(wide[:35], plan), ReadOptions())
    assert "in long layout too" in caught.value.hint


@pytest.fixture
def meters() -> pd.DataFrame:
    """Three meters of two sites in long layout, 40 days of kWh and temperature; the last five are the weather forecast."""
    t = np.arange(40)
    days = pd.date_range("2024-01-01", periods=40)
    return pd.concat(
        pd.DataFrame({"site": site, "meter": meter, "ts": days, "kwh": size + t % 7, "temp_c": 0.5 + (t * 3) % 11})
        for site, meter, size in (("a", 1, 20.5), ("a", 2, 30.5), ("b", 1, 50.5))
    )


def history(meters: pd.DataFrame) -> pd.DataFrame:
    return meters[meters.ts < "2024-02-05"]


def weather(meters: pd.DataFrame) -> pd.DataFrame:
    return meters.loc[(meters.site == "b") & (meters.ts >= "2024-02-05"), ["ts", "temp_c"]]


OPTIONS = ReadOptions(item=("site", "meter"), target=("kwh",))


@pytest.mark.parametrize("sort", [["site", "meter", "ts"], ["ts", "site", "meter"]])
@pytest.mark.parametrize("known", [(), ("temp_c",)])
def test_when_the_future_file_has_no_item_column_then_its_rows_apply_to_all_series(meters, sort, known):
    past = history(meters).sort_values(sort)
    options = dataclasses.replace(OPTIONS, known=known)
    panel, _ = read(WithFuture(past, weather(meters)), options)
    per_series = meters[meters.ts >= "2024-02-05"].drop(columns="kwh")
    wanted, _ = read(WithFuture(past, per_series), options)
    assert panel.item_ids == wanted.item_ids
    assert len(panel) == 3
    assert panel.known_ahead().tolist() == [5, 5, 5]
    np.testing.assert_array_equal(panel.known, wanted.known)
    np.testing.assert_array_equal(panel.target, wanted.target)


def test_when_the_series_is_found_by_its_name_then_the_future_file_needs_no_item_column_either(meters, tmp_path):
    one_site = meters[meters.site == "a"].drop(columns="site").rename(columns={"meter": "meter_id"})
    history(one_site).to_csv(tmp_path / "meters.csv", index=False)
    weather(meters).to_csv(tmp_path / "weather.csv", index=False)
    panel, _ = read(WithFuture(tmp_path / "meters.csv", tmp_path / "weather.csv"), ReadOptions(target=("kwh",)))
    assert panel.item_ids == ("1", "2")
    assert panel.schema.known == ("temp_c",)
    assert panel.known_ahead().tolist() == [5, 5]


def test_when_the_future_file_has_only_some_item_columns_then_the_error_names_the_others(meters):
    plan = meters.loc[(meters.meter == 1) & (meters.ts >= "2024-02-05"), ["site", "ts", "temp_c"]]
    with pytest.raises(DataError, match=r"no column 'meter', which is needed to match the rows"):
        read(WithFuture(history(meters), plan), OPTIONS)


def test_when_a_future_file_without_item_columns_repeats_a_timestamp_then_the_error_names_the_row(meters):
    plan = pd.concat([weather(meters), weather(meters).assign(temp_c=1.5)])
    with pytest.raises(DataError, match=r"row 6: 2024-02-05.* has several rows, and no column 'site', 'meter'"):
        read(WithFuture(history(meters), plan), OPTIONS)


@pytest.mark.parametrize("known", [(), ("temp_c",)])
def test_when_the_data_lacks_the_past_of_a_known_covariate_then_the_hint_is_to_join_it(meters, known):
    past = history(meters).drop(columns="temp_c")
    with pytest.raises(DataError, match=r"no column 'temp_c', which .* has") as caught:
        read(WithFuture(past, weather(meters)), dataclasses.replace(OPTIONS, known=known))
    assert "must be in the data too: join them to its rows by time" in caught.value.hint


def test_when_a_known_covariate_is_in_neither_file_then_the_error_is_that_of_the_data(meters):
    with pytest.raises(ConfigError, match='known="wind": no such column'):
        read(WithFuture(history(meters), weather(meters)), dataclasses.replace(OPTIONS, known=("wind",)))


def test_when_the_timestamps_of_the_future_file_have_another_name_then_the_hint_names_their_column(meters):
    plan = weather(meters).rename(columns={"ts": "time"})
    for stamps in (plan.time, plan.time.dt.strftime("%Y-%m-%d")):
        with pytest.raises(DataError, match="no column 'ts', which is needed to match the rows") as caught:
            read(WithFuture(history(meters), plan.assign(time=stamps)), OPTIONS)
        assert caught.value.hint == "rename its column 'time' to 'ts'"


def test_when_known_covariates_are_named_then_other_columns_of_the_future_file_are_ignored(meters):
    plan = weather(meters).assign(humidity=50.5, station="airport")
    options = dataclasses.replace(OPTIONS, known=("temp_c",))
    panel, _ = read(WithFuture(history(meters), plan), options)
    wanted, _ = read(WithFuture(history(meters), weather(meters)), options)
    assert panel.schema.known == ("temp_c",)
    np.testing.assert_array_equal(panel.known, wanted.known)


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%Y/%m/%d"])
def test_when_a_series_ends_later_than_others_then_its_observed_rows_stay_and_the_rest_is_added(meters, written):
    late = (meters.meter == 2) & (meters.ts < "2024-02-07")
    past = meters[late | (meters.ts < "2024-02-05")].assign(ts=lambda rows: rows.ts.dt.strftime(written))
    plan = weather(meters).assign(temp_c=lambda rows: rows.temp_c + 1, ts=lambda rows: rows.ts.dt.strftime("%Y-%m-%d"))
    panel, _ = read(WithFuture(past, plan), dataclasses.replace(OPTIONS, known=("temp_c",)))
    assert panel.known_ahead().tolist() == [5, 3, 5]
    np.testing.assert_array_equal(
        panel.known[panel.origin[1] - 2 : panel.indptr[2], 0], [*(plan.temp_c[:2] - 1), *plan.temp_c[2:]]
    )


def test_when_the_time_of_day_has_a_column_of_its_own_then_rows_later_that_day_are_kept(meters):
    hours = pd.date_range("2024-01-01", periods=40, freq="h")
    whole = meters.assign(ts=np.tile(hours.strftime("%Y-%m-%d"), 3), hour=np.tile(hours.strftime("%H:%M"), 3))
    last = np.tile(np.arange(40) >= 35, 3)
    plan = whole.loc[last & (whole.site == "b"), ["ts", "hour", "temp_c"]]
    options = dataclasses.replace(OPTIONS, timestamp="ts,hour", known=("temp_c",))
    assert read(WithFuture(whole[~last], plan), options)[0].known_ahead().tolist() == [5, 5, 5]


@pytest.mark.parametrize("shape", ["single", "wide", "one row per series", "one row for all"])
def test_when_the_future_file_begins_before_the_end_of_the_data_then_its_earlier_rows_are_ignored(meters, wide, shape):
    options = ReadOptions()
    if shape == "single":
        rows = wide[["date", "north", "promo"]]
        past, plan, last = rows[:35], rows[28:].drop(columns="north"), rows.promo[35:]
        options = ReadOptions(target=("north",), known=("promo",))
    elif shape == "wide":
        past, plan, last = wide[:35], wide[28:][["date", "promo"]], wide.promo[35:]
    else:
        past, options = history(meters), OPTIONS
        plan = meters[meters.ts >= "2024-01-28"].drop(columns="kwh")
        last = weather(meters).temp_c
        plan = plan if shape == "one row per series" else plan.loc[plan.site == "b", ["ts", "temp_c"]]
    name, stamp = ("promo", "date") if shape in ("single", "wide") else ("temp_c", "ts")
    forecast = plan.assign(**{name: plan[name] + 9 * (plan[stamp] < "2024-02-05")})  # not what was measured later
    panel, report = read(WithFuture(past, forecast), options)
    assert set(panel.known_ahead().tolist()) == {5}
    assert panel.known.max() < 11, "the measured values stay"
    np.testing.assert_allclose(panel.known[panel.origin[0] : panel.indptr[1], 0], last)
    assert not report.repaired


def test_when_the_newest_rows_of_the_data_lack_the_covariate_then_the_future_file_fills_them(meters):
    past = history(meters)
    past = past.assign(temp_c=past.temp_c.where(past.ts < "2024-02-04"))
    plan = meters[(meters.site == "b") & (meters.ts >= "2024-02-04")][["ts", "temp_c"]]
    panel, _ = read(WithFuture(past, plan), dataclasses.replace(OPTIONS, known=("temp_c",)))
    wanted, _ = read(WithFuture(history(meters), weather(meters)), dataclasses.replace(OPTIONS, known=("temp_c",)))
    np.testing.assert_array_equal(panel.known, wanted.known)


def test_when_the_future_rows_are_in_several_files_then_all_are_read_and_errors_name_theirs(meters, tmp_path):
    plan = weather(meters)
    for name, rows in (("1.csv", plan[:2]), ("2.csv", plan[2:])):
        rows.to_csv(tmp_path / name, index=False)
    panel, _ = read(WithFuture(history(meters), tmp_path), OPTIONS)
    assert panel.known_ahead().tolist() == [5, 5, 5]
    pd.concat([plan[2:], plan[4:]]).assign(temp_c=[1, 2, 3, 4]).to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(DataError, match=r"2\.csv, line 5: 2024-02-09.* has several rows"):
        read(WithFuture(history(meters), tmp_path), OPTIONS)


def test_when_known_covariates_are_switched_off_or_the_data_is_ingested_then_a_future_file_is_refused(meters, tmp_path):
    with pytest.raises(ConfigError, match='known="none" leaves no covariate for `future`'):
        read(WithFuture(history(meters), weather(meters)), dataclasses.replace(OPTIONS, known=("none",)))
    save_panel(read(history(meters), OPTIONS)[0], tmp_path / "panel.parquet")
    with pytest.raises(ConfigError, match=r"panel\.parquet: already ingested; future rows cannot be added"):
        read(WithFuture(tmp_path / "panel.parquet", weather(meters)))


def test_when_rows_of_a_table_were_taken_and_others_follow_then_each_still_names_its_file():
    first, second = (Where([(name, 3, None)]) for name in ("a.csv", "b.csv"))
    joined = below([first, second.of(np.array([2, 0, 2]))], [3, 3])
    assert [joined(row) for row in (0, 2, 3, 4, 5)] == [
        f"{n}, row {k}" for n, k in (("a.csv", 1), ("a.csv", 3), ("b.csv", 3), ("b.csv", 1), ("b.csv", 3))
    ]


def autumn(hours: pd.DatetimeIndex) -> pd.DataFrame:
    """Weather of these instants, at the wall clock of Berlin."""
    return pd.DataFrame(
        {"time": hours.tz_convert("Europe/Berlin").strftime("%Y-%m-%d %H:%M"), "temp": np.arange(len(hours)) % 11.0}
    )


@pytest.mark.parametrize("ahead", [0, 24])
def test_when_clocks_are_set_back_within_a_weather_file_then_the_doubled_hour_applies_to_all_series(ahead):
    hours = pd.date_range("2026-10-20", periods=180, freq="h", tz="UTC")
    weather = autumn(hours)
    end = int(np.flatnonzero(weather.time.duplicated())[0]) + (10 if not ahead else -10)  # the change lies before, or after it
    load = pd.concat([weather[:end].assign(site=name, load=np.arange(end) % 24 + 1.0) for name in ("a", "b")])
    options = ReadOptions(timezone="Europe/Berlin", target=("load",), known=("temp",))
    once, _ = read(WithFuture(load, weather), options)
    each, _ = read(WithFuture(load, pd.concat([weather.assign(site=name) for name in ("a", "b")])), options)
    np.testing.assert_array_equal(once.known, each.known)
    assert once.known_ahead().tolist() == [180 - end] * 2
    np.testing.assert_array_equal(once.known[:180, 0], weather.temp)
    with pytest.raises(DataError, match="2026-10-25 02:00"):
        read(WithFuture(load, weather), dataclasses.replace(options, timezone=None))


def test_when_the_weather_has_utc_offsets_and_no_row_after_the_end_then_the_data_is_read_as_without_it():
    stamps = pd.date_range("2026-03-01", periods=200, freq="h")
    load = pd.DataFrame(
        {"time": stamps.strftime("%d.%m.%Y %H:%M"), "load": np.arange(200) % 24 + 1.0, "temp": np.arange(200) % 11.0}
    )
    past = pd.DataFrame({"time": stamps[:50].strftime("%Y-%m-%dT%H:%MZ"), "temp": np.arange(50) % 11.0})
    options = ReadOptions(timezone="UTC", target=("load",), known=("temp",))
    plain, _ = read(load, options)
    panel, _ = read(WithFuture(load, past), options)
    np.testing.assert_array_equal(panel.target, plain.target)
    assert panel.known_ahead().tolist() == [0]


@pytest.mark.parametrize("items", [True, False])
def test_when_the_weather_begins_before_the_data_then_its_earlier_rows_are_ignored(items):
    stamps = pd.date_range("2026-03-01", periods=480, freq="15min")
    load = pd.DataFrame({"time": stamps, "load": np.arange(480) % 96 + 1.0, "temp": np.arange(480) % 11.0})
    load = pd.concat([load.assign(site=name)[40 * k :] for k, name in enumerate("ab")]) if items else load
    hours = pd.date_range("2026-02-20", periods=400, freq="h")
    weather = pd.DataFrame({"time": hours, "temp": np.arange(400) % 11.0})
    options = ReadOptions(target=("load",), known=("temp",))
    late, _ = read(WithFuture(load, weather[hours > stamps[-1]]), options)
    whole, _ = read(WithFuture(load, weather), options)
    assert whole.freq == late.freq
    np.testing.assert_array_equal(whole.start, late.start)
    np.testing.assert_array_equal(whole.known, late.known)


@pytest.mark.parametrize("data", ["table.csv", "frame.parquet"])
@pytest.mark.parametrize("plan", ["plan.csv", "plan.parquet"])
def test_when_an_index_without_a_name_holds_the_dates_of_one_file_then_it_matches_those_of_the_other(wide, tmp_path, data, plan):
    history, future = wide[:35].set_index("date"), wide[35:].set_index("date")[["promo"]]
    history.to_csv(tmp_path / "table.csv")
    history.rename_axis(None).to_parquet(tmp_path / "frame.parquet")
    future.rename_axis(None).to_csv(tmp_path / "plan.csv")
    future.rename_axis(None).to_parquet(tmp_path / "plan.parquet")
    panel, _ = read(WithFuture(tmp_path / data, tmp_path / plan), ReadOptions(known=("promo",)))
    assert panel.known_ahead().tolist() == [5, 5]


def test_when_both_files_name_their_dates_then_a_different_name_is_an_error(wide):
    with pytest.raises(DataError, match="no column 'date'"):
        read(WithFuture(wide[:35], wide[35:].rename(columns={"date": "day"})[["day", "promo"]]), ReadOptions(known=("promo",)))


def test_when_the_future_file_has_more_series_than_the_data_then_one_warning_names_them(meters):
    plan = meters[meters.ts >= "2024-02-05"].drop(columns="kwh")
    more = pd.concat([plan, plan[plan.site == "b"].assign(meter=7), plan[plan.site == "b"].assign(site="c")])
    wanted, plain = read(WithFuture(history(meters), plan), OPTIONS)
    panel, report = read(WithFuture(history(meters), more), OPTIONS)
    assert panel.item_ids == wanted.item_ids
    np.testing.assert_array_equal(panel.known, wanted.known)
    assert (report.left_out, report.repaired) == ((), plain.repaired)
    (said,) = set(report.warnings) - set(plain.warnings)
    assert said.endswith("have no row in the data and get no forecast: 'b/7', 'c/1'")
    assert said.startswith("2 series of ")


def test_when_a_series_of_the_data_has_rows_without_a_value_then_it_is_still_left_out_by_name(meters):
    past = history(meters).assign(kwh=lambda rows: rows.kwh.where(rows.site == "a"))
    panel, report = read(WithFuture(past, weather(meters)), OPTIONS)
    assert panel.item_ids == ("a/1", "a/2")
    assert report.left_out == ("b/1",)


def test_when_no_series_of_the_future_file_is_in_the_data_then_the_data_is_read_without_future_rows(meters):
    plan = meters[meters.ts >= "2024-02-05"].drop(columns="kwh").assign(site=lambda rows: rows.site.str.upper())
    panel, report = read(WithFuture(history(meters), plan), OPTIONS)
    assert panel.known_ahead().tolist() == [0, 0, 0]
    assert any("'A/1', 'A/2', 'B/1'" in said for said in report.warnings)
