"""What --as-of means: a time, a day, a week or a month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import tsattn
from tests.batch.conftest import rows, write_csv
from tsattn.data.as_of import as_of_name, known_at, on_grid, parse_as_of
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError


def newest(freq, text, start="2024-01-01", count=3000, tz=None):
    """The last timestamp, as people read it, that --as-of leaves of a long series."""
    panel = replace(Panel.from_arrays([np.arange(count, dtype=np.float32)], freq=freq, start=start), tz=tz)
    cut = known_at(panel, on_grid(parse_as_of(text), panel))
    last = cut.freq.advance(cut.start, cut.lengths - 1)
    return str(panel.local(last)[0].astype("datetime64[m]"))


@pytest.mark.parametrize("text", ["2024-03-01", "2024-03-01T06:00", "2024-03-01T06:30", "2024-03-01T00:00", "2024-03", "2024-02"])
@pytest.mark.parametrize("freq", ["h", "30min", "D"])
def test_when_a_time_is_given_then_the_same_values_are_known_as_in_a_slice_of_pandas(freq, text):
    stamps = pd.date_range("2024-01-01", periods=3000, freq=freq)
    frame = pd.Series(np.arange(3000), stamps)
    if "T" in text:  # pandas takes such a text for a whole minute, or hour
        sliced = frame[frame.index <= text]
    else:
        sliced = frame.loc[:text]
    assert newest(freq, text) == f"{sliced.index[-1]:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("freq", "text", "last"),
    [
        ("h", "2024-W05", "2024-02-04T23:00"),
        ("h", "20240301", "2024-03-01T23:00"),
        ("h", " 2024-02-29 ", "2024-02-29T23:00"),
        ("h", "2024-02-29T00:00", "2024-02-29T00:00"),
        ("D", "2024-02-29T12:00", "2024-02-29T00:00"),
        ("W-SUN", "2024-03-05", "2024-03-03T00:00"),
        ("ME", "2024-02", "2024-02-29T00:00"),
        ("ME", "2024-02-28", "2024-01-31T00:00"),
        ("MS", "2024-12", "2024-12-01T00:00"),
        ("QS", "2024-03", "2024-01-01T00:00"),
        ("W", "2024-W05", "2024-01-29T00:00"),
    ],
)
def test_when_a_period_is_given_then_all_of_it_is_known(freq, text, last):
    start = {"ME": "2024-01-31", "W-SUN": "2024-01-07"}.get(freq, "2024-01-01")
    assert newest(freq, text, start, 3000 if freq == "h" else 100) == last


@pytest.mark.parametrize(
    ("freq", "text", "last"),
    [
        ("W", "2024-01-31", "2024-01-22T00:00"),  # a Wednesday: the week from 29 January is not over
        ("W", "2024-02-04", "2024-01-29T00:00"),
        ("W", "2024-02-04T23:00", "2024-01-22T00:00"),
        ("W-SUN", "2024-02-04T12:00", "2024-01-28T00:00"),
        ("MS", "2024-03-15", "2024-02-01T00:00"),
        ("MS", "2024-03-31", "2024-03-01T00:00"),
        ("QS", "2024-02", "2023-10-01T00:00"),
        ("YS", "2025-06-30", "2024-01-01T00:00"),
        ("10D", "2024-01-19", "2024-01-01T00:00"),
        ("10D", "2024-01-20", "2024-01-11T00:00"),
    ],
)
def test_when_a_week_a_month_or_a_year_is_not_over_then_its_value_is_not_known(freq, text, last):
    start = {"W-SUN": "2023-01-01", "W": "2023-01-02", "10D": "2024-01-01"}.get(freq, "2023-01-01")
    assert newest(freq, text, start, 150) == last


def test_when_the_column_says_that_its_dates_end_the_weeks_then_a_monday_ends_one():
    panel = Panel.from_arrays([np.arange(100, dtype=np.float32)], freq="W", start="2024-01-01")
    panel = replace(panel, schema=replace(panel.schema, timestamp="week ending"))
    assert known_at(panel, on_grid(parse_as_of("2024-01-29"), panel)).lengths.tolist() == [5]
    assert known_at(panel, on_grid(parse_as_of("2024-01-28"), panel)).lengths.tolist() == [4]


def test_when_the_data_have_a_zone_then_the_day_ends_there_and_not_in_utc():
    assert newest("h", "2024-03-31", tz="Europe/Berlin") == "2024-03-31T23:00"  # a day of 23 hours
    assert newest("h", "2024-03-31T12:00Z", tz="Europe/Berlin") == "2024-03-31T14:00"


def test_when_daily_values_are_stamped_at_six_then_the_value_of_the_day_is_known():
    assert newest("D", "2024-02-10", "2024-01-01T06:00", 100) == "2024-02-10T06:00"


def test_when_a_period_is_named_then_the_name_says_that_it_is_its_end():
    assert [as_of_name(text) for text in ("2024-01-31", "2024-01", "2024-01-31T06:00")] == [
        "the end of 2024-01-31",
        "the end of 2024-01",
        "2024-01-31T06:00",
    ]
    with pytest.raises(ConfigError, match='as_of="2024-13" is not a time'):
        parse_as_of("2024-13")
    assert parse_as_of("9997-12-31").year == 9997


def test_when_hours_are_averaged_to_days_then_a_date_leaves_the_same_hours(tmp_path, shipped):
    data = write_csv(tmp_path / "data.csv", rows(1))
    hours = tsattn.forecast(data, as_of="2024-01-05", members="network", horizon=2)
    days = tsattn.forecast(data, as_of="2024-01-05", members="network", horizon=2, resample="D")
    assert hours.panel.lengths.tolist() == [5 * 24]
    assert 24 * days.panel.target[:5].sum() == pytest.approx(hours.panel.target[: 5 * 24].sum(), rel=1e-4)
    assert days.panel.lengths.tolist() == [5]
