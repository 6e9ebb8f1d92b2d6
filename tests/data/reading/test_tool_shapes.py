"""Shapes of files by weather services, market operators, accounting programs, dashboards and database clients."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.data.reading.kinds import AMERICAN, ISO, LARGE, commas, quoted, series, table
from tsattn.errors import DataError

HOURS = [str(np.datetime64("2024-01-13T00") + k).replace("T", " ") + ":00" for k in range(20)]
MONTHS = [(2023 + k // 12, k % 12 + 1) for k in range(20)]
DAYS = {
    "Julian days": ("JD,mag", [f"{2460310.5 + k}" for k in range(20)]),
    "modified Julian days": ("MJD,mag", [60310 + k for k in range(20)]),
    "a padded day beside MO and DY": ("YEAR,MO,DY,T2M", [d.replace("-", ",") for d in ISO]),
}


@pytest.mark.parametrize("kind", DAYS)
def test_days_in_the_notation_of_sciences_are_the_timestamp(take, kind):
    header, days = DAYS[kind]
    panel, report = take(table(header, days, LARGE))
    assert (panel.freq.alias, len(panel), report.first, series(panel)) == ("D", 1, "2024-01-01", LARGE)


def test_minutes_and_days_of_the_epoch_are_the_timestamp(take):
    panel, report = take(table("epoch_minutes,v", range(28401120, 28401140), LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("min", "2024-01-01T00:00:00+00:00", LARGE)
    panel, report = take(table("days_since_epoch,v", range(19723, 19743), LARGE))
    assert (panel.freq.alias, report.first[:10], series(panel)) == ("D", "2024-01-01", LARGE)


def test_fractions_of_julian_days_are_hours(take):
    panel, report = take(table("HJD,mag", [f"{2460310.5 + k / 24:.6f}" for k in range(20)], LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-01", LARGE)


def test_a_series_called_jd_stays_a_series(take):
    panel, _ = take(table("date,JD,BABA", ISO, LARGE, [v / 10 for v in LARGE]))
    assert panel.item_ids == ("JD", "BABA")


PERIODS = {
    "SAP": [f"{y}/{m:03d}" for y, m in MONTHS],
    "SAP as a number": [f"{y}{m:03d}" for y, m in MONTHS],
    "FY and P": [f"FY{y % 100} P{m:02d}" for y, m in MONTHS],
    "P and FY": [f"P{m} FY{y}" for y, m in MONTHS],
    "year and P": [f"{y}P{m:02d}" for y, m in MONTHS],
}


@pytest.mark.parametrize("kind", PERIODS)
def test_periods_of_accounting_are_months(take, kind):
    panel, report = take(table("Fiscal Period,Sales", PERIODS[kind], LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2023-01-01", LARGE)


def test_the_special_periods_after_the_twelfth_stop(take):
    stamps = [f"{y}/{m:03d}" for y in (2022, 2023) for m in range(1, 14)]
    with pytest.raises(DataError, match="'2022/013' is not a date"):
        take(table("Period,Sales", stamps, range(26)))


def test_days_of_the_year_stay_days(take):
    days = [f"{d:%Y}-{d:%j}" for d in (np.datetime64("2023-12-25") + np.arange(20)).astype(object)]
    panel, report = take(table("date,sales", days, LARGE))
    assert (panel.freq.alias, report.first) == ("D", "2023-12-25")


WEEKS = {"W/E {:%m/%d/%y}": "W", "1 w/e {:%b %d %Y}": "W", "Week Ending {:%m-%d-%y}": "W", "w/c {:%d.%m.%Y}": "W"}


@pytest.mark.parametrize("form", WEEKS)
def test_weeks_named_by_the_day_that_they_end_or_begin_on_are_read(take, form):
    days = (np.datetime64("2024-01-06") + 7 * np.arange(20)).astype(object)
    panel, report = take(table("Time,Sales", [form.format(d) for d in days], LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("W", "2024-01-06", LARGE)


CLOCKS = {
    "Korean": [("오전", "오후"), "{half} {hour}:00:00"],
    "Chinese": [("上午", "下午"), "{half} {hour}:00:00"],
    "Japanese": [("午前", "午後"), "{half}{hour}:00"],
    "Greek": [("π.μ.", "μ.μ."), "{hour}:00:00 {half}"],
    "Arabic": [("ص", "م"), "{hour}:00:00 {half}"],
    "one letter": [("a", "p"), "{hour}:00{half}"],
}


@pytest.mark.parametrize("kind", CLOCKS)
def test_halves_of_the_day_in_other_words_are_understood(take, kind):
    halves, form = CLOCKS[kind]
    times = [f"2024-01-13 {form.format(half=halves[k // 12], hour=(k - 1) % 12 + 1)}" for k in range(20)]
    panel, report = take(table("Time,load", times, LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-13", LARGE)


def test_the_time_of_a_web_log_is_read_without_its_brackets(take):
    panel, report = take(table("time,hits", [f"[13/Jan/2024:{k:02d}:00:00 +0000]" for k in range(20)], LARGE))
    assert (panel.freq.alias, report.first) == ("h", "2024-01-13T00:00:00+00:00")


def test_a_leap_day_of_a_buddhist_year_proves_the_calendar(take):
    days = [f"{d.day:02d}/{d.month:02d}/{d.year + 543}" for d in (np.datetime64("2024-02-20") + np.arange(20)).astype(object)]
    panel, report = take(table("date,sales", days, LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2024-02-20", LARGE)
    assert any("Buddhist" in w for w in report.warnings)


def test_epochs_in_scientific_notation_keep_their_seconds(take):
    panel, report = take(table("time,value", [f"{1704067200 + 60 * k:.9E}" for k in range(20)], LARGE))
    assert (panel.freq.alias, report.first) == ("min", "2024-01-01T00:00:00+00:00")


def test_years_and_quarters_above_their_months_are_left_out_and_reported(take):
    years = [("2022", 1), ("2023", 2)]
    quarters = [(f"{y} Q{q}", q) for y in (2022, 2023) for q in range(1, 5)]
    names = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    months = [(f"{y} {m}", 10 + k) for y in (2022, 2023) for k, m in enumerate(names)]
    notes = [("CDID", "L522"), ("Unit", "Index"), ("Important notes", "")]
    panel, report = take(table("Title,CPIH", *zip(*notes, *years, *quarters, *months, strict=True)))
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2022-01-01", [10 + k for k in range(12)] * 2)
    assert any(f.value == "column 'CPIH'" for f in report.found)
    assert any(r.what == "rows of years and quarters among finer ones left out" and r.count == 10 for r in report.repaired)


def test_first_rows_without_a_date_but_with_a_number_stops(take):
    with pytest.raises(DataError, match="line 2, column 'date': 'soon' is not a date"):
        take(table("date,sales", ["soon"] * 9 + ISO, [*range(9), *LARGE]))


def test_flags_of_preliminary_values_behind_dates_are_removed(take):
    for flag in (" (p)", "*", "r"):
        months = [f"{y}-{m:02d}{flag if k > 17 else ''}" for k, (y, m) in enumerate(MONTHS)]
        panel, report = take(table("Month,CPI", months, LARGE))
        assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2023-01-01", LARGE)


def test_dates_in_russian_are_read_with_their_sign_of_the_year(take):
    panel, report = take(table("date,v", [f"{k:02d} февр. 2024 г." for k in range(1, 21)], LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("D", "2024-02-01", LARGE)


TICKS = {".NET": 638396640000000000, "Windows": 133485408000000000}


@pytest.mark.parametrize("kind", TICKS)
def test_ticks_are_no_nanoseconds(take, kind):
    panel, report = take(table("Ticks,load", [TICKS[kind] + 36_000_000_000 * k for k in range(20)], LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-01T00:00:00+00:00", LARGE)


def test_nanoseconds_of_the_past_stay_nanoseconds(take):
    panel, report = take(table("ts,v", [631152000000000000 + 86_400_000_000_000 * k for k in range(20)], LARGE))
    assert (panel.freq.alias, report.first[:10]) == ("D", "1990-01-01")


def test_the_24th_hour_in_digits_is_midnight(take):
    stamps = [f"20240101{k:02d}" for k in range(5, 25)]
    panel, report = take(table("date,load", stamps, LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-01T05:00:00", LARGE)


def test_elapsed_seconds_are_no_series(take):
    panel, _ = take(table("Elapsed (s),Power", [k / 2 for k in range(20)], LARGE))
    assert (panel.item_ids, series(panel)) == (("Power",), LARGE)


# hours and periods


def test_a_fiscal_year_and_period_are_months(take):
    panel, report = take(table("Fiscal Year,Fiscal Period,Sales", *zip(*MONTHS, strict=True), LARGE))
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2023-01-01", LARGE)


def test_the_25th_hour_of_a_day_stops_and_is_read_with_its_zone(take):
    rows = [(f"{d}.10.2024", k) for d in (26, 27, 28) for k in range(1, 26 if d == 27 else 25)]
    text = table("Datum;Stunde;MWh", *zip(*rows, strict=True), range(73), sep=";")
    with pytest.raises(DataError, match="period 25 in column 'Stunde': a day of 25 hours"):
        take(text)
    panel, report = take(text, timezone="Europe/Berlin")
    assert (panel.freq.alias, report.missing, series(panel)) == ("h", 0, list(range(73)))


def test_a_constant_period_of_days_is_no_hour(take):
    head = "Year,Month,Day,Rainfall amount (millimetres),Period over which rainfall was measured (days)"
    panel, report = take(table(head, [d.replace("-", ",") for d in ISO], LARGE, [1] * 20), target="Rainfall amount (millimetres)")
    assert (report.first, series(panel)) == ("2024-01-01", LARGE)


@pytest.mark.parametrize("name", ["hours_worked", "lead_hours"])
def test_a_length_of_time_is_no_hour_of_the_day(take, name):
    panel, report = take(table(f"date,{name},sales", ISO, [8] * 20, LARGE), target="sales")
    assert (report.first, series(panel)) == ("2024-01-01", LARGE)


def test_leads_of_forecasts_are_not_times_of_day(take):
    days = [d for d in ISO[:5] for _ in range(36)]
    panel, _ = take(table("issued,lead_hours,value", days, [*range(1, 37)] * 5, range(180)))
    assert (panel.freq.alias, len(panel)) == ("D", 36)


def test_hours_named_by_their_ends_are_read_as_their_starts(take):
    days = [d for d in AMERICAN[12:14] for _ in range(24)]
    hours = [f"{k:02d}:00" for k in range(1, 25)] * 2
    panel, report = take(table("DeliveryDate,HourEnding,Price", days, hours, range(48)))
    assert (panel.freq.alias, report.first, report.last) == ("h", "2024-01-13", "2024-01-14T23:00:00")


def _periods() -> str:
    """Settlement periods of the days around the end of summer time in London, whose 27th of October has 50."""
    rows = [(f"2024-10-{d}", p) for d in (25, 26, 27, 28, 29) for p in range(1, 51 if d == 27 else 49)]
    return table("SettlementDate,SettlementPeriod,Quantity", *zip(*rows, strict=True), range(len(rows)))


def test_the_fiftieth_period_of_a_day_stops_and_is_read_with_the_zone_of_the_hint(take):
    with pytest.raises(DataError, match="period 49 in column 'SettlementPeriod': a day of 25 hours") as stopped:
        take(_periods())
    assert "--timezone Europe/London" in stopped.value.hint
    panel, report = take(_periods(), timezone="Europe/London")
    assert (panel.freq.alias, report.missing, series(panel)) == ("30min", 0, list(range(242)))
    assert (report.first, report.last) == ("2024-10-25T00:00:00+01:00", "2024-10-29T23:30:00+00:00")
    assert series(take(_periods(), timezone="Europe/London", timestamp="SettlementDate,SettlementPeriod")[0]) == list(range(242))


@pytest.mark.parametrize("count", [4, 12])
def test_the_intervals_of_an_hour_are_part_of_the_timestamp(take, count):
    rows = [(d, hour, k) for d in AMERICAN[12:14] for hour in range(1, 25) for k in range(1, count + 1)]
    panel, report = take(table("DeliveryDate,DeliveryHour,DeliveryInterval,Price", *zip(*rows, strict=True), range(len(rows))))
    assert (panel.freq.alias, report.first, series(panel)) == (f"{60 // count}min", "2024-01-13", list(range(48 * count)))


# two tables in one file


def test_a_second_table_below_is_left_out_with_a_warning(take):
    panel, report = take(table("Date,Sales", ISO, LARGE, tail="\n\nRegion,Sales\nNorth,12\nSouth,34\n"))
    assert series(panel) == LARGE
    assert any("line 24: a second table, with the columns 'Region', 'Sales', is left out" in w for w in report.warnings)


def test_a_second_table_of_dates_stops(take):
    below = table("Date,Visitors", ISO, range(20))
    with pytest.raises(DataError, match="line 22: a second table begins, with the columns 'Date', 'Visitors'"):
        take(table("Date,Sales", ISO, LARGE, tail=below))
    with pytest.raises(DataError, match="line 23: a second table begins below 'South'"):
        take("North\n" + table("Date,Sales", ISO[:19], LARGE[:19], tail="\nSouth\n" + table("Date,Sales", ISO, LARGE)))


def test_a_header_that_comes_again_in_other_words_is_no_second_table(take):
    panel, report = take(table("Date,Sales", ISO[:9], LARGE[:9], tail=table("DATE,SALES (EUR)", ISO[9:], LARGE[9:])))
    assert (series(panel), report.repaired[0].what) == (LARGE, "headers that come again left out")


def test_tables_side_by_side_are_read_one_at_a_time(take):
    later = [d.replace("2024", "2025") for d in ISO]
    text = table("Date,Sales,,Date,Visitors", ISO, LARGE, [""] * 20, later, range(20))
    with pytest.raises(DataError, match="2 columns could be the timestamp: 'Date', 'Date_2'"):
        take(text)
    panel, report = take(text, timestamp="Date")
    assert (panel.item_ids, report.first, series(panel)) == (("Sales",), "2024-01-01", LARGE)
    panel, report = take(text, timestamp="Date_2")
    assert (panel.item_ids, report.first, series(panel)) == (("Visitors",), "2025-01-01", list(range(20)))


def test_the_start_of_a_span_is_the_timestamp(take):
    ends = [f"{d} 00:10" for d in ISO]
    panel, _ = take(table("endDate,startDate,value", ends, [f"{d} 00:00" for d in ISO], LARGE))
    assert series(panel) == LARGE


# totals


def test_grand_totals_of_a_pivot_table_are_no_series(take):
    double = [2 * v for v in LARGE]
    total = [3 * v for v in LARGE]
    tail = f"Grand Total,{sum(LARGE)},{sum(double)},{sum(total)}\n"
    panel, report = take(table("Row Labels,North,South,Grand Total", ISO, LARGE, double, total, tail=tail))
    assert panel.item_ids == ("North", "South")
    assert any("'Grand Total'" in r.where for r in report.repaired)
    panel, _ = take(table("Row Labels,North,South,Grand Total", ISO, LARGE, double, double))
    assert panel.item_ids == ("North", "South", "Grand Total")


def test_subtotals_below_each_group_are_left_out(take):
    north = table("Region,Day,Sales", ["North", *[""] * 19], ISO, LARGE, tail="North Total,,29030\n")
    south = table("", ["South", *[""] * 19], ISO, LARGE, tail="South Total,,29030\nGrand Total,,58060\n").lstrip("\n")
    panel, report = take(north + south)
    assert (panel.item_ids, series(panel)) == (("North", "South"), LARGE)
    assert any(r.what == "rows of totals left out" and r.count == 3 for r in report.repaired)


# numbers


def test_units_of_one_family_are_converted(take):
    cells = ["950 B", "12.3 kB", "1.5 MB", "2 GB", *[f"{k} kB" for k in range(16)]]
    panel, report = take(table("Time,rx", HOURS, cells))
    assert series(panel)[:5] == [950, 12300, 1.5e6, 2e9, 0]
    assert any("converted to B" in r.what for r in report.repaired)


def test_units_of_two_families_stop(take):
    with pytest.raises(DataError, match="units 'kB' and 'kW'"):
        take(table("Time,rx", HOURS, ["1 kB", "2 kW"] * 10))


def test_percent_signs_beside_fractions_stop(take):
    cells = [f"{k}.5%" if k < 15 else f"0.{k}" for k in range(20)]
    with pytest.raises(DataError, match=r"line 17, column 'rate': '0\.15' has no '%', and others have one"):
        take(table("date,rate", ISO, cells))
    assert series(take(table("date,rate", ISO, ["0", *cells[:14], *cells[:5]]))[0])[:2] == [0, 0.5]


def test_exponents_of_fortran_are_read(take):
    panel, _ = take(table("date,flux", ISO, [f"{v:.3E}".replace("E", "D") for v in LARGE]))
    assert series(panel) == LARGE


def test_yes_and_no_are_one_and_zero_where_they_are_the_target(take):
    flags = ["TRUE", "FALSE"] * 10
    assert series(take(table("date,open", ISO, flags))[0]) == [1, 0] * 10
    assert series(take(table("date,open,sales", ISO, flags, LARGE), target="open")[0]) == [1, 0] * 10
    assert take(table("date,open,sales", ISO, flags, LARGE))[0].item_ids == ("sales",)


def test_a_padded_number_with_a_flag_behind_a_comma_stops(take):
    text = table("DATE,TMP", ISO, quoted(f"+{100 + k:05d},1" for k in range(20)))
    with pytest.raises(DataError, match=r"a padded number with a flag behind the comma") as stopped:
        take(text)
    assert "--decimal ," in stopped.value.hint
    assert series(take(text, decimal=",")[0])[:2] == [100.1, 101.1]
    assert series(take(table("date,v", ISO, quoted(f"{k},5" for k in range(20))))[0])[:2] == [0.5, 1.5]


# tables


def test_listings_of_database_clients_are_read(take):
    rows = "\n".join(f"{d} {v:>10}" for d, v in zip(ISO, LARGE, strict=True))
    panel, _ = take(f"\nTRX_DATE       AMOUNT\n---------- ----------\n{rows}\n\n20 rows selected.\n")
    assert series(panel) == LARGE
    rows = "\n".join(f" {d} | {v}" for d, v in zip(ISO, LARGE, strict=True))
    panel, _ = take(f"    day     | amount\n------------+--------\n{rows}\n(20 rows)\n", target="amount")
    assert series(panel) == LARGE


def test_names_in_a_table_of_blanks_are_items(take):
    rows = "\n".join(
        f"{s:<8}{d.replace('-', '')}{v:9.1f}{k:6d}"
        for s in ("KNYC", "KBOS")
        for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))
    )
    panel, _ = take(f"STATION DATE      TEMP  PRCP\n{rows}\n", name="data.txt", target="TEMP")
    assert (panel.item_ids, series(panel)) == (("KNYC", "KBOS"), LARGE)


def test_a_row_of_blanks_that_is_cut_off_stops(take):
    rows = "".join(f"KNYC  {d}  {v}.5  0.1\n" for d, v in zip(ISO, LARGE, strict=True))
    with pytest.raises(DataError, match="line 22: 1 fields where the header has 4"):
        take(f"STATION DATE TEMP PRCP\n{rows}KNYC\n", name="data.txt")


def test_years_of_twelve_unnamed_columns_are_months(take):
    years = [f" {y} " + " ".join(f"{(y - 2000) * 12 + m:7.2f}" for m in range(12)) for y in range(2000, 2030)]
    panel, report = take("  2000 2029\n" + "\n".join(years) + "\n  -99.9\n  nina34\n  http://example.org\n", name="data.txt")
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2000-01-01", list(range(360)))


def test_the_records_of_a_market_operator_are_the_rows(take):
    rows = "\n".join(f'D,DREGION,,1,"{h}:00",NSW1,{v}' for h, v in zip(HOURS, LARGE, strict=True))
    text = f"C,NEMP,DISPATCHIS,AEMO,2024/01/13,04:05:00\nI,DREGION,,1,SETTLEMENTDATE,REGIONID,RRP\n{rows}\nC,END OF REPORT,22\n"
    panel, _ = take(text, target="RRP")
    assert series(panel) == LARGE


def test_padding_below_the_last_line_is_left_out(tmp_path, take):
    from tsattn.data.reading.read import read

    for tail in (b"\x00" * 64, b"\x1a"):
        path = tmp_path / "padded.csv"
        path.write_bytes(table("date,a,b", ISO, LARGE, LARGE).encode() + tail)
        assert series(read(path)[0]) == LARGE


def test_years_below_groups_of_columns_are_their_names(take):
    rows = "".join(
        f"{name},{k}.0,{k + 1}.0,{k + 2}.0,{k + 3}.0,{k + 4}.0\n" for k, name in enumerate(("GDP", "CPI", "PCE", "OIL"))
    )
    panel, report = take(f"(Percent)\n,Actual,,,Projected,\n,2020,2021,2022,2023,2024\n{rows}")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("GDP", "CPI", "PCE", "OIL"), "YS", "2020-01-01")
    assert series(panel, 1) == [1, 2, 3, 4, 5]


def test_years_with_a_letter_and_columns_of_flags_are_the_steps(take):
    head = "Area,Item," + ",".join(f"Y{y},Y{y}F" for y in range(1990, 2020))
    rows = [f"{a},Wheat," + ",".join(f"{v},A" for v in range(k, k + 30)) for k, a in enumerate(("Austria", "Belgium"))]
    panel, report = take("\n".join([head, *rows]) + "\n")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("Austria", "Belgium"), "YS", "1990-01-01")
    assert series(panel, 1) == list(range(1, 31))


def test_sentences_with_commas_below_a_blank_line_are_notes(take):
    tail = "\nG(i): irradiance on the plane (W/m2)\nPVGIS (c) European Union, 2001-2024\n"
    stamps = [f"20240101:{k:02d}10" for k in range(20)]
    panel, report = take(table("time,G(i),T2m,WS10m", stamps, LARGE, LARGE, LARGE, tail=tail), target="G(i)")
    assert (panel.freq.alias, report.first, series(panel)) == ("h", "2024-01-01T00:10:00", LARGE)


def test_a_counter_of_entries_is_no_series(take):
    panel, report = take(table("created_at,entry_id,field1", HOURS, range(5, 25), LARGE))
    assert (panel.item_ids, series(panel)) == (("field1",), LARGE)
    assert any(r.where == "'entry_id'" for r in report.repaired)


# JSON

_SHAPES = {
    "dates as keys": dict(zip(ISO, LARGE, strict=True)),
    "epochs as keys of columns": {"sales": {str(1704067200000 + 86_400_000 * k): v for k, v in enumerate(LARGE)}},
    "ticks": [{"Date": f"/Date({1704067200000 + 86_400_000 * k})/", "Value": v} for k, v in enumerate(LARGE)],
    "buckets": {
        "hits": {"total": {"value": 0}},
        "aggregations": {"days": {"buckets": [{"key": d, "doc_count": v} for d, v in zip(ISO, LARGE, strict=True)]}},
    },
}


_SHAPES |= {
    "records below a page": [{"page": 1}, [{"date": d, "value": v} for d, v in zip(ISO, LARGE, strict=True)]],
    "records in a record": {"series": [{"id": "a", "data": [{"date": d, "value": v} for d, v in zip(ISO, LARGE, strict=True)]}]},
}


@pytest.mark.parametrize("kind", _SHAPES)
def test_json_of_further_shapes_is_read(take, kind):
    panel, report = take(json.dumps(_SHAPES[kind]), name="data.json")
    assert (panel.freq.alias, report.first[:10], series(panel)) == ("D", "2024-01-01", LARGE)


def test_series_of_different_lengths_in_json_are_an_item_each(take):
    text = json.dumps({"a": dict(zip(ISO, LARGE, strict=True)), "b": dict(zip(ISO[5:], LARGE[5:], strict=True))})
    panel, _ = take(text, name="data.json")
    assert (panel.item_ids, series(panel), series(panel, 1)) == (("a", "b"), LARGE, LARGE[5:])


def test_of_two_tables_in_json_the_longer_is_read_with_a_warning(take):
    hours = {"time": HOURS, "t": LARGE}
    _, report = take(json.dumps({"daily": {"time": ISO[:5], "t": LARGE[:5]}, "hourly": hours}), name="data.json")
    assert (report.rows, report.first) == (20, "2024-01-13")
    assert any("'hourly' is read, and not 'daily'" in w for w in report.warnings)


def test_a_list_of_tags_in_a_record_makes_no_rows(take):
    tags = [{"key": "a"}, {"key": "b"}]
    text = json.dumps([{"date": d, "value": v, "tags": tags} for d, v in zip(ISO, LARGE, strict=True)])
    panel, report = take(text, name="data.json")
    assert (len(panel), series(panel), report.repaired) == (1, LARGE, ())


def test_row_numbers_of_a_data_frame_are_no_series(take):
    text = json.dumps({"date": {str(k + 5): d for k, d in enumerate(ISO)}, "v": {str(k + 5): v for k, v in enumerate(LARGE)}})
    assert take(text, name="data.json")[0].item_ids == ("v",)


def test_thousands_in_quotes_are_no_quoted_lines(take):
    panel, _ = take(table("date,sales", ISO, quoted(map(commas, LARGE))))
    assert series(panel) == LARGE
