"""Timestamps as weather services, market operators, accounting programs and statistical offices write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import AMERICAN, ISO, LARGE, series, table
from tsattn.errors import DataError

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
    assert any(r.what == "annual and quarterly rows beside finer ones left out" and r.count == 10 for r in report.repaired)


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
    with pytest.raises(DataError, match="period 25 in column 'Stunde' belongs to a 25-hour day"):
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
    with pytest.raises(DataError, match="period 49 in column 'SettlementPeriod' belongs to a 25-hour day") as stopped:
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


@pytest.mark.parametrize(
    ("year", "period"), [("FY{:02d}", "P{:02d}"), ("20{:02d}", "P{:02d}"), ("20{:02d}", "P{}"), ("20{:02d}", "Period {}")]
)
def test_a_year_beside_periods_named_with_a_p_are_months(take, year, period):
    rows = [f"{year.format(y)},{period.format(m)},{y * 100 + m}" for y in range(17, 20) for m in range(1, 13)]
    panel, _ = take("\n".join(["Fiscal Year,Period,Revenue", *rows]) + "\n")
    assert (panel.freq.alias, str(panel.start[0])[:7], len(panel.history(0))) == ("MS", "2017-01", 36)


def test_thirteen_periods_of_a_year_are_no_months(take):
    rows = [f"20{y},P{m:02d},{y * 100 + m}" for y in range(17, 20) for m in range(1, 14)]
    with pytest.raises(DataError):
        take("\n".join(["Fiscal Year,Period,Revenue", *rows]) + "\n")
