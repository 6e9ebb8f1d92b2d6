"""Dates with more than one reading: the one that makes an even grid is taken, or the file stops."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import GERMAN, ISO, LARGE, series, table
from tsattn.errors import DataError

DAYS = [np.datetime64("2019-01-01") + k for k in range(60)]
MONTHS = [np.datetime64("2022-01") + k for k in range(36)]
QUARTERS = [(2019 + k // 4, k % 4 + 1) for k in range(16)]
ROMAN = ("I", "II", "III", "IV")


def _texts(write, dates) -> list[str]:
    return [write(str(d)) for d in dates]


def test_digits_of_days_with_short_years_are_no_weeks(take):
    texts = _texts(lambda d: d[2:].replace("-", ""), DAYS)
    panel, report = take(table("date;v", texts, range(60), sep=";"))
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2019-01-01", list(range(60)))


def test_digits_of_months_with_short_years_are_no_years(take):
    panel, report = take(table("Monat;v", _texts(lambda d: d[2:].replace("-", ""), MONTHS), range(36), sep=";"))
    assert (panel.freq.alias, report.first) == ("MS", "2022-01-01")
    panel, report = take(table("year;v", range(2001, 2013), range(12), sep=";"))
    assert (panel.freq.alias, report.first) == ("YS", "2001-01-01")


@pytest.mark.parametrize("form", ["{0}0{1}", "{0}-{1}", "{0}-0{1}", "{0}.0{1}", "{0}.{1}"])
def test_numbers_up_to_four_after_each_year_are_quarters(take, form):
    panel, report = take(table("period;v", [form.format(*q) for q in QUARTERS], range(16), sep=";"))
    assert (panel.freq.alias, report.first, report.rows) == ("QS", "2019-01-01", 16)


def test_decimal_years_in_the_middle_of_quarters_begin_them(take):
    years = [f"{y + (q - 0.5) / 4:.3f}" for y, q in QUARTERS]
    panel, report = take(table("time,v", years, range(16)))
    assert (panel.freq.alias, report.first) == ("QS", "2019-01-01")


@pytest.mark.parametrize("form", ["{1}/{0}", "{0} {1}", "{1} kw. {0}", "{0}-{1}"])
def test_roman_numbers_are_quarters(take, form):
    texts = [form.format(y, ROMAN[q - 1]) for y, q in QUARTERS]
    panel, report = take(table("Quarter;v", texts, range(16), sep=";"))
    assert (panel.freq.alias, report.first, series(panel)) == ("QS", "2019-01-01", list(range(16)))
    years, numbers = zip(*((y, ROMAN[q - 1]) for y, q in QUARTERS), strict=True)
    assert take(table("Anno;Trimestre;v", years, numbers, range(16), sep=";"))[0].freq.alias == "QS"


def test_german_weeks_are_no_quarters(take):
    panel, report = take(table("Woche;v", [f"{k}. KW 2022" for k in range(1, 21)], range(20), sep=";"))
    assert (panel.freq.alias, report.first, report.rows) == ("W", "2022-01-03", 20)
    panel, _ = take(table("Kwartaal;v", [f"{q} kw {y}" for y, q in QUARTERS], range(16), sep=";"))
    assert panel.freq.alias == "QS"


@pytest.mark.parametrize(("first", "count"), [(1955, 60), (1990, 30), (2001, 25)])
def test_years_of_two_digits_follow_each_other(take, first, count):
    texts = [f"01-Jan-{(first + k) % 100:02d}" for k in range(count)]
    panel, report = take(table("Date;v", texts, range(count), sep=";"))
    assert (report.first, report.rows, series(panel)) == (f"{first}-01-01", count, list(range(count)))


def test_dates_of_which_a_spreadsheet_swapped_some_stop(take):
    days = [np.datetime64("2024-01-01") + k for k in range(60)]
    parts = [str(d).split("-") for d in days]
    texts = [f"{y}-{d}-{m}" if int(d) <= 12 else f"{d}/{m}/{y}" for y, m, d in parts]
    with pytest.raises(DataError, match=r"'2024-01-01' the day is 12 or less.*a spreadsheet has swapped"):
        take(table("date;v", texts, range(60), sep=";"))
    panel, _ = take(table("date;v", [*map(str, days[:30]), *(f"{d}/{m}/{y}" for y, m, d in parts[30:])], range(60), sep=";"))
    assert series(panel) == list(range(60))


def test_a_range_of_days_is_no_time_of_day(take):
    weeks = [np.datetime64("2022-01-03") + 7 * k for k in range(20)]
    texts = [" - ".join(f"{str(d)[8:]}.{str(d)[5:7]}.{str(d)[:4]}" for d in (w, w + 6)) for w in weeks]
    panel, report = take(table("Woche;v", texts, range(20), sep=";"))
    assert (panel.freq.alias, report.first, series(panel)) == ("W", "2022-01-03", list(range(20)))


@pytest.mark.parametrize(
    "write",
    [
        lambda d: f"{d[8:]}.{d[5:7]}.{d[:4]} klo 0.00",
        lambda d: f"{d[8:]}-{d[5:7]}-{d[:4]} kl. 00.00",
        lambda d: f"{d}-00.00.00.000000",
        lambda d: f"{d}T00:00:00Z/P1D",
    ],
)
def test_further_forms_of_a_timestamp_are_read(take, write):
    panel, report = take(table("time;v", _texts(write, DAYS[12:]), range(48), sep=";"))
    assert (panel.freq.alias, report.first[:10], series(panel)) == ("D", "2019-01-13", list(range(48)))


def test_years_after_1420_are_not_of_the_persian_calendar(take):
    texts = [f"1445-{1 + k // 29:02d}-{1 + k % 29:02d}" for k in range(58)]
    with pytest.raises(DataError, match="'1445-02-29' is not a date"):
        take(table("Date;v", texts, range(58), sep=";"))


# names of columns


def test_years_above_quarters_are_part_of_their_names(take):
    head = ";2020;;;;2021;;;\nRegion;Q1;Q2;Q3;Q4;Q1;Q2;Q3;Q4\n"
    panel, report = take(head + "Nord;" + ";".join(map(str, range(8))) + "\nOst;" + ";".join(map(str, range(8, 16))) + "\n")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("Nord", "Ost"), "QS", "2020-01-01")
    assert series(panel, 1) == list(range(8, 16))


def test_columns_named_by_weeks_are_steps(take):
    names = [f"2022{w:02d}" for w in range(40, 53)] + [f"2023{w:02d}" for w in range(1, 8)]
    panel, report = take(",".join(["Product", *names]) + "\n" + "".join(f"{i},{','.join(map(str, LARGE))}\n" for i in "AB"))
    assert (panel.item_ids, panel.freq.alias, report.first) == (("A", "B"), "W", "2022-10-03")


def test_the_order_of_dates_in_names_of_columns_can_be_set(take):
    text = "sku,01/01/2021,01/02/2021,01/03/2021,01/04/2021\nA,1,2,3,4\nB,5,6,7,8\n"
    with pytest.raises(DataError, match="may be day/month or month/day"):
        take(text.replace(",4\n", "\n").replace(",8\n", "\n").replace(",01/04/2021", ""))
    assert take(text, date_order="dmy")[0].freq.alias == "MS"
    assert take(text, date_order="mdy")[0].freq.alias == "D"


def test_a_last_row_with_the_sums_of_the_items_is_left_out(take):
    text = "sku,2021-01,2021-02,2021-03\nA,1,2,3\nB,5,6,7\nTotal,6,8,10\n"
    panel, report = take(text)
    assert (panel.item_ids, report.repaired[0].what) == (("A", "B"), "rows of totals left out")
    assert take(text.replace("8,10", "9,10"))[0].item_ids == ("A", "B", "Total")


def test_days_beside_columns_of_months_are_no_years(take):
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    rows = [",".join([str(k), *map(str, range(12))]) for k in range(1, 29)]
    with pytest.raises(DataError, match="column 'Day': 1 is not a year, and the columns are months"):
        take("\n".join([",".join(["Day", *months]), *rows]) + "\n")


def test_a_first_row_with_a_minus_behind_the_number_is_no_header(take):
    panel, _ = take(table("Datum;Betrag", GERMAN, ["416,80-", *(f"{v},50" for v in LARGE[1:])], sep=";"))
    assert (panel.item_ids, series(panel)[:2]) == (("Betrag",), [-416.8, 1137.5])


def test_the_signs_of_amounts_in_a_column_of_their_own_are_reported(take):
    _, report = take(table("date;amount;S/H", ISO, LARGE, "SH" * 10, sep=";"))
    assert any("column 'S/H' may hold the signs of 'amount'" in w for w in report.warnings)
    _, report = take(table("date;amount;S/H", ISO, [-1, *LARGE[1:]], "SH" * 10, sep=";"))
    assert not any("signs" in w for w in report.warnings)
