"""Dates in words of further languages, ranges without a year at their start, and names of columns that mean time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.data import arrow
from tsattn.data.reading.date_texts import parse_texts
from tsattn.errors import DataError

ONE = {
    "2021. február 16.": "2021-02-16",
    "2010. január": "2010-01-01",
    "септември 2005": "2005-09-01",
    "Αυγούστου 2010": "2010-08-01",
    "juillet 2020": "2020-07-01",
    "ianuarie 2015": "2015-01-01",
    "Tháng 11/2015": "2015-11-01",
    "5 مارس 2024": "2024-03-05",
    "5 במרץ 2024": "2024-03-05",
    "二〇一〇年十一月": "2010-11-01",
    "二〇二四年二月二十一日": "2024-02-21",
    "1998年第三季度": "1998-07-01",
    "2021年10月02日 星期六": "2021-10-02",
    "2021年4月7日(水)": "2021-04-07",
    "2015年1月分": "2015-01-01",
    "民國104年1月": "2015-01-01",
    "104年12月": "2015-12-01",
    "R6.4.7": "2024-04-07",
    "2021-02-03 01:00:00 +0000 UTC": "2021-02-03T01",
    "ISODate('2021-12-18T05:00:00Z')": "2021-12-18T05",
    "<2023-01-02 Mon>": "2023-01-02",
    "05:00:00 Feb 17 2019": "2019-02-17T05",
    "2021-05-08 7h": "2021-05-08T07",
    "2010/11 Q3": "2010-07-01",
    "13 May - 19 May 2024": "2024-05-13",
    "30 Dec - 5 Jan 2024": "2023-12-30",
    "Dec 30 - Jan 5, 2024": "2023-12-30",
    "8-14 Jan 2024": "2024-01-08",
    "Nov 18–24, 2019": "2019-11-18",
    "22.02.-28.02.2021": "2021-02-22",
    "20230313-20230319": "2023-03-13",
    "Jan-Mar 2010": "2010-01-01",
    "Nov to Jan 2011": "2010-11-01",
    "2010 Apr-Jun": "2010-04-01",
    "01/1998-03/1998": "1998-01-01",
}


@pytest.mark.parametrize("text", ONE)
def test_a_date_is_read(text):
    parsed = parse_texts(arrow.strings([text]))
    assert not parsed.failed[0]
    assert parsed.wall[0] == np.datetime64(ONE[text], "us")


def test_a_range_that_ends_more_than_a_year_later_is_no_date():
    assert parse_texts(arrow.strings(["20230313-20240319"])).failed[0]


def test_the_header_of_another_script_does_not_take_rows_away(take):
    """A row that is no date is not a repeated header because neither has a Latin letter."""
    days = [f"۱۴۰۴/۰۲/{k:02d}".translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) for k in range(12, 32)]
    panel, report = take(table("تاریخ,v", days, LARGE))
    assert (series(panel), report.first) == (LARGE, "2025-05-02")


def test_a_date_with_points_alone_is_no_row_of_codes(take):
    stamps = ["16.10.2019", *(f"16.10.2019 {h:02d}:00:00" for h in range(1, 20))]
    panel, report = take(table("time;value", stamps, [60 + k for k in range(20)], sep=";"))
    assert (series(panel)[0], report.first) == (60, "2019-10-16")


def test_a_first_number_with_thin_spaces_is_no_header(take):
    panel, _ = take(table("date;v", ISO, [f"{v + 50_000:,},40".replace(",", "\u2009", 1) for v in LARGE], sep=";"))
    assert series(panel) == [v + 50_000.4 for v in LARGE]


@pytest.mark.parametrize("name", ["ERZET", "時"])
def test_the_time_of_day_in_a_column_of_its_own_is_part_of_the_timestamp(take, name):
    hours = [f"{h:02d}0000" for h in range(20)] if name == "ERZET" else [str(h + 1) for h in range(20)]
    panel, _ = take(table(f"ERDAT;{name};v", ["20240105"] * 20, hours, LARGE, sep=";"))
    assert (panel.freq.alias, series(panel)) == ("h", LARGE)


@pytest.mark.parametrize("name", ["mdate", "gps_week", "資料日期"])
def test_numbers_that_are_no_dates_in_a_column_named_as_a_time_stop(take, name):
    with pytest.raises(DataError, match="is not a date in a known format"):
        take(table(f"{name},v", range(660, 680), LARGE))


@pytest.mark.parametrize(
    ("name", "dates"), [("yymmdd", [d[2:].replace("-", "") for d in ISO]), ("yyyyddd", range(2024001, 2024021))]
)
def test_a_column_named_by_the_pattern_of_its_dates_is_read(take, name, dates):
    panel, report = take(table(f"{name},v", dates, LARGE))
    assert (series(panel), report.first) == (LARGE, "2024-01-01")


def test_a_first_column_in_equal_steps_is_not_forecast(take):
    panel, report = take(table("depth,v", range(100, 300, 10), LARGE))
    assert panel.item_ids == ("v",)
    assert any("counts steps" in r.what for r in report.repaired)
    assert "depth" in take(table("depth,v", range(100, 300, 10), LARGE), target=("depth",))[0].item_ids


def test_thirteen_periods_a_year_are_not_weeks(take):
    with pytest.raises(DataError, match="'202113' is not a date"):
        take(table("period,v", [100 * y + p for y in (2021, 2022) for p in range(1, 14)], range(26)))


def test_epochs_in_the_future_are_named(take):
    seconds = [2_500_000_000 + 3600 * k for k in range(20)]
    assert any("in the future (from 2049" in w for w in take(table("datetime,v", seconds, LARGE))[1].warnings)


def test_the_first_value_that_is_no_year_is_named(take):
    with pytest.raises(DataError, match=r"line 4, column 'time': '1980\.038"):
        take("time,value\n1980,1\n1981,2\n1980.038461,3\n1980.057692,4\n1980.076923,5\n")
