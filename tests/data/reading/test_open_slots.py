"""Open slots found in rows, or named; holidays; the last period."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.calendars import OpenSlots
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.reading.last_period import checked
from tsattn.data.reading.open_slots import find_timetable
from tsattn.data.reading.read import read
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import predict

DAY = np.timedelta64(1, "D")
FOUND = (
    ("D@Mon-Sat", 8),
    ("D@Sun-Thu", 8),
    ("D@Tue-Sun", 8),
    ("15min@Mon-Fri/09:30-15:45", 2),
    ("5min@Mon-Fri/09:00-11:25+12:30-14:55", 3),
    ("h@Mon-Thu/00:00-23:00,Fri/00:00-21:00,Sun/22:00-23:00", 8),
    ("h@Mon-Fri/08:00-19:00,Sat/09:00-13:00", 8),
    ("30min@Sun-Thu/10:00-14:30", 8),
    ("h@Mon-Sun/06:00-22:00", 3),
)


def stamps_of(freq: Freq, weeks: int) -> np.ndarray:
    """The open slots of whole weeks from Monday, 2024-01-01."""
    assert freq.open is not None
    start = np.datetime64("2024-01-01", "us")
    count = weeks * len(freq.open.week)
    first = freq.open.time_of(freq.open.number_at(np.array([start.astype(np.int64) - 1]))[0] + 1)
    return freq.advance(first.astype("datetime64[us]"), np.arange(count))


def write(path: Path, stamps: np.ndarray, values: np.ndarray | None = None, suffix: str = "") -> Path:
    numbers = np.arange(len(stamps)) if values is None else values
    lines = [f"{str(stamp)[:19]}{suffix},{value}" for stamp, value in zip(stamps, numbers, strict=True)]
    path.write_text("time,y\n" + "\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(("alias", "weeks"), FOUND)
def test_a_timetable_is_found_in_its_rows(alias: str, weeks: int) -> None:
    freq = Freq.parse(alias)
    assert freq.open is not None
    stamps = stamps_of(freq, weeks)
    assert find_timetable(stamps.astype(np.int64), freq.open.step) == freq.open


@pytest.mark.parametrize(("alias", "weeks"), [pair for pair in FOUND if pair[1] == 8])
def test_a_timetable_is_found_although_a_twentieth_of_the_rows_and_two_days_are_missing(alias: str, weeks: int) -> None:
    freq = Freq.parse(alias)
    assert freq.open is not None
    stamps = stamps_of(freq, weeks + 4)
    kept = np.random.default_rng(0).random(len(stamps)) > 0.05
    kept &= ~np.isin(stamps.astype("datetime64[D]"), np.array(["2024-02-06", "2024-03-05"], "datetime64[D]"))
    assert find_timetable(stamps[kept].astype(np.int64), freq.open.step) == freq.open


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_rows_that_are_missing_by_chance_make_no_timetable(share: float) -> None:
    rng = np.random.default_rng(0)
    for step, count in ((24 * 60, 200), (60, 24 * 21), (15, 96 * 9)):
        us = (np.datetime64("2024-01-01", "us") + np.arange(count) * np.timedelta64(step, "m")).astype(np.int64)
        assert find_timetable(us[rng.random(count) < share], step * 60_000_000) is None


def test_too_few_weeks_are_no_evidence_for_a_closed_day() -> None:
    freq = Freq.parse("D@Mon-Sat")
    assert find_timetable(stamps_of(freq, 2).astype(np.int64), 24 * 3_600_000_000) is None


@pytest.mark.parametrize(("alias", "weeks"), FOUND)
def test_no_forecast_lies_in_a_closed_slot_and_each_slot_has_its_own_value(alias: str, weeks: int, tmp_path: Path) -> None:
    freq = Freq.parse(alias)
    assert freq.open is not None
    stamps = stamps_of(freq, weeks + 1)
    values = np.arange(len(stamps)) % len(freq.open.week)
    panel, report = read(write(tmp_path / "rows.csv", stamps, values))
    assert panel.freq == freq
    assert report.missing == 0
    made, _ = predict(SeasonalNaive(len(freq.open.week)), panel, horizon=2 * len(freq.open.week))
    assert freq.steps_between(stamps[0], made.timestamps[0])[1].all()
    np.testing.assert_array_equal(made.median[0], (len(stamps) + np.arange(made.horizon)) % len(freq.open.week))


def test_a_plain_grid_is_kept_on_request_and_where_nothing_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", stamps_of(Freq.parse("D@Mon-Sat"), 8))
    assert read(path, ReadOptions(calendar="none"))[0].freq.alias == "D"
    assert read(path, ReadOptions(freq="D"))[0].freq.alias == "D"
    assert read(path)[0].freq.alias == "D@Mon-Sat"
    days = np.datetime64("2024-01-01", "us") + np.arange(60) * DAY
    weekdays = days[(days.astype("datetime64[D]").astype(np.int64) + 3) % 7 < 5]
    assert read(write(tmp_path / "daily.csv", days))[0].freq.alias == "D"
    assert read(write(tmp_path / "weekdays.csv", weekdays))[0].freq.alias == "B"


def test_a_few_rows_outside_the_timetable_are_kept_and_reported(tmp_path: Path) -> None:
    stamps = stamps_of(Freq.parse("D@Mon-Sat"), 30)
    sundays = np.array(["2024-03-24", "2024-06-16"], "datetime64[us]")
    both = np.sort(np.concatenate([stamps, sundays]))
    panel, report = read(write(tmp_path / "rows.csv", both))
    assert panel.freq.alias == "D@Mon-Sat"
    np.testing.assert_array_equal(panel.timestamps(0), both)
    np.testing.assert_array_equal(panel.target, np.arange(len(both)))
    assert any("2 timestamps lie outside Mon-Sat" in warning for warning in report.warnings)


def test_a_week_that_is_named_is_taken_and_one_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", stamps_of(Freq.parse("D@Mon-Sat"), 2))
    assert read(path, ReadOptions(calendar="Mon-Sat"))[0].freq.alias == "D@Mon-Sat"
    with pytest.raises(DataError, match="outside Mon-Wed") as error:
        read(path, ReadOptions(calendar="Mon-Wed"))
    assert "--calendar none" in (error.value.hint or "")


def test_sessions_of_zoned_rows_follow_the_wall_clock(tmp_path: Path) -> None:
    freq = Freq.parse("h@Mon-Fri/09:00-16:00")
    stamps = stamps_of(freq, 20)
    lines = [f"{str(s)[:19]}{'-05:00' if s < np.datetime64('2024-03-10') else '-04:00'},{k}" for k, s in enumerate(stamps)]
    path = tmp_path / "rows.csv"
    path.write_text("time,y\n" + "\n".join(lines) + "\n", "utf-8")
    panel, _ = read(path)
    assert (panel.freq, panel.tz) == (freq, "America/New_York")
    np.testing.assert_array_equal(panel.timestamps(0), stamps)
    utc = panel.instants(panel.timestamps(0)[[0, -1]])
    assert utc.astype("datetime64[h]").astype(str).tolist() == ["2024-01-01T14", "2024-05-17T20"]


# -- named calendars --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["XNYS", "XLON", "XTKS", "XSHG"])
@pytest.mark.parametrize("step", ["D", "30min"])
def test_forecasts_by_an_exchange_lie_in_its_sessions(code: str, step: str, tmp_path: Path) -> None:
    package = pytest.importorskip("exchange_calendars")
    calendar = package.get_calendar(code, start="2023-11-01", end="2024-12-31")
    days = np.asarray(calendar.sessions.values, "datetime64[D]")
    if step == "D":
        stamps = days.astype("datetime64[us]")
    else:
        minutes = calendar.trading_index(calendar.first_session, calendar.last_session, "30min", intervals=False, closed="left")
        stamps = np.asarray(minutes.tz_convert(calendar.tz).tz_localize(None).values, "datetime64[us]")
    past = stamps[stamps < np.datetime64("2024-03-27")]
    past = past[-1200:]
    panel, _ = read(write(tmp_path / "rows.csv", past), ReadOptions(calendar=code))
    assert panel.freq.open is not None
    made, _ = predict(SeasonalNaive(), panel, horizon=60)
    ahead = stamps[stamps >= np.datetime64("2024-03-27")][:60]
    np.testing.assert_array_equal(made.timestamps[0], ahead)


def test_an_unknown_calendar_is_refused_with_the_nearest(tmp_path: Path) -> None:
    pytest.importorskip("exchange_calendars")
    path = write(tmp_path / "rows.csv", stamps_of(Freq.parse("D@Mon-Fri"), 3))
    with pytest.raises(ConfigError, match="no such calendar") as error:
        read(path, ReadOptions(calendar="XNYZ"))
    assert "XNYS" in (error.value.hint or "")


def test_holidays_are_closed_where_the_rows_stop_on_them(tmp_path: Path) -> None:
    package = pytest.importorskip("holidays")
    german = package.country_holidays("DE", years=(2022, 2023, 2024))
    stamps = np.datetime64("2022-01-03", "us") + np.arange(840) * DAY
    weekday = (stamps.astype("datetime64[D]").astype(np.int64) + 3) % 7
    closed = np.array([str(s)[:10] in german for s in stamps])
    panel, _ = read(write(tmp_path / "shop.csv", stamps[(weekday < 6) & ~closed]), ReadOptions(holidays=("DE",)))
    made, _ = predict(SeasonalNaive(), panel, horizon=30)
    ahead = {str(s)[:10] for s in made.timestamps[0]}
    assert panel.freq.alias == "D@Mon-Sat"
    assert not panel.schema.known_features
    assert not ahead & {"2024-05-01", "2024-05-09", "2024-05-20"}  # Labour Day, Ascension Day, Whit Monday


def test_holidays_are_a_known_covariate_where_the_rows_go_on(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    stamps = np.datetime64("2023-01-01", "us") + np.arange(400) * DAY
    panel, _ = read(write(tmp_path / "load.csv", stamps), ReadOptions(holidays=("DE", "US-NY")))
    assert panel.freq.alias == "D"
    names = panel.schema.known_features
    assert names == tuple(f"{when}holiday {region}" for region in ("DE", "US-NY") for when in ("", "before ", "after "))
    assert panel.known_ahead().min() >= 60
    days = panel.timestamps(0).astype("datetime64[D]")
    assert {"2023-05-01", "2024-05-01"} <= set(days[panel.known[:, 0] == 1].astype(str).tolist())
    assert "2024-07-04" in set(days[panel.known[:, names.index("holiday US-NY")] == 1].astype(str).tolist())
    again, _ = read(tmp_path / "load.csv", schema=panel.schema)  # as a model that was trained with them reads the data
    np.testing.assert_array_equal(again.known, panel.known)


def marked(panel: Panel, name: str) -> set[str]:
    """The days on which a known covariate is 1."""
    on = panel.known[:, panel.schema.known_features.index(name)] == 1
    return set(panel.timestamps(0).astype("datetime64[D]")[on].astype(str).tolist())


def test_the_days_before_and_after_holidays_are_columns_of_their_own_and_no_holidays_themselves(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    stamps = np.datetime64("2023-01-01", "us") + np.arange(400) * DAY
    panel, _ = read(write(tmp_path / "load.csv", stamps), ReadOptions(holidays=("DE",)))
    before, after = marked(panel, "before holiday DE"), marked(panel, "after holiday DE")
    assert {"2023-12-24", "2023-12-31", "2024-04-30"} <= before  # the last lies in the future rows
    assert {"2023-12-27", "2023-04-08", "2023-05-19"} <= after  # Boxing Day, Good Friday and Ascension Day come before them
    assert not (before | after) & marked(panel, "holiday DE")
    assert not {"2023-12-25", "2023-12-26"} & (before | after)


def test_the_day_before_a_holiday_on_monday_is_friday_in_business_days(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    stamps = np.busday_offset(np.datetime64("2023-01-02"), np.arange(300)).astype("datetime64[us]")
    panel, _ = read(write(tmp_path / "orders.csv", stamps), ReadOptions(holidays=("DE",), freq="B"))
    assert {"2023-04-28", "2023-05-26"} <= marked(panel, "before holiday DE")  # Labour Day and Whit Monday are Mondays
    assert {"2023-05-02", "2023-05-30", "2023-05-19"} <= marked(panel, "after holiday DE")


def test_hours_before_a_holiday_are_those_of_the_day_before(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    stamps = np.datetime64("2023-04-20", "us") + np.arange(24 * 30) * np.timedelta64(1, "h")
    panel, _ = read(write(tmp_path / "hours.csv", stamps), ReadOptions(holidays=("DE",)))
    assert "2023-04-30" in marked(panel, "before holiday DE")
    on = panel.known[:, panel.schema.known_features.index("before holiday DE")] == 1
    assert (on & (panel.timestamps(0).astype("datetime64[D]") == np.datetime64("2023-04-30"))).sum() == 24


def test_a_model_that_was_trained_on_holidays_alone_reads_no_days_before_and_after(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    stamps = np.datetime64("2023-01-01", "us") + np.arange(400) * DAY
    path = write(tmp_path / "load.csv", stamps)
    panel, _ = read(path, schema=replace(read(path)[0].schema, known_features=("holiday DE",)))
    assert panel.schema.known_features == ("holiday DE",)


def test_an_unknown_region_is_refused_with_an_example(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    path = write(tmp_path / "load.csv", np.datetime64("2023-01-01", "us") + np.arange(40) * DAY)
    with pytest.raises(ConfigError, match="no such country"):
        read(path, ReadOptions(holidays=("Germany",)))
    with pytest.raises(ConfigError, match="no part"):
        read(path, ReadOptions(holidays=("US-XX",)))


# -- the last period --------------------------------------------------------------------------------------------------


def test_a_day_that_is_cut_short_is_reported_and_left_out_on_request(tmp_path: Path) -> None:
    hours = np.datetime64("2024-03-01", "us") + np.arange(24 * 20 + 13) * np.timedelta64(1, "h")
    path = write(tmp_path / "hours.csv", hours)
    options = {"resample": "D", "agg": "sum"}
    panel, report = read(path, ReadOptions(**options))
    assert len(panel.target) == 21
    assert any("2024-03-21, may be unfinished" in w and "--drop-last" in w for w in report.warnings)
    shorter, report = read(path, ReadOptions(**options, drop_last=True))
    np.testing.assert_array_equal(shorter.target, panel.target[:-1])
    assert report.repaired[-1].what == "last period left out"
    whole, report = read(write(tmp_path / "whole.csv", hours[: 24 * 20]), ReadOptions(**options))
    assert not report.warnings
    assert len(whole.target) == 20


def panel_until(last: str, freq: str, values: list[float]) -> Panel:
    step = Freq.parse(freq)
    start = step.advance(np.datetime64(last, "us"), np.array(1 - len(values)))
    return Panel.from_arrays([np.array(values)], freq=step, start=start)


@pytest.mark.parametrize(
    ("last", "freq", "open_"),
    [
        ("2026-11-28", "D", True),
        ("2026-11-27", "D", False),
        ("2026-11-01", "MS", True),
        ("2026-10-01", "MS", False),
        ("2026-11-30", "ME", True),
        ("2026-12-31", "QE", True),
        ("2026-09-30", "QE", False),
        ("2026-11-23", "W", True),  # a Monday begins the week
        ("2026-11-16", "W", False),
        ("2026-11-29", "W", True),  # a Sunday ends it
        ("2026-11-22", "W", False),
        ("2026-11-28", "W", True),  # today, whether the week begins or ends
        ("2026-11-27", "W", False),
        ("2026-11-16", "2W", True),
        ("2026-11-09", "2W", False),
    ],
)
def test_a_period_that_is_not_over_yet_is_reported(last: str, freq: str, open_: bool) -> None:
    notes = Notes()
    checked(panel_until(last, freq, [5.0, 6.0, 7.0]), "", False, notes, dt.datetime(2026, 11, 28, 12))
    assert bool(notes.warnings) == open_


@pytest.mark.parametrize(
    ("name", "last", "first"),
    [
        ("Woche ab", "2026-11-22", "2026-11-22"),
        ("week_start", "2026-11-27", "2026-11-27"),
        ("week ending", "2026-11-30", "2026-11-24"),
        ("week ending", "2026-11-23", None),
        ("Woche bis", "2026-11-22", None),
        ("w", "2026-11-22", None),
    ],
)
def test_the_name_of_the_column_may_say_whether_its_dates_begin_or_end_the_weeks(tmp_path, name, last, first):
    notes = Notes()
    panel = panel_until(last, "W", [5.0, 6.0, 7.0])
    panel = replace(panel, schema=replace(panel.schema, timestamp=name))
    checked(panel, "", False, notes, dt.datetime(2026, 11, 28, 12))
    assert [f"the week that begins on {first} is not over yet" in w for w in notes.warnings] == ([True] if first else [])


def test_a_last_value_far_below_all_before_is_reported() -> None:
    notes = Notes()
    usual = [100.0, 110.0, 120.0, 130.0, 140.0, 90.0, 95.0] * 4
    checked(panel_until("2020-03-01", "D", [*usual, 45.0]), "", False, notes)
    assert "may be unfinished" in notes.warnings[0]
    quiet = Notes()
    checked(panel_until("2020-03-01", "D", [*usual, 80.0]), "", False, quiet)
    assert not quiet.warnings


@pytest.mark.parametrize("days", [(1, 11, 21), (1, 15)])
def test_parts_of_a_month_are_advised_to_be_numbered(days: tuple[int, ...], tmp_path: Path) -> None:
    stamps = np.array([f"{y}-{m:02d}-{d:02d}" for y in (2021, 2022) for m in range(1, 13) for d in days], "datetime64[us]")
    path = write(tmp_path / "parts.csv", stamps)
    with pytest.raises(DataError, match="of each month") as error:
        read(path)
    assert error.value.hint == "number the rows: --timestamp none"


def test_steps_of_microseconds_are_refused_with_options_and_read_on_request(tmp_path: Path) -> None:
    path = tmp_path / "us.csv"
    path.write_text("time,y\n" + "".join(f"2024-01-01T00:00:00.{k:06d},{k % 7}\n" for k in range(60)), "utf-8")
    with pytest.raises(DataError, match="60 rows in steps of us") as error:
        read(path)
    assert all(flag in (error.value.hint or "") for flag in ("--freq us", "--resample", "--timestamp none"))
    panel, _ = read(path, ReadOptions(freq="us"))
    assert max(panel.freq.season_lengths, default=1) <= 10_000_000
    made, _ = predict(SeasonalNaive(), panel, horizon=5)
    assert np.isfinite(made.values).all()


def test_a_timetable_needs_a_step_within_a_day() -> None:
    with pytest.raises(ConfigError):
        OpenSlots(7 * 3_600_000_000, (0,))


def test_the_frequency_that_is_advised_for_uneven_rows_leaves_at_most_a_third_of_its_steps_empty(tmp_path: Path) -> None:
    gaps = np.random.default_rng(0).integers(8, 13, 80)
    stamps = np.datetime64("2020-01-01T07:30", "us") + np.cumsum(gaps) * DAY
    path = write(tmp_path / "uneven.csv", stamps)
    with pytest.raises(DataError) as error:
        read(path)
    advised = str(error.value.hint).split("--resample ")[1].split()[0].rstrip(";")
    panel, _ = read(path, ReadOptions(resample=advised))
    assert np.isnan(panel.target).mean() <= 1 / 3


@pytest.mark.parametrize("first", ["2024-01-01", "2024-01-03"])
def test_sessions_on_the_five_working_days_are_a_timetable(first: str) -> None:
    freq = Freq.parse("5min@Mon-Fri/09:30-15:55")
    assert freq.open is not None
    stamps = stamps_of(freq, 3)
    kept = np.unique(stamps[stamps >= np.datetime64(first)].astype("datetime64[D]"))[:5]
    us = stamps[np.isin(stamps.astype("datetime64[D]"), kept)].astype(np.int64)
    assert find_timetable(us, freq.open.step) == freq.open


@pytest.mark.parametrize("days", [2, 3, 4])
def test_where_sessions_are_too_few_for_a_timetable_the_warning_names_calendars(days: int, tmp_path: Path) -> None:
    freq = Freq.parse("5min@Mon-Fri/09:30-15:55")
    stamps = stamps_of(freq, 1)[: 78 * days]
    path = tmp_path / "bars.csv"
    path.write_text("time,close\n" + "".join(f"{t},{k % 78}\n" for k, t in enumerate(stamps)), "utf-8")
    panel, report = read(path, ReadOptions())
    warned = [w for w in report.warnings if "steps of 5min have a row" in w]
    assert panel.freq.open is None
    assert ["--calendar XNYS" in w for w in warned] == [True]
    named, _ = read(path, ReadOptions(calendar="Mon-Fri/09:30-15:55"))
    assert named.freq == freq
