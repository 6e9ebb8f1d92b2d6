"""Timestamps in several columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from tsattn.errors import ConfigError, DataError

_DAYS = ("2024-01-01", "2024-01-02")
_PARTS = {
    "month-numbers": ("year,month,value", [f"{y},{m},{m}" for y in (2023, 2024) for m in range(1, 13)], "MS"),
    "month-names": ("Año,Mes,valor", [f"2023,{m},1" for m in ("enero", "febrero", "marzo", "abril")], "MS"),
    "abbreviations": ("Rok,Miesiąc,x", [f"2023,{m},1" for m in ("sty", "lut", "mar", "kwi")], "MS"),
    "quarters": ("year,quarter,value", [f"{y},Q{q},{q}" for y in (2023, 2024) for q in range(1, 5)], "QS"),
    "months-in-hungarian": ("Év;Hónap;Érték", [f"2023;{m};1" for m in ("január", "február", "március", "április")], "MS"),
    "months-in-greek": ("Έτος;Μήνας;Τιμή", [f"2023;{m};1" for m in ("Ιανουάριος", "Φεβρουάριος", "Μάρτιος")], "MS"),
    "months-in-slovene": ("Leto;Mesec;Skupaj", [f"2023;{m};1" for m in ("januar", "februar", "marec", "april")], "MS"),
    "years-with-dots": ("Év;Hónap;Érték", [f"2023.;{m};1" for m in ("január", "február", "március", "április")], "MS"),
    "letters": ("Year,m,d,Time,Time zone,Rain (mm)", [f"2024,{m},{d},00:00,UTC,{d}" for m in (1,) for d in range(1, 30)], "D"),
    "weeks": ("Jahr,KW,Wert", [f"2024,{w},{w}" for w in range(1, 20)], "W"),
    "days-of-the-year": ("year,doy,value", [f"2024,{d},{d}" for d in range(1, 70)], "D"),
    "days": ("YYYY,MM,DD,value", [f"2024,1,{d},{d}" for d in range(1, 32)], "D"),
    "minutes": (
        "Year,Month,Day,Hour,Minute,value",
        [f"2024,1,1,{h},{m},{h}" for h in range(24) for m in (0, 30)],
        "30min",
    ),
    "hours": ("Date,Hour,value", [f"{d},{h},{h}" for d in _DAYS for h in range(24)], "h"),
    "hours-of-german": ("Datum,Stunde,Wert", [f"{d},{h:02d},{h}" for d in _DAYS for h in range(24)], "h"),
    "hours-ending": ("Date,Hour,value", [f"{d},{h},{h}" for d in _DAYS for h in range(1, 25)], "h"),
    "hours-ending-named": ("Date,HE,value", [f"{d},HE{h:02d},{h}" for d in _DAYS for h in range(1, 25)], "h"),
    "hours-of-four-digits": ("date,hour,value", [f"{d},{h:02d}00,{h}" for d in _DAYS for h in range(24)], "h"),
    "times": ("date,time,value", [f"{d},{h:02d}:00,{h}" for d in _DAYS for h in range(24)], "h"),
    "times-with-dots": ("Date;Time;v", [f"{d};{h:02d}.00.00;{h}" for d in _DAYS for h in range(24)], "h"),
    "times-of-twelve-hours": (
        "date,time,value",
        [f"{d},{h % 12 or 12}:00 {'PM' if h > 11 else 'AM'},{h}" for d in _DAYS for h in range(24)],
        "h",
    ),
    "ranges-of-time": ("date,interval,value", [f"{d},{h:02d}:00-{h + 1:02d}:00,{h}" for d in _DAYS for h in range(24)], "h"),
    "digits-and-hours": ("date,hr,value", [f"{d.replace('-', '')},{h},{h}" for d in _DAYS for h in range(24)], "h"),
    "no-header": ("", [f"{y};{m:02d};{y + (m - 0.5) / 12:.3f};{m}.5" for y in range(1990, 1995) for m in range(1, 13)], "MS"),
}


@pytest.mark.parametrize("name", _PARTS)
def test_parts_of_a_date_are_one_timestamp(table, name: str) -> None:
    header, rows, freq = _PARTS[name]
    panel, report = table(header, rows)
    assert (panel.freq.alias, len(panel), report.rows, report.missing) == (freq, 1, len(rows), 0)
    start = {"MS": rows[0][:4] + "-01-01", "QS": "2023-01-01"}.get(freq, "2024-01-01")
    assert report.first == start


def test_periods_of_the_year_are_months_and_the_annual_mean_is_left_out(table) -> None:
    rows = [f"CE1,{y},M{m:02d},{m}" for y in (2022, 2023) for m in range(1, 14)]
    panel, report = table("Series ID,Year,Period,Value", rows)
    assert (panel.freq.alias, panel.item_ids, report.rows) == ("MS", ("CE1",), 24)
    assert panel.history(0).tolist() == [*range(1, 13)] * 2
    assert [(r.what, r.count, Path(r.where).name) for r in report.repaired] == [
        ("rows of whole years left out (M13)", 2, "data.csv, line 14")
    ]


def test_a_zone_column_over_a_clock_change_is_one_series(table) -> None:
    hours = [("00:00", "EDT"), ("01:00", "EDT"), ("01:00", "EST"), ("02:00", "EST"), ("03:00", "EST")]
    rows = [f"11/03/2024 {h},{z},{n},{i}" for i, (h, z) in enumerate(hours) for n in ("N", "S")]
    rows = [f"10/31/2024 23:00,EDT,{n},9" for n in ("N", "S")] + rows
    panel, report = table("Time Stamp,Time Zone,Name,Load", rows)
    assert (panel.tz, panel.freq.alias, panel.item_ids) == ("America/New_York", "h", ("N", "S"))
    assert panel.history(0)[-5:].tolist() == [0, 1, 2, 3, 4]
    assert report.last == "2024-11-03T03:00:00-05:00"


def test_a_doubled_hour_ending_stops_and_is_read_with_its_zone(table) -> None:
    hours = ["01", "02", "02X", *[f"{h:02d}" for h in range(3, 25)]]
    days = ("10/31/2024", "11/01/2024", "11/02/2024")
    rows = [f"{d},{h:02d},5" for d in days for h in range(1, 25)] + [f"11/03/2024,{h},{k}" for k, h in enumerate(hours)]
    with pytest.raises(DataError, match="timezone="):
        table("Date,Hour Ending,LMP", rows)
    panel, report = table("Date,Hour Ending,LMP", rows, timezone="America/New_York")
    assert (report.rows, report.missing, report.last) == (97, 0, "2024-11-03T23:00:00-05:00")
    assert panel.history(0)[72:].tolist() == list(range(25))


def test_timestamp_names_several_columns(table) -> None:
    rows = [f"{d},{h},{h}" for d in _DAYS for h in range(24)]
    panel, report = table("a,b,value", rows, timestamp="a,b")
    assert (panel.freq.alias, report.rows, report.last) == ("h", 48, "2024-01-02T23:00:00")
    rows = [f"{y},{m},{m}" for y in (2023, 2024) for m in range(1, 13)]
    assert table("a,b,value", rows, timestamp="a,b")[1].last == "2024-12-01"


def test_timestamp_names_a_column_that_is_no_part(table) -> None:
    rows = [f"{d},{h},x{h}" for d in _DAYS for h in range(24)]
    with pytest.raises(ConfigError, match='timestamp="a,b"'):
        table("a,b,c", rows, timestamp="a,b,c", target=())
    with pytest.raises(ConfigError, match="did you mean"):
        table("date,hour,c", rows, timestamp="date,hours")


def test_an_hour_that_adds_nothing_is_not_part_of_the_timestamp(table) -> None:
    rows = [f"2024-01-{d:02d},{(7 * d) % 24},{d}" for d in range(1, 20)]
    panel, report = table("date,peak hour,value", rows)
    assert (panel.freq.alias, report.last) == ("D", "2024-01-19")


def test_a_year_merged_downwards_is_filled_for_its_months(table) -> None:
    rows = [f"{y if m == 1 else ''},{m},{m}" for y in (2023, 2024) for m in range(1, 13)]
    panel, report = table("year,month,value", rows)
    assert (panel.freq.alias, report.first, report.last) == ("MS", "2023-01-01", "2024-12-01")


def test_hours_beside_numbers_of_six_digits_make_them_days(table) -> None:
    rows = [f"1910{day:02d},{hour},{day * hour % 7}" for day in range(1, 7) for hour in range(24)]
    panel, report = table("Datum,Stunde,v", rows)
    assert (panel.freq.alias, report.first[:10], report.rows) == ("h", "2019-10-01", 144)
