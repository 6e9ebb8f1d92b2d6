"""Serial days of spreadsheets in the date systems 1900 and 1904."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from tests.data.reading.kinds import table

_ZERO = {"1900": dt.date(1899, 12, 30), "1904": dt.date(1904, 1, 1)}


def _rows(first: dt.date, system: str, step: int = 1) -> str:
    serial = [(first - _ZERO[system]).days + step * k for k in range(120)]
    return table("Date,Sales", serial, [100 + k % 7 for k in range(120)])


@pytest.mark.parametrize("step", [1, 7])
def test_when_serial_days_may_be_of_either_system_then_a_warning_names_both_dates_and_the_option(take, step):
    panel, report = take(_rows(dt.date(2018, 3, 5), "1904", step))
    assert panel.start[0] == np.datetime64("2014-03-04")
    assert any("2018-03-05" in w and "--date-system 1904" in w for w in report.warnings)


@pytest.mark.parametrize("system", ["1900", "1904"])
def test_when_the_date_system_is_given_then_days_are_read_in_it_without_a_warning(take, system):
    panel, report = take(_rows(dt.date(2018, 3, 5), system), date_system=system)
    assert panel.start[0] == np.datetime64("2018-03-05")
    assert not report.warnings


def test_when_dates_of_the_other_system_lie_in_the_future_then_there_is_no_warning(take):
    first = dt.date.today() - dt.timedelta(days=200)
    panel, report = take(_rows(first, "1900"))
    assert panel.start[0] == np.datetime64(first)
    assert not report.warnings


def test_when_only_days_since_1904_are_weekdays_then_they_are_read_so_and_the_option_overrides(take):
    days = [d for k in range(120) if (d := dt.date(2018, 3, 5) + dt.timedelta(days=k)).weekday() < 5]
    text = table("Date,Sales", [(d - _ZERO["1904"]).days for d in days], [100 + k % 5 for k in range(len(days))])
    assert take(text)[0].start[0] == np.datetime64("2018-03-05")
    assert take(text, date_system="1900", freq="D")[0].start[0] == np.datetime64("2014-03-04")
