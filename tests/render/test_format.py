from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.freq import Freq
from tsattn.render.format import count, decimals, duration, interval_levels, interval_name, number, span, stamps
from tsattn.render.sparkline import sparkline


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (1234.5678, 2, "1,234.57"),
        (-0.0001, 2, "0.00"),
        (float("nan"), 2, "–"),
        (3e15, 0, "3e+15"),
        (-2.5e-12, 8, "-2.5e-12"),
        (-5.25, 1, "-5.2"),
    ],
)
def test_when_numbers_are_printed_then_they_read_well(value, places, text):
    assert number(value, places) == text


@pytest.mark.parametrize(("scale", "places"), [(0.0, 2), (5.0, 3), (70.0, 2), (12345.0, 0), (0.00123, 6), (1e-30, 8)])
def test_when_values_are_small_then_more_decimals_are_shown(scale, places):
    assert decimals(np.array([scale, np.nan])) == places


def test_when_the_step_is_coarse_then_timestamps_are_short():
    stamp = np.array(["2024-03-31T22:00"], "datetime64[us]")
    assert stamps(stamp.astype("datetime64[M]"), Freq.parse("MS")) == ["2024-03"]
    assert stamps(stamp.astype("datetime64[D]"), Freq.parse("D")) == ["2024-03-31"]
    assert stamps(stamp, Freq.parse("h")) == ["2024-03-31 22:00"]
    assert stamps(stamp, Freq.parse("h"), "Europe/Berlin") == ["2024-04-01 00:00+02:00"]
    assert stamps(np.array([7], "datetime64[us]"), Freq.parse("step")) == ["7"]


@pytest.mark.parametrize(
    ("steps", "freq", "text"),
    [
        (48, "h", "48 hours"),
        (1, "D", "1 day"),
        (20, "B", "20 business days"),
        (8, "QS", "8 quarters"),
        (96, "15min", "96 steps of 15min"),
        (108, "30min@Mon-Fri/09:30-15:45", "108 steps of 30min"),
    ],
)
def test_when_a_horizon_is_named_then_in_the_words_of_its_frequency(steps, freq, text):
    assert span(steps, Freq.parse(freq)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.34, "2.3 s"), (59.6, "1 min"), (125, "2 min 5 s"), (3780, "1 h 3 min"), (71 * 3600, "71 h"), (76 * 3600, "3 days 4 h")],
)
def test_when_durations_are_printed_then_in_two_units_at_most(seconds, text):
    assert duration(seconds) == text


def test_when_the_80_percent_interval_is_not_there_then_the_widest_pair_is_named():
    assert interval_levels((0.1, 0.5, 0.9)) == (0.1, 0.9)
    assert interval_name((0.1, 0.9)) == "80 % interval"
    assert interval_levels((0.05, 0.5, 0.95)) == (0.05, 0.95)
    assert interval_name((0.05, 0.95)) == "90 % interval"
    assert interval_name((0.1, 0.95)) == "0.1 to 0.95"
    assert interval_levels((0.5,)) is None
    assert interval_levels((0.6, 0.9)) is None


def test_when_nouns_are_counted_then_the_plural_is_right():
    assert count(1, "series", "series") == "1 series"
    assert count(1200, "row") == "1,200 rows"


def test_when_a_series_has_gaps_then_the_sparkline_has_blanks_and_keeps_its_length():
    history, future = np.array([1.0, np.nan, 3.0, 4.0]), np.array([5.0, 6.0])
    assert sparkline(history, future) == ("▁ ▄▅", "▇█")


def test_when_the_horizon_is_long_then_the_sparkline_stays_short():
    before, after = sparkline(np.arange(5000.0), np.arange(720.0), 32)
    assert len(before) + len(after) <= 32
    assert len(after) >= 5


def test_when_demand_has_ceased_then_a_small_forecast_is_drawn_small():
    history = np.concatenate([np.tile([0.0, 9.0], 40), np.zeros(60)])
    assert sparkline(history, np.array([0.2, 0.4, 0.1])) == ("▁" * 29, "▁▁▁")
    assert sparkline(np.zeros(60), np.array([0.0, 0.5])) == ("▁" * 30, "▁█")


def test_when_nothing_is_observed_or_nothing_changes_then_the_sparkline_still_draws():
    assert sparkline(np.full(3, np.nan), np.full(2, 7.0)) == ("   ", "▄▄")


@pytest.mark.parametrize(
    ("alias", "days", "shown"),
    [
        ("MS", ["2024-01-01", "2024-02-01"], ["2024-01", "2024-02"]),
        ("ME", ["2024-01-31", "2024-02-29"], ["2024-01", "2024-02"]),
        ("QE", ["2024-03-31", "2024-06-30"], ["2024-03", "2024-06"]),
        ("MS", ["2024-01-15", "2024-02-15"], ["2024-01-15", "2024-02-15"]),
        ("D", ["2024-01-01", "2024-02-01"], ["2024-01-01", "2024-02-01"]),
    ],
)
def test_when_timestamps_are_months_then_first_and_last_days_are_shown_alike(alias, days, shown):
    assert stamps(np.array(days, "datetime64[us]"), Freq.parse(alias)) == shown


def test_when_values_differ_by_rounding_only_then_the_sparkline_is_flat():
    assert sparkline(np.ones(10), np.full(4, 0.99999994)) == ("▄" * 10, "▄" * 4)
    assert sparkline(np.full(3, 100.0), np.array([100.0, 101.0])) == ("▁▁▁", "▁█")
