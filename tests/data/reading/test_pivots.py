"""Tables with the parts of a year or a day down and the years or days across, and headers of years."""

from __future__ import annotations

import calendar

import numpy as np
import pytest

from tests.data.reading.kinds import series
from tsattn.errors import DataError

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ENGLISH = list(calendar.month_name[1:])
GERMAN = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"]


def pivot(head: str, parts: list, columns: int, sep: str = ",") -> tuple[str, list[float]]:
    """A table that counts up through the first column, then the second, and what it holds."""
    rows = [sep.join([str(p), *(str(100 + len(parts) * c + k) for c in range(columns))]) for k, p in enumerate(parts)]
    return "\n".join([head, *rows]) + "\n", [100.0 + k for k in range(len(parts) * columns)]


QUARTERS = {"German": "Qrtl{}", "Spanish": "Trim.{}", "Italian": "Trim {}", "Portuguese": "Trim{}", "Dutch": "Kwrt{}"}


@pytest.mark.parametrize("language", QUARTERS)
def test_quarters_between_years_and_their_months_are_left_out(take, language):
    rows, values = [], []
    for year in (2022, 2023):
        rows.append(f"{year};1000")
        for k, month in enumerate(MONTHS):
            rows += [f"{QUARTERS[language].format(k // 3 + 1)};300"] if k % 3 == 0 else []
            rows.append(f"{month};{len(values) * len(values)}")
            values.append(float(len(values) ** 2))
    panel, _ = take("\n".join(["Labels;Sales", *rows]) + "\n")
    assert (panel.freq.alias, series(panel)) == ("MS", values)


@pytest.mark.parametrize("newest_first", [False, True])
def test_days_of_one_of_the_years_across_are_days_of_each(take, newest_first):
    days = [np.datetime64("2023-01-01") + k for k in range(365)]
    rows = [f"{d.astype(object):%m/%d/%Y},{365 + k},{k}" for k, d in enumerate(days)]
    panel, report = take("\n".join(["Date,2023,2022", *(rows[::-1] if newest_first else rows)]) + "\n")
    assert (panel.freq.alias, panel.start[0], series(panel)) == ("D", np.datetime64("2022-01-01"), list(range(730)))
    assert not report.warnings


ONE_SERIES = {
    "months": (pivot("Month,2021,2022,2023", MONTHS, 3), "MS", "2021-01"),
    "months in German": (pivot("Monat;2022;2023", GERMAN, 2, ";"), "MS", "2022-01"),
    "numbered months": (pivot("Month,2021,2022,2023", list(range(1, 13)), 3), "MS", "2021-01"),
    "quarters": (pivot("Quarter,2021,2022,2023", ["Q1", "Q2", "Q3", "Q4"], 3), "QS", "2021"),
    "weeks": (pivot("Week,2022,2023", list(range(1, 53)), 2), "W", "2022-01-03"),
    "hours": (pivot("Hour,2024-05-01,2024-05-02", list(range(24)), 2), "h", "2024-05-01"),
    "hours from 1 to 24": (pivot("Hour,2024-05-01,2024-05-02", list(range(1, 25)), 2), "h", "2024-05-01"),
    "times of day": (pivot("Hour,2024-05-01,2024-05-02", [f"{h:02d}:00" for h in range(24)], 2), "h", "2024-05-01"),
}


@pytest.mark.parametrize("kind", ONE_SERIES)
def test_parts_down_and_years_or_days_across_are_one_series(take, kind):
    (text, expected), freq, first = ONE_SERIES[kind]
    panel, report = take(text)
    assert (panel.freq.alias[: len(freq)], panel.history(0).tolist()) == (freq, expected)
    assert str(panel.start[0]).startswith(first)
    assert any(f.what == "layout" for f in report.found)


def test_a_row_and_a_column_of_totals_are_no_part_of_the_series(take):
    rows = [f"{m},{k},{12 + k},{12 + 2 * k}" for k, m in enumerate(MONTHS)]
    panel, report = take("\n".join(["Month,2021,2022,Total", *rows, "Total,66,210,276"]) + "\n")
    assert panel.history(0).tolist() == [float(k) for k in range(24)]
    assert any("totals" in r.what for r in report.repaired)


def test_a_value_in_a_week_that_the_year_does_not_have_is_an_error(take):
    text, _ = pivot("Week,2022,2023", list(range(1, 54)), 2)
    with pytest.raises(DataError, match="week that the year does not have"):
        take(text)


@pytest.mark.parametrize(
    ("text", "freq", "first"),
    [
        ("Item,2021,2022,2023\nA,100,110,120\nB,7,8,9\n", "YS", [100, 110, 120]),
        ("Product;01.2024;02.2024;03.2024\nA;15;2;3\nB;1;2;3\n", "MS", [15, 2, 3]),
    ],
)
def test_a_header_of_years_or_months_is_no_row_of_data(take, text, freq, first):
    panel, _ = take(text)
    assert (panel.item_ids, panel.freq.alias) == (("A", "B"), freq)
    assert panel.history(0).tolist() == first


def test_rows_of_years_without_a_header_stay_rows(take):
    panel, _ = take("".join(f"shop,{2000 + k},{1990 + k * k % 7}\n" for k in range(20)))
    assert panel.history(0).shape == (20,)


def test_a_german_export_is_split_by_its_semicolon(take):
    rows = [f"{1 + k // 24:02d}.09.2024 {k % 24:02d}:00;{28 + k % 7},{k % 90 + 5:02d}" for k in range(240)]
    rows[5] = rows[5].split(",")[0]  # one whole number
    panel, _ = take("\n".join(["Zeit;Last (MW)", *rows]) + "\n")
    assert (panel.item_ids, panel.freq.alias, panel.history(0).shape) == (("Last (MW)",), "h", (240,))
    assert panel.history(0)[0] == pytest.approx(28.05)


FISCAL = [*MONTHS[3:], *MONTHS[:3]]


@pytest.mark.parametrize("years", [["FY 2019-20", "FY 2020-21"], ["2019/20", "2020/21"]])
def test_fiscal_years_that_begin_in_april_end_in_the_next_year(take, years):
    panel, report = take(
        "Year,"
        + ",".join(FISCAL)
        + "\n"
        + "".join(f"{y},{','.join(map(str, range(k, k + 12)))}\n" for k, y in zip((1, 13), years, strict=True))
    )
    assert (report.first, panel.history(0).tolist()) == ("2019-04-01", [float(k) for k in range(1, 25)])


def test_a_single_year_beside_months_from_april_stops(take):
    rows = "".join(f"{y},{','.join(map(str, range(k, k + 12)))}\n" for k, y in ((1, 2019), (13, 2020), (25, 2021)))
    with pytest.raises(DataError, match="the columns begin with 'Apr', so 2019 may be the year in which the row begins"):
        take("Year," + ",".join(FISCAL) + "\n" + rows)


def test_a_total_beside_weekdays_is_left_out(take):
    rows = "".join(f"2024-01-{1 + 7 * w:02d},{','.join(str(7 * w + d) for d in range(7))},{7 * (7 * w + 3)}\n" for w in range(4))
    panel, report = take("Week,Mon,Tue,Wed,Thu,Fri,Sat,Sun,Total\n" + rows)
    assert (len(panel), panel.history(0).tolist()) == (1, [float(k) for k in range(28)])
    assert any(r.what == "columns of totals left out" for r in report.repaired)


def test_times_with_am_and_pm_and_a_unit_across_are_one_series(take):
    names = ",".join(f"{h % 12 or 12}:{m:02d} {'AM' if h < 12 else 'PM'} kWh" for h in range(24) for m in (0, 30))
    rows = "".join(f"2024-01-{d:02d},{','.join(str(48 * d + k) for k in range(48))}\n" for d in (1, 2, 3))
    panel, _ = take(f"Date,{names}\n{rows}")
    assert (len(panel), panel.freq.alias, panel.history(0).tolist()) == (1, "30min", [float(k) for k in range(48, 192)])


def test_months_such_as_2020_01_above_texts_are_the_header(take):
    names = ",".join(f'"2020.{k:02d}"' for k in range(1, 13))
    panel, report = take(f'"region",{names}\n"A",{",".join(map(str, range(12)))}\n"B",{",".join(map(str, range(12, 24)))}\n')
    assert (panel.item_ids, report.first, panel.freq.alias) == (("A", "B"), "2020-01-01", "MS")


def _days(form: str, year: int) -> list[str]:
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]").tolist()
    return [f"{d:{form}}" for d in days]


@pytest.mark.parametrize("form", ["%d-%b", "%m/%d", "%d.%m.", "%b %d"])
def test_days_of_a_year_down_and_years_across_are_one_series(take, form):
    text, expected = pivot("Day,2021,2022,2023", _days(form, 2021), 3)
    panel, report = take(text)
    assert (panel.freq.alias, panel.history(0).tolist()) == ("D", expected)
    assert (report.first, report.last) == ("2021-01-01", "2023-12-31")


@pytest.mark.parametrize("blank", ["", "5"])
def test_29_february_belongs_to_leap_years_only(take, blank):
    rows = [f"{d},{'' if d == '29-Feb' else k},{k}".replace(",,", f",{blank},") for k, d in enumerate(_days("%d-%b", 2024))]
    text = "\n".join(["Day,2023,2024", *rows]) + "\n"
    if blank:
        with pytest.raises(DataError, match="a value for a day that the year does not have"):
            take(text)
    else:
        panel, report = take(text)
        assert (report.rows, report.missing, len(panel)) == (365 + 366, 0, 1)


def test_hours_of_a_clock_with_am_and_pm_down_and_days_across_are_one_series(take):
    hours = [
        f"{h % 12 or 12:02d}:00 {'AM' if h < 12 else 'PM'} - {h % 12 or 12:02d}:59 {'AM' if h < 12 else 'PM'}" for h in range(24)
    ]
    text, expected = pivot("Hour,06/12/2024,06/13/2024,06/14/2024", hours, 3)
    panel, report = take(text)
    assert (panel.freq.alias, panel.history(0).tolist(), report.first) == ("h", expected, "2024-06-12")


@pytest.mark.parametrize("last", ["", ";Summe;Mittel", ";Suma"])
def test_roman_numbers_of_months_and_sums_with_thousands_marks_make_one_series(take, last):
    head = "Jahr;I;II;III;IV;V;VI;VII;VIII;IX;X;XI;XII" + last
    sums = ["", "2.398,5", "1.199,8"][: last.count(";") + 1]
    rows = [";".join([str(year), *(f"{100 * k + year - 2010},5" for k in range(1, 13)), *sums[1:]]) for year in range(2010, 2020)]
    panel, _ = take("\n".join([head, *rows]) + "\n")
    assert (panel.freq.alias, len(panel.item_ids), str(panel.start[0])[:7]) == ("MS", 1, "2010-01")
    assert series(panel)[:13] == [*(100 * k + 0.5 for k in range(1, 13)), 101.5]


def test_roman_numbers_to_four_are_quarters(take):
    panel, _ = take("Year,I,II,III,IV\n" + "".join(f"{y},1,2,3,{y}\n" for y in range(2010, 2020)))
    assert panel.freq.alias == "QS"


def test_a_column_of_changes_beside_the_years_of_a_pivot_is_left_out(take):
    rows = "".join(f"{name},{100 + k},{200 + k},{300 + k},-{k}.5%\n" for k, name in enumerate(ENGLISH))
    panel, _ = take("Month,2021,2022,2023,Change %\n" + rows)
    assert (panel.freq.alias, len(panel), series(panel)[:13]) == ("MS", 1, [*(100.0 + k for k in range(12)), 200.0])


def test_measures_of_each_year_beside_rows_of_months_become_series(take):
    rows = "".join(f"{name},{100 + k},{10 + k},{200 + k},{20 + k}\n" for k, name in enumerate(ENGLISH))
    panel, _ = take("Month,2022 Sales,2022 Units,2023 Sales,2023 Units\n" + rows)
    assert (panel.item_ids, panel.freq.alias, str(panel.start[0])[:7]) == (("Sales", "Units"), "MS", "2022-01")
    assert series(panel, 1) == [*(10.0 + k for k in range(12)), *(20.0 + k for k in range(12))]


@pytest.mark.parametrize("day", ["2024-01-{:02d}", "202401{:02d}"])
def test_columns_named_by_years_beside_dates_and_weeks_are_series(take, day):
    rows = "".join(f"{day.format(k)},{k // 7 + 1},{k},{2 * k}\n" for k in range(1, 29))
    panel, _ = take("date,week,sales_2019,sales_2020\n" + rows)
    assert (panel.item_ids, panel.freq.alias) == (("sales_2019", "sales_2020"), "D")
