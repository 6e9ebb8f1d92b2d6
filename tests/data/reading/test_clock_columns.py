"""Times of day beside dates, as export tools write them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import LARGE

DAYS = [str(np.datetime64("2024-01-13") + k) for k in range(4)]
CELLS = [(day, h) for day in DAYS for h in range(24)]
VALUES = [100.5 + k for k in range(96)]


def rows(line) -> str:
    return "".join(line(day, h, v) + "\n" for (day, h), v in zip(CELLS, VALUES, strict=True))


def is_hourly(panel, report) -> bool:
    return (panel.freq.alias, report.first, panel.history(0).tolist()) == ("h", "2024-01-13", VALUES)


@pytest.mark.parametrize(
    "names",
    [
        [f"{(h + 1) % 24:02d}:00" for h in range(24)],
        [f"{(h + 1) % 12 or 12} {'PM' if 11 <= h < 23 else 'AM'}" for h in range(24)],
    ],
)
def test_a_last_column_of_midnight_is_the_end_of_the_day(take, names):
    text = ",".join(["date", *names]) + "\n"
    text += "".join(f"{day}," + ",".join(map(str, VALUES[24 * k : 24 * k + 24])) + "\n" for k, day in enumerate(DAYS))
    panel, report = take(text)
    assert (report.first, report.last, report.missing) == ("2024-01-13T01:00:00", "2024-01-17", 0)
    assert panel.history(0).tolist() == VALUES


def test_a_time_beside_a_date_is_found_without_a_header(take):
    text = "".join(f"13/01/24,{k // 12:02d}:{k % 12 * 5:02d},{v}.25,{v // 7}.5\n" for k, v in enumerate(LARGE * 5))
    panel, _ = take(text)
    assert (len(panel), panel.freq.alias) == (2, "5min")


def test_times_in_apostrophes_are_times(take):
    assert is_hourly(*take("Datum;Uhrzeit;Wert\n" + rows(lambda day, h, v: f"{day};'{h:02d}:00';{v}")))


def test_japanese_time_codes_are_half_hours(take):
    text = "受渡日,時刻コード,価格\n" + "".join(f"{day},{k + 1},{10 + k}.5\n" for day in DAYS for k in range(48))
    panel, _ = take(text)
    assert (len(panel), panel.freq.alias) == (1, "30min")


def test_days_of_years_with_two_digits_have_hours_if_their_name_says_so(take):
    text = rows(lambda day, h, v: f"{day[2:].replace('-', '').replace('240', '190')};{h:02d}00;{v}")
    panel, report = take("FECHA (YYMMDD);HORA (HHMM);valor\n" + text.replace("19011", "19071"))
    assert (panel.freq.alias, report.first) == ("h", "2019-07-13")


def test_the_same_length_of_every_period_is_no_hour(take):
    text = "Station,Date,Amount,Period(Hrs)\n" + "".join(
        f"A,202401{d:02d}:0900,{v}.5,24\n" for d, v in zip(range(1, 21), LARGE, strict=True)
    )
    panel, report = take(text)
    assert (panel.freq.alias, report.first) == ("D", "2024-01-01T09:00:00")


def test_units_with_months_and_days_do_not_hide_the_day_of_the_year(take):
    text = "year,yday,prcp (mm/day)\n" + "".join(f"2023,{d + 1},{v}.5\n" for d, v in enumerate(LARGE))
    panel, report = take(text)
    assert (panel.freq.alias, report.first, panel.item_ids) == ("D", "2023-01-01", ("prcp (mm/day)",))


def test_local_times_beside_utc_are_found_when_day_and_month_are_open(take):
    stamps = [np.datetime64("2024-03-04T01") + np.timedelta64(k, "h") for k in range(96)]

    def american(stamp) -> str:
        d = stamp.item()
        return f"{d:%m/%d/%Y} {d.hour % 12 or 12}:00:00 {d:%p}"

    text = "Local Time,UTC Time,Load\n"
    text += "".join(f"{american(s)},{american(s + np.timedelta64(5, 'h'))},{v}\n" for s, v in zip(stamps, VALUES, strict=True))
    panel, report = take(text)
    assert (panel.freq.alias, report.first) == ("h", "2024-03-04T06:00:00")


@pytest.mark.parametrize("name", ["Ώρα", "x"])
def test_texts_of_all_times_of_a_day_are_times_whatever_their_name(take, name):
    text = rows(
        lambda day, h, v: (
            f"{day[8:]}/{day[5:7]}/{day[:4]};{h % 12 or 12}:00 {'πμ' if h < 12 else 'μμ'};{str(v).replace('.', ',')}"
        )
    )
    assert is_hourly(*take(f"Ημερομηνία;{name};Τιμή\n{text}"))


def test_a_few_times_that_name_routes_stay_items(take):
    days = [str(np.datetime64("2024-01-01") + k) for k in range(20)]
    text = "date,departure,riders\n" + "".join(f"{day},{t},{100 + k}\n" for k, day in enumerate(days) for t in ("07:30", "09:10"))
    assert take(text)[0].item_ids == ("07:30", "09:10")


def test_utc_seconds_are_used_beside_local_times_that_occur_twice(take):
    start = 1729983600  # 2024-10-26 23:00 UTC, before clocks go back in Estonia
    local = [np.datetime64(start + 3600 * k, "s") + np.timedelta64(3 if k < 2 else 2, "h") for k in range(24)]
    text = "".join(f'"{start + 3600 * k}";"{str(s)[:16]}";"{k},5"\n' for k, s in enumerate(local))
    panel, report = take('"Ajatempel (UTC)";"Eesti aeg";"Hind"\n' + text)
    assert (len(panel), panel.freq.alias, report.missing) == (1, "h", 0)
    assert panel.history(0).tolist() == [k + 0.5 for k in range(24)]


def test_the_day_of_the_year_beside_a_date_is_not_forecast(take):
    text = "date,Jul,level\n" + "".join(f"{np.datetime64('2024-02-20') + k},{51 + k},{v}\n" for k, v in enumerate(LARGE))
    assert take(text)[0].item_ids == ("level",)
