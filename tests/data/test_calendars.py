"""Grids of open slots: walking, text, windows, files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsattn.data.calendars import OpenSlots, as_ranges, of_ranges
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.store import load_panel, save_panel
from tsattn.data.windows import Origins, gather
from tsattn.errors import ConfigError
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import predict

TIMETABLES = (
    ("D@Mon-Sat", 6, 6),
    ("D@Sun-Thu", 5, 5),
    ("15min@Mon-Fri/09:30-15:45", 26, 130),
    ("5min@Mon-Fri/09:00-11:25+12:30-14:55", 60, 300),
    ("h@Mon-Thu/00:00-23:00,Fri/00:00-21:00,Sun/22:00-23:00", 24, 120),
    ("h@Mon-Fri/08:00-19:00,Sat/09:00-13:00", 65, 65),
    ("30min@Sun-Thu/10:00-14:30", 10, 50),
    ("h@Mon-Sun/06:00-22:00", 17, 119),
)


@pytest.mark.parametrize(("text", "season", "week"), TIMETABLES)
def test_a_timetable_is_read_back_from_its_text_with_its_seasons(text: str, season: int, week: int) -> None:
    freq = Freq.parse(text)
    assert Freq.parse(freq.alias) == freq
    assert freq.season_length == season
    assert max(freq.season_lengths) == week
    assert not freq.is_subdaily
    assert freq.plain.alias == text.partition("@")[0]


@pytest.mark.parametrize(
    "text",
    ["D@Mon-Xxx", "D@", "15min@Mon-Fri", "15min@Mon/16:00-09:30", "W@Mon-Fri", "7h@Mon/09:00-16:00", "B@Mon-Fri", "MS@Mon"],
)
def test_a_text_that_is_no_timetable_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        Freq.parse(text)
    assert error.value.hint


def open_days(draw_closed: list[int], draw_extra: list[int]) -> Freq:
    freq = Freq.parse("D@Mon-Sat")
    assert freq.open is not None
    sundays = np.datetime64("2024-01-07", "D") + 7 * np.array(sorted(set(draw_extra)), int)
    first = int(freq.open.slot_at(np.array([np.datetime64("2024-01-01", "us").astype(np.int64)]))[0][0])
    closed = tuple(first + k for k in sorted(set(draw_closed)))
    return replace(
        freq, open=replace(freq.open, closed=closed, extra=tuple(sundays.astype("datetime64[us]").astype(np.int64).tolist()))
    )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 150), max_size=20), st.lists(st.integers(0, 25), max_size=6), st.integers(0, 80), st.integers(1, 90)
)
def test_walking_visits_each_open_day_once_and_counts_back(closed: list[int], extra: list[int], skip: int, steps: int) -> None:
    freq = open_days(closed, extra)
    assert freq.open is not None
    days = np.datetime64("2024-01-01", "us") + np.arange(400) * np.timedelta64(1, "D")
    timetable = np.flatnonzero((days.astype("datetime64[D]").astype(np.int64) + 3) % 7 != 6)
    wanted = np.union1d(np.delete(days[timetable], sorted(set(closed))), np.array(freq.open.extra, "datetime64[us]"))
    start = wanted[skip]
    np.testing.assert_array_equal(freq.advance(start, np.arange(steps)), wanted[skip : skip + steps])
    found, exact = freq.steps_between(start, days)
    np.testing.assert_array_equal(days[exact], wanted[wanted <= days[-1]])
    np.testing.assert_array_equal(found[exact], np.arange(exact.sum()) - skip)


def test_days_keep_the_clock_time_of_their_start() -> None:
    freq = Freq.parse("D@Mon-Sat")
    found = freq.advance(np.datetime64("2024-05-03T17:00", "us"), np.arange(3))
    assert found.astype(str).tolist() == [
        "2024-05-03T17:00:00.000000",
        "2024-05-04T17:00:00.000000",
        "2024-05-06T17:00:00.000000",
    ]


def test_two_timetables_are_equal_whatever_their_exceptions() -> None:
    assert open_days([3], []) == open_days([], [2])
    assert hash(open_days([3], [])) == hash(open_days([], []))
    assert open_days([], []) != Freq.parse("D@Mon-Fri")


def panel_of(freq: Freq, days: int) -> Panel:
    """A value for each day of the week, 10 times its number, on every open day of `days` steps."""
    start = np.datetime64("2024-01-01", "us")
    stamps = freq.advance(start, np.arange(days))
    target = (10 * ((stamps.astype("datetime64[D]").astype(np.int64) + 3) % 7)).astype(np.float32)
    return Panel(freq, ("shop",), np.array([0, days]), np.array([start]), target, np.array([days]))


def test_weeks_stay_aligned_after_a_closed_day_and_a_day_outside_the_timetable() -> None:
    panel = panel_of(open_days([45, 46, 80], [3, 9]), 120)
    batch = gather(panel, Origins(np.array([0]), np.array([100])), 60, 12)
    past = batch.past_target[0]
    assert np.isnan(past).sum() == 3
    by_phase = past.reshape(-1, 6)
    for column in by_phase.T:
        assert len(set(column[~np.isnan(column)].tolist())) == 1


def test_a_forecast_skips_closed_days_and_gives_each_open_day_its_own_value() -> None:
    panel = panel_of(open_days([45, 104, 105, 110], []), 100)
    made, _ = predict(SeasonalNaive(6), panel, horizon=20)
    weekday = (made.timestamps[0].astype("datetime64[D]").astype(np.int64) + 3) % 7
    np.testing.assert_array_equal(made.median[0], 10 * weekday)
    assert not np.isin(panel.freq.steps_between(panel.start[0], made.timestamps[0])[1], [False]).any()
    assert len(set(made.timestamps[0].tolist())) == 20


@pytest.mark.parametrize("row", [30, 44, 45, 46, 60, 79, 80])
def test_nothing_at_or_after_the_origin_enters_the_past_of_a_timetable(row: int) -> None:
    panel = panel_of(open_days([45, 46, 80], [3, 7, 9]), 120)
    origins = Origins(np.array([0]), np.array([row]))
    target = panel.target.copy()
    target[row:] = 9e9
    one, two = gather(panel, origins, 60, 20), gather(replace(panel, target=target), origins, 60, 20)
    np.testing.assert_array_equal(one.past_target, two.past_target)


def test_a_panel_of_open_slots_comes_back_from_a_file_with_its_exceptions(tmp_path: Path) -> None:
    panel = panel_of(open_days([45, 46, 80], [3, 9]), 120)
    save_panel(panel, tmp_path / "panel.parquet")
    again = load_panel(tmp_path / "panel.parquet")
    assert again.freq.alias == "D@Mon-Sat"
    np.testing.assert_array_equal(again.timestamps(0), panel.timestamps(0))
    assert again.freq.open is not None
    assert panel.freq.open is not None
    assert (again.freq.open.closed, again.freq.open.extra) == (panel.freq.open.closed, panel.freq.open.extra)


def test_ranges_stand_for_their_numbers() -> None:
    numbers = (1, 2, 3, 9, 11, 12)
    assert as_ranges(numbers) == [[1, 4], [9, 10], [11, 13]]
    assert of_ranges(as_ranges(numbers)) == numbers
    assert as_ranges(()) == []


def test_open_slots_without_a_slot_are_refused() -> None:
    with pytest.raises(ConfigError, match="timetable"):
        OpenSlots(86_400_000_000, ())
