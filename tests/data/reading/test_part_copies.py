"""Columns of numbers that repeat a part of the date are not forecast; others are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table

MONTHS = [str(np.datetime64("2021-01") + k) for k in range(36)]
SALES = [100 + 7 * k % 31 for k in range(36)]
QUARTERS = [((int(m[5:]) - 10) % 12) // 3 + 1 for m in MONTHS]  # of years that begin in October
YEARS = [int(m[:4]) + (int(m[5:]) > 9) for m in MONTHS]
SUNDAY_FIRST = [(int(np.datetime64(d).astype(int)) + 4) % 7 for d in ISO]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Fiscal Quarter Number", QUARTERS),
        ("fiscal_year", YEARS),
        ("record_calendar_month", [int(m[5:]) for m in MONTHS]),
        ("Calendar Quarter", [(int(m[5:]) + 2) // 3 for m in MONTHS]),
    ],
)
def test_parts_of_fiscal_and_calendar_years_are_not_forecast(take, name, values):
    panel, _ = take(table(f"month,sales,{name}", MONTHS, SALES, values))
    assert panel.item_ids == ("sales",)


def test_weekdays_may_be_counted_from_any_day(take):
    assert take(table("date,weekday,sales", ISO, SUNDAY_FIRST, LARGE))[0].item_ids == ("sales",)


def test_a_quarter_that_is_not_the_dates_is_a_series(take):
    assert len(take(table("month,sales,Quarter Number", MONTHS, SALES, [k % 4 + 1 for k in range(36)]))[0]) == 2


@pytest.mark.parametrize("name", ["kW", "load_kW", "実績(kW)"])
def test_kilowatts_are_no_weeks(take, name):
    panel, _ = take(table(f"date,{name}", ISO, LARGE))
    assert series(panel) == LARGE


def test_weeks_are_not_forecast(take):
    weeks = [int(np.datetime64(d).item().isocalendar()[1]) for d in ISO]
    assert take(table("date,KW,sales", ISO, weeks, LARGE))[0].item_ids == ("sales",)


def test_a_clock_in_millionths_of_a_day_is_not_forecast(take):
    clock = [f"{(19723 + 25569 + k) * 1e6:.3f}" for k in range(20)]
    assert take(table("date,value,Time_ms", ISO, LARGE, clock))[0].item_ids == ("value",)


def test_a_first_column_of_any_name_that_counts_the_rows_is_left_out(take):
    panel, report = take(table("Scan,Time,level,flow", range(1, 21), ISO, LARGE, LARGE[::-1]))
    assert panel.item_ids == ("level", "flow")
    assert any("only counts the rows" in str(r) and "'Scan'" in str(r) for r in report.repaired)
