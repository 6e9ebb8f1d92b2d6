"""Deviations from the last cycle: they persist in weather, and their size separates faults from drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from tsattn.data.panel import Panel
from tsattn.forecasting.persistence import BEYOND, PastDeviations, deviations_of

DAY = 24


def weather(rows: int = 1000) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=rows)
    return 20 * np.sin(2 * np.pi * np.arange(rows) / DAY) + lfilter([1.0], [1.0, -0.97], noise)


def traffic(rows: int = 1000) -> np.ndarray:
    """Hours with quiet nights and weekends, and noise in proportion."""
    t = np.arange(100, 100 + rows)
    level = np.where(t // DAY % 7 >= 5, 0.6, 1.0) * np.where(t % DAY < 6, 0.3, 1.0)
    return level * (200 + 100 * np.sin(2 * np.pi * t / DAY)) * (1 + 0.06 * np.random.default_rng(0).normal(size=rows))


def test_deviations_persist_in_weather_and_not_where_only_weekends_differ_from_the_day_before():
    assert deviations_of(weather(), (DAY, 7 * DAY), 6).persist
    assert deviations_of(traffic(), (DAY,), 6).persist
    found = deviations_of(traffic(), (DAY, 7 * DAY), 6)
    assert (found.persist, found.cycle, found.limit) == (False, 7 * DAY, 0.0)


def test_when_no_value_is_known_then_deviations_are_unlimited_and_do_not_persist():
    found = deviations_of(np.full(1000, np.nan), (DAY,), 6)
    assert (found.cycle, found.large, found.persist) == (0, math.inf, False)


def test_the_limit_lies_beyond_nearly_all_deviations_and_a_short_fault_does_not_move_it():
    y = weather()
    found = deviations_of(y, (DAY,), 6)
    away = np.abs(y[DAY:] - y[:-DAY])
    assert (away > found.limit / BEYOND).mean() == pytest.approx(0.02, abs=0.01)
    assert (away > found.limit).mean() < 0.002
    y[500:505] += 1000
    assert deviations_of(y, (DAY,), 6).limit == pytest.approx(found.limit, rel=0.25)


def test_minutes_are_compared_with_the_day_before_and_not_only_with_the_hour_before():
    t = np.arange(5 * 1440)
    y = 50 + 20 * np.sin(2 * np.pi * t / 1440) + np.random.default_rng(0).normal(size=len(t))
    panel = Panel.from_arrays([y], freq="min", start="2024-01-01")
    found = PastDeviations(panel, panel.target.astype(np.float64), 15).before(0, len(y))
    assert (found.cycle, found.persist) == (1440, False)


def test_when_a_level_is_continued_then_only_values_before_it_count():
    y = np.tile(np.arange(float(DAY)), 20)
    y[300:] = 1e6
    panel = Panel.from_arrays([y], freq="h", start="2024-01-01")
    past = PastDeviations(panel, panel.target.astype(np.float64), 6)
    rows = np.array([300, 310, 400])
    np.testing.assert_allclose(past.continued(0, 300, rows)[0], rows % DAY)
    assert np.isnan(past.continued(0, 5, rows)[0]).all()  # no deviation is known before it


def test_when_rows_are_added_then_the_deviations_before_a_row_stay():
    y = weather(3000)
    for row in (1500, 1503):
        short, long = (
            PastDeviations(panel, panel.target.astype(np.float64), 6).before(0, row)
            for panel in (Panel.from_arrays([y[:rows]], freq="h", start="2024-01-01") for rows in (1600, 3000))
        )
        assert short == long
