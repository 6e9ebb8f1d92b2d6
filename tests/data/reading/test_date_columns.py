"""Choice of the timestamp column, errors of ambiguous ones, and the fix that each error suggests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.reading.kinds import series
from tsattn.data.panel import Panel
from tsattn.data.report import ReadReport
from tsattn.errors import DataError


def _rows(stamps: list[str], *more: list[object]) -> list[str]:
    """Rows of a stamp and a value that counts 10, 11, 12, …"""
    cells = more or ([10 + i for i in range(len(stamps))],)
    return [",".join(map(str, row)) for row in zip(stamps, *cells, strict=True)]


def _check(read_as: tuple[Panel, ReadReport], freq: str, first: str, last: str, rows: int, items: int = 1) -> None:
    panel, report = read_as
    assert (panel.freq.alias, report.first, report.last, len(panel), report.rows) == (freq, first, last, items, rows * items)


# -- dates in one column -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stamps", "freq", "first", "last"),
    [
        ("Quarter", ["1Q22", "2Q22", "3Q22", "4Q22", "1Q23"], "QS", "2022-01-01", "2023-01-01"),
        ("period", ["2022-H1", "2022-H2", "2023-H1", "2023-H2"], "2QS", "2022-01-01", "2023-07-01"),
        ("Year", ["FY21", "FY22", "FY23", "FY24"], "YS", "2021-01-01", "2024-01-01"),
        ("season", ["2009-10", "2010-11", "2011-12", "2012-13"], "YS", "2009-01-01", "2012-01-01"),
        ("season", ["2021/22", "2022/23", "2023/24"], "YS", "2021-01-01", "2023-01-01"),
        ("week", ["2024-W01", "2024-W02", "2024-W03", "2024-W04"], "W", "2024-01-01", "2024-01-22"),
        ("semana", ["W50 2023", "W51 2023", "W52 2023", "W01 2024"], "W", "2023-12-11", "2024-01-01"),
        ("month", ["2014m9", "2014m10", "2014m11", "2014m12"], "MS", "2014-09-01", "2014-12-01"),
        ("Mês", ["jan/22", "fev/22", "mar/22", "abr/22", "mai/22"], "MS", "2022-01-01", "2022-05-01"),
        ("Päivä", ["1. tammikuuta 2024", "2. tammikuuta 2024", "3. tammikuuta 2024"], "D", "2024-01-01", "2024-01-03"),
        ("Tarih", ["30 Ocak 2024", "31 Ocak 2024", "1 Şubat 2024"], "D", "2024-01-30", "2024-02-01"),
        ("日期", ["2024年2月28日", "2024年2月29日", "2024年3月1日"], "D", "2024-02-28", "2024-03-01"),
        ("time", ["2024-02-28/2024-02-29", "2024-02-29/2024-03-01", "2024-03-01/2024-03-02"], "D", "2024-02-28", "2024-03-01"),
        ("Date", ["45350", "45351", "45352", "45353"], "D", "2024-02-28", "2024-03-02"),
        ("Date", ["45292", "45292.0416667", "45292.0833333", "45292.125"], "h", "2024-01-01", "2024-01-01T03:00:00"),
        ("date", ["202311", "202312", "202401", "202402"], "MS", "2023-11-01", "2024-02-01"),
        ("week", ["202351", "202352", "202401", "202402"], "W", "2023-12-18", "2024-01-08"),
        ("time", ["2024059", "2024060", "2024061"], "D", "2024-02-28", "2024-03-01"),
        ("date", ["30012024", "31012024", "01022024", "02022024"], "D", "2024-01-30", "2024-02-02"),
        ("time", ["1949.9167", "1950.0000", "1950.0833"], "MS", "1949-12-01", "1950-02-01"),
        ("Date", ["1871.09", "1871.1", "1871.11", "1871.12", "1872.01"], "MS", "1871-09-01", "1872-01-01"),
        ("year", ["2100", "2101", "2102", "2103"], "YS", "2100-01-01", "2103-01-01"),
        ("date", ["24/01/29", "24/01/30", "24/01/31", "24/02/01"], "D", "2024-01-29", "2024-02-01"),
        ("date", ["29/01/24", "30/01/24", "31/01/24", "01/02/24"], "D", "2024-01-29", "2024-02-01"),
    ],
)
def test_a_column_of_dates_is_the_timestamp(table, name: str, stamps: list[str], freq: str, first: str, last: str) -> None:
    _check(table(f"{name},value", _rows(stamps)), freq, first, last, len(stamps))


def test_zone_names_over_a_clock_change_are_one_series(table) -> None:
    stamps = ["2024-11-03 00:00 EDT", "2024-11-03 01:00 EDT", "2024-11-03 01:00 EST", "2024-11-03 02:00 EST"]
    panel, report = table("time,value", _rows(stamps))
    assert (panel.freq.alias, panel.tz, report.rows) == ("h", "America/New_York", 4)
    assert (report.first, report.last) == ("2024-11-03T00:00:00-04:00", "2024-11-03T02:00:00-05:00")


def test_epochs_whose_unit_changes_are_one_series(table) -> None:
    seconds = [1714953600 + 3600 * i for i in range(12)]
    stamps = [str(s * 1000) if i < 6 else str(s * 1_000_000) for i, s in enumerate(seconds)]
    _check(table("", _rows(stamps)), "h", "2024-05-06T00:00:00+00:00", "2024-05-06T11:00:00+00:00", 12)


def test_digits_of_dates_are_found_in_any_column_without_a_header(table) -> None:
    days = [f"202401{d:02d}" for d in range(1, 13)]
    rows = [f"{s},{d},T,{v}" for v, d in enumerate(days) for s in ("A1", "B2")]
    _check(table("", rows), "D", "2024-01-01", "2024-01-12", 12, items=2)


def test_blank_cells_below_a_date_are_filled_down_and_reported(table) -> None:
    rows = ["2024-01-01,a,1", ",b,2", ",c,3", "2024-01-02,a,4", ",b,5", ",c,6", "2024-01-03,a,7", ",b,8", ",c,9"]
    panel, report = table("date,shop,sales", rows)
    assert [panel.history(k).tolist() for k in range(3)] == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]
    assert [(r.count, Path(r.where).name) for r in report.repaired if "filled down" in r.what] == [(6, "data.csv, line 3")]


def test_a_missing_date_is_not_filled_down(table) -> None:
    with pytest.raises(DataError, match="no timestamp"):
        table("date,value", ["2024-01-01,1", ",2", "2024-01-03,3", "2024-01-04,4", "2024-01-05,5"])


# -- numbers that are no dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("visitors", [1800 + i for i in range(12)]),
        ("order_id", [20240101 + i for i in range(12)]),
        ("travel_time", [1500 + i for i in range(12)]),
        ("load", [202401 + i for i in range(12)]),
        ("load", [45292 + i for i in range(12)]),
    ],
)
def test_numbers_with_another_name_are_not_taken_for_time(table, name: str, numbers: list[int]) -> None:
    panel, report = table(f"{name},value", _rows([str(n) for n in numbers]))
    assert panel.freq.alias == "step"
    assert not [f for f in report.found if f.what == "timestamp" and name in f.value]


def test_a_month_as_a_name_of_an_item_is_not_a_date(table) -> None:
    rows = [f"2024-01-0{d},{name},{d}" for d in range(1, 6) for name in ("May", "June", "April")]
    panel, _ = table("date,girl,count", rows)
    assert panel.item_ids == ("May", "June", "April")


def test_a_second_column_of_dates_is_not_a_target(table) -> None:
    rows = [f"2024-01-{d:02d},202401{d:02d},{1704067200 + 86400 * d},{d}" for d in range(1, 10)]
    panel, report = table("date,day_key_date,created_at,value", rows)
    assert panel.item_ids == ("value",)
    assert any("other dates" in f.value for f in report.found)


def test_a_quarter_beside_a_date_does_not_make_two_timestamps(table) -> None:
    rows = [f"2024-{m:02d}-01,{(m - 1) // 3 + 1}Q24,{m}" for m in range(1, 13)]
    _check(table("date,quarter,value", rows), "MS", "2024-01-01", "2024-12-01", 12)


# -- stops -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stamps"),
    [
        ("Datum", ["erster", "zweiter", "dritter"]),
        ("fecha", ["2024-13-01", "2024-13-02", "2024-13-03"]),
        ("jour", ["32 janvier 2024", "33 janvier 2024", "34 janvier 2024"]),
        ("when_it_was", ["2024-13-01", "2024-13-02", "2024-13-03"]),
        ("date", ["Jan-01", "Jan-02", "Jan-03", "Jan-04"]),
        ("time", ["00:00", "00:15", "00:30", "00:45"]),
    ],
)
def test_a_column_that_says_time_and_cannot_be_read_stops(table, name: str, stamps: list[str]) -> None:
    with pytest.raises(DataError) as stopped:
        table(f"{name},value", _rows(stamps))
    text = str(stopped.value)
    assert "data.csv, line 2" in text
    assert repr(name) in text
    assert 'timestamp="none"' in text
    assert table(f"{name},value", _rows(stamps), timestamp="none")[0].freq.alias == "step"


def test_halves_of_seconds_are_not_decimal_years(table) -> None:
    with pytest.raises(DataError, match='timestamp="none"'):
        table("time,value", _rows([f"{1500 + k / 2}" for k in range(12)]))


@pytest.mark.parametrize("name", ["hour", "Monat", "time"])
def test_numbers_that_say_time_and_cannot_be_read_stop(table, name: str) -> None:
    numbers = ["0.5", "1.5", "2.5", "0.5", "1.5"]
    with pytest.raises(DataError, match='timestamp="none"'):
        table(f"{name},value", _rows(numbers))
    assert table(f"{name},value", _rows(numbers), timestamp="none", target=("value",))[0].freq.alias == "step"


def test_years_of_two_digits_first_or_last_stop_with_an_option_that_works(table) -> None:
    stamps = [f"24/{m:02d}/01" for m in range(1, 13)]
    with pytest.raises(DataError, match='date_order="ymd"'):
        table("date,value", _rows(stamps))
    _check(table("date,value", _rows(stamps), date_order="ymd"), "MS", "2024-01-01", "2024-12-01", 12)
    _check(table("date,value", _rows(stamps[:3]), date_order="dmy"), "MS", "2001-01-24", "2001-03-24", 3)


def test_two_columns_of_dates_stop_with_an_option_that_works(table) -> None:
    rows = [f"2024-01-{d:02d},2024-02-{d:02d},{d}" for d in range(1, 9)]
    with pytest.raises(DataError, match='timestamp="ordered"'):
        table("ordered,shipped,value", rows)
    _check(table("ordered,shipped,value", rows, timestamp="ordered"), "D", "2024-01-01", "2024-01-08", 8)


def test_dekads_advise_to_number_the_rows(table) -> None:
    rows = [f"2024-{m:02d}-{d},{m}" for m in range(1, 13) for d in ("01", "11", "21")]
    with pytest.raises(DataError) as stopped:
        table("date,rain", rows)
    assert "days 1, 11 and 21" in str(stopped.value)
    assert stopped.value.hint == "number the rows: --timestamp none"
    panel, _ = table("date,rain", rows, timestamp="none")
    np.testing.assert_array_equal(panel.history(0), np.repeat(np.arange(1, 13), 3))


def test_the_evidence_for_a_timestamp_names_its_format_its_cells_and_the_next_best(table) -> None:
    days = [f"{d:02d}/01/2024" for d in range(1, 29)]
    shipped = [f"2024-02-{d:02d}" for d in range(1, 29)]
    _, report = table("datum,shipped,value", _rows(days, shipped, list(range(28))), timestamp="datum")
    found = {e.what: e for e in report.evidence}
    assert (found["timestamp format"].taken, found["timestamp format"].why) == ("day/month (dmy)", "all 28 cells match")
    assert found["timestamp format"].over == "mdy: 12 cells match"


@pytest.mark.parametrize("head", ["year,sales", "YEAR,sales", "jahr,sales"])
def test_years_of_two_digits_are_of_the_20th_century_with_a_warning(take, head):
    panel, report = take(head + "\n" + "".join(f"{year},{year + 100}\n" for year in range(63, 93)))
    assert (panel.freq.alias, str(panel.start[0])[:4], series(panel)[0]) == ("YS", "1963", 163)
    assert any("years 63 to 92 are read as 1963 to 1992" in warning for warning in report.warnings)


@pytest.mark.parametrize(("name", "first"), [("year_built", 63), ("year", 20)])
def test_other_numbers_of_two_digits_are_no_years(take, name, first):
    _, report = take(f"date,{name},v\n" + "".join(f"2024-01-{d:02d},{first + d},{d}\n" for d in range(1, 29)))
    assert not any("are read as 19" in warning for warning in report.warnings)


def test_quarters_of_fiscal_years_are_warned_of(take):
    rows = "".join(f"{y}/{(y + 1) % 100} Q{q},{y + q}\n" for y in range(2015, 2020) for q in range(1, 5))
    _, report = take("Quarter,Applications\n" + rows)
    assert any("quarter of a fiscal year, whose first month is not written" in warning for warning in report.warnings)
