"""Totals in wide tables, tables with a row per measure, and files of loggers and meters."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, reader, series, table
from tsattn.errors import DataError

MONTHS = [f"{2023 + k // 12}-{k % 12 + 1:02d}" for k in range(20)]
A, B, C = ([base + 7 * k % 11 + k for k in range(20)] for base in (100, 300, 700))


@pytest.fixture
def take(tmp_path):
    return reader(tmp_path)


def added(*columns):
    return [sum(values) for values in zip(*columns, strict=True)]


def test_subtotals_beside_columns_with_their_prefix_are_left_out(take):
    header = "month,North A,North B,North Total,South A,South B,South Total,Grand Total"
    columns = (A, B, added(A, B), B, C, added(B, C), added(A, B, B, C))
    panel, report = take(table(header, MONTHS, *columns))
    assert panel.item_ids == ("North A", "North B", "South A", "South B")
    assert any("columns of totals left out" in str(a) for a in report.repaired)


def test_a_column_called_total_that_is_no_sum_stays(take):
    assert len(take(table("month,North A,North B,North Total", MONTHS, A, B, C))[0]) == 3


def row(name, values):
    return f"{name}," + ",".join(map(str, values)) + "\n"


def test_rows_of_subtotals_are_left_out(take):
    text = row("Product", MONTHS) + row("North A", A) + row("North B", B) + row("North Total", added(A, B))
    text += row("South A", C) + row("South Total", C) + row("Grand Total", added(A, B, C))
    panel, _ = take(text)
    assert panel.item_ids == ("North A", "North B", "South A")


def test_a_row_called_total_that_is_no_sum_stays(take):
    assert len(take(row("Product", MONTHS) + row("A", A) + row("B", B) + row("Total", C))[0]) == 3


@pytest.mark.parametrize("label", ["Subtotal,", "{day} Total,", "Total {day},"])
def test_totals_below_each_day_are_left_out(take, label):
    lines = [f"{day},north,{a}\n{day},south,{b}\n{label.format(day=day)},{a + b}\n" for day, a, b in zip(ISO, A, B, strict=True)]
    panel, _ = take("date,region,sales\n" + "".join(lines))
    assert panel.item_ids == ("north", "south")
    assert series(panel) == A


def test_the_log_of_one_day_with_extremes_below_it(take):
    lines = "".join(f"22.03.2024;{k // 4:02d}:{k % 4 * 15:02d}:00;{20 + k % 7},5\n" for k in range(96))
    panel, _ = take("Datum;Uhrzeit;Temp\n" + lines + "\nMin.;;20,5\nMax.;;26,5\n")
    assert (panel.freq.alias, len(panel.history(0))) == ("15min", 96)


def test_each_row_may_have_its_own_unit(take):
    text = row("KPI", MONTHS) + row("Revenue", [f'"${1000 * a:,}"' for a in A]) + row("Margin", [f"{k}.5%" for k in range(20)])
    panel, _ = take(text)
    assert series(panel, panel.item_ids.index("Revenue")) == [1000 * a for a in A]
    assert series(panel, panel.item_ids.index("Margin")) == [k + 0.5 for k in range(20)]


def glucose(k):
    return {7: "Low", 11: "High"}.get(k, 100 + k % 13)


def test_a_glucose_meter(take):
    head = "Index,Timestamp,Event,Patient,Glucose (mg/dL),Transmitter Time\n"
    above = "1,,FirstName,Jane,,\n2,,LastName,Doe,,\n3,,DateOfBirth,1980-01-01,,\n"
    lines = [f"{k + 4},2024-01-01T{k // 12:02d}:{k % 12 * 5:02d}:00,EGV,,{glucose(k)},{9000 + 300 * k}\n" for k in range(60)]
    panel, report = take(head + above + "".join(lines))
    assert panel.item_ids == ("Glucose (mg/dL)",)
    assert np.flatnonzero(np.isnan(panel.history(0))).tolist() == [7, 11]
    assert any("limits treated as missing" in str(a) for a in report.repaired)


def test_a_column_of_low_and_high_is_no_column_of_numbers(take):
    panel, _ = take(table("date,level,value", ISO, ["Low", "High"] * 10, LARGE))
    assert panel.item_ids == ("value",)


def test_events_of_a_logger_between_the_steps_are_left_out_and_times_decide_the_order_of_the_date(take):
    lines = [f"{k + 1},12/{8 + k // 48:02d}/21 {k // 2 % 24:02d}:{k % 2 * 30:02d}:00,{20 + k % 7},\n" for k in range(100)]
    panel, report = take("#,Date Time,Temp,Stopped\n" + "".join(lines) + "101,12/10/21 01:37:00,,Logged\n")
    assert (panel.freq.alias, report.first[:10], len(panel.history(0))) == ("30min", "2021-12-08", 100)


def test_a_header_with_one_name_more_than_the_rows(take):
    lines = [f"{k + 1},{day},{a}\n" for k, (day, a) in enumerate(zip(ISO, A, strict=True))]
    panel, _ = take("Kitchen,Time,Celsius,Serial Number\n" + "".join(lines))
    assert (panel.item_ids[-1], series(panel, len(panel) - 1)) == ("Celsius", A)
    panel, _ = take("Kitchen,Time,Celsius,Serial Number\n" + lines[0].strip() + ",0100\n" + "".join(lines[1:]))
    assert (panel.item_ids, series(panel)) == (("Celsius",), A)


def test_a_mark_before_the_names_of_a_log_is_no_name(take):
    rows = [f"2019-05-{13 + k // 24} {k % 24:02d}:00:00 {500 + k * 37 % 91} {k * 7 % 50}" for k in range(96)]
    panel, _ = take("\n".join(["#Software: a server", "#Fields: date time hits taken", *rows]) + "\n")
    assert (panel.item_ids, panel.freq.alias, panel.lengths.tolist()) == (("hits", "taken"), "h", [96, 96])


def test_the_first_and_last_year_of_a_statistic_are_not_the_year_of_its_rows(take):
    rows = [f"{m},{d},1931,2022,{m * d}\n" for m in range(1, 13) for d in range(1, 29)]
    with pytest.raises(DataError):
        take("month_nu,day_nu,begin_yr,end_yr,mean_va\n" + "".join(rows))


def test_day_of_year_and_hour_without_names(take):
    rows = [f"2021 {209 + k // 24} {k % 24} {100 + k % 7}\n" for k in range(96)]
    panel, report = take("".join(rows), "data.txt")
    assert (panel.freq.alias, report.first[:10]) == ("h", "2021-07-28")


def test_a_number_of_the_row_is_left_out_wherever_it_stands(take):
    panel, _ = take(table("date,value,nr tabeli", ISO, LARGE, range(1, 21)))
    assert panel.item_ids == ("value",)


def test_columns_that_differ_in_one_word_are_candidates_alike(take):
    text = "entity,year,Share of power - Wind,Share of power - Solar\n"
    text += "".join(f"{e},{2000 + k},{a},{2 * a}\n" for e in ("Austria", "World") for k, a in enumerate(A))
    with pytest.raises(DataError, match="2 columns could be the target"):
        take(text)


@pytest.mark.parametrize("write", ["€\u00a0{}", "R$\u00a0{}", "\uffe5{}", "\u200f{}\u00a0\u200f₪"])
def test_currencies_with_the_blanks_and_marks_of_a_locale(take, write):
    panel, _ = take(table("date;amount", ISO, [write.format(f"{v}.25") for v in LARGE], sep=";"))
    assert series(panel) == [v + 0.25 for v in LARGE]


def titled(title: str, first: int) -> str:
    days = range(first, first + 10)
    return f"{title};;\nDay;Sales;Guests\n" + "".join(f"{k:02d}.01.2024;{len(title) * k},5;{k * k}\n" for k in days)


def test_tables_below_each_other_with_one_header_are_to_be_saved_apart(take):
    with pytest.raises(DataError, match="begins below 'Hamburg'") as caught:
        take(titled("Berlin", 1) + titled("Hamburg", 1))
    assert "separate file" in str(caught.value.hint)


def test_where_the_dates_go_on_below_a_title_no_other_table_is_named(take):
    with pytest.raises(DataError, match="'Page' is not a date"):
        take(titled("Page", 1) + titled("Page", 11))
