"""Exports of meters, markets, servers and loggers: flags of clock changes, messages between rows, gas days, static columns."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.errors import DataError

HOURS = [f"{d} {h:02d}:00" for d in ("2023-11-04", "2023-11-05") for h in range(24)]
HOURS.insert(26, HOURS[25])  # the hour from 1 to 2 occurs twice


def flagged(items: str) -> str:
    rows = [(t, "Y" if k == 26 else "N", i, 100 * j + k) for k, t in enumerate(HOURS) for j, i in enumerate(items)]
    return table("time,DST flag,zone,load", *zip(*rows, strict=True))


@pytest.mark.parametrize("items", ["A", "AB"])
def test_a_flag_of_the_repeated_hour_names_no_series(take, items):
    with pytest.raises(DataError, match="duplicate timestamp 2023-11-05 01:00:00") as stopped:
        take(flagged(items))
    assert "--timezone" in stopped.value.hint
    panel, _ = take(flagged(items), timezone="America/Chicago")
    assert (panel.item_ids, series(panel)) == (tuple(items) if len(items) > 1 else ("load",), list(range(49)))


def test_two_meters_of_which_one_is_read_on_a_sunday_are_items(take):
    rows = [(t, "N", k) for k, t in enumerate(HOURS[:25])] + [("2023-11-04 12:00", "Y", 7), ("2023-11-04 13:00", "Y", 8)]
    assert take(table("time,meter,load", *zip(*rows, strict=True)))[0].item_ids == ("N", "Y")


MESSAGES = {
    "a restart": "{};-1;LINUX-RESTART",
    "a logger": "{};--- logger restarted ---",
    "stars": "*** power fail ***",
    "a header of fewer names": "time;host;temp",
}


@pytest.mark.parametrize("what", MESSAGES)
def test_messages_between_the_rows_are_left_out_and_reported(take, what):
    lines = [f"{d};0;{v};1;2;{k}.5" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))]
    lines.insert(9, MESSAGES[what].format(ISO[9]))
    panel, report = take("\n".join(["time;port;temp;a;b;c", *lines]) + "\n", target=("temp",))
    assert series(panel) == LARGE
    assert any(r.what == "notes between the rows left out" for r in report.repaired)


@pytest.mark.parametrize("cut", ["{};0;1137", "{};0;n/a", "{}"])
def test_a_row_that_is_cut_off_is_an_error(take, cut):
    lines = [f"{d};0;{v};1;2;{k}.5" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))]
    lines[9] = cut.format(ISO[9])
    with pytest.raises(DataError, match=r"line 11: . fields? where the header has 6"):
        take("\n".join(["time;port;temp;a;b;c", *lines]) + "\n")


def test_units_below_a_header_that_comes_again_are_left_out(take):
    head = ["Time,Temp,Flow", "hh:mm,°C,l/s"]
    lines = [f"{d},{v},{v / 2}" for d, v in zip(ISO, LARGE, strict=True)]
    panel, _ = take("\n".join([*head, *lines[:8], *head, *lines[8:]]) + "\n")
    assert (len(panel), series(panel)) == (2, LARGE)


SPANS = {
    "spans": [f"{(6 + k) % 24:02d}-{(7 + k) % 24:02d}" for k in range(24)],
    "times": [f"{(6 + k) % 24:02d}:00" for k in range(24)],
}


@pytest.mark.parametrize("names", SPANS)
def test_columns_from_six_to_six_are_the_hours_of_a_gas_day(take, names):
    rows = [f"{d}," + ",".join(str(100 * j + k) for k in range(24)) for j, d in enumerate(ISO[:5])]
    panel, report = take("\n".join(["day," + ",".join(SPANS[names]), *rows]) + "\n")
    assert (panel.freq.alias, report.first, report.last) == ("h", "2024-01-01T06:00:00", "2024-01-06T05:00:00")
    assert series(panel) == [100 * j + k for j in range(5) for k in range(24)]
    assert any("are read as times of the next day" in w for w in report.warnings)


@pytest.mark.parametrize("layout", [None, "rows"])
@pytest.mark.parametrize("word", ["HE ", "Hour ", "H"])
def test_hours_of_a_day_without_a_date_are_numbered_with_a_warning(take, word, layout):
    head = "node,type," + ",".join(f"{word}{k + 1}" for k in range(24))
    rows = [f"{n},LMP," + ",".join(f"{j + 1}{k}.5" for k in range(24)) for j, n in enumerate(["north", "south"])]
    panel, report = take("\n".join([head, *rows]) + "\n", layout=layout)
    assert (len(panel), panel.freq.alias) == (2, "step")
    assert any("are times of day, but no column has the date" in w for w in report.warnings) == (layout is None)


def test_a_column_that_never_changes_within_a_series_is_no_target(take):
    rows = [(d, p, c, v) for d, v in zip(ISO, LARGE, strict=True) for p, c in (("a", 100), ("b", 250))]
    panel, report = take(table("day,plant,capacity,generation", *zip(*rows, strict=True)))
    assert (panel.item_ids, series(panel)) == (("a", "b"), LARGE)
    assert any(r.what == "columns that never change within a series left out" for r in report.repaired)


@pytest.mark.parametrize("values", [[v / 100 for v in LARGE], LARGE])
def test_power_in_kw_is_no_week(take, values):
    panel, _ = take(table("time,kW,temp", ISO, values, range(20)))
    assert (panel.item_ids, series(panel)) == (("kW", "temp"), values)


def test_weeks_stay_a_part_of_the_date(take):
    weeks = [k % 3 + 30 for k in range(20)]
    assert take(table("date,kw,north,south", ISO, weeks, range(20), LARGE))[0].item_ids == ("north", "south")


def test_an_amount_with_a_currency_is_no_name_of_a_product(take):
    panel, _ = take(table("Date,Product Sales,Units", ISO, [f'"${v:,}.50"' for v in LARGE], range(20)))
    assert (panel.item_ids, series(panel)) == (("Product Sales", "Units"), [v + 0.5 for v in LARGE])


def test_names_in_a_comment_with_another_delimiter_are_the_names(take):
    rows = [f"{d.replace('-', '')}000000 {v} {255 if k == 4 else 40}" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))]
    panel, _ = take("\n".join(["#ZRXPVERSION2300|*|", "#LAYOUT(timestamp,value,status)|*|", *rows]) + "\n")
    assert (panel.item_ids, series(panel)) == (("value",), LARGE)


def test_columns_named_like_years_beside_dates_are_read_with_a_warning(take):
    panel, report = take(table("date,2024,2023", ISO, LARGE, range(20)))
    assert panel.item_ids == ("2024", "2023")
    assert any("named like years" in w for w in report.warnings)


def _matrix(rows: int, columns: int) -> str:
    return "\n".join("\t".join(f"{k}.{j}" for j in range(1, columns + 1)) for k in range(1, rows + 1)) + "\n"


def test_columns_without_names_and_dates_are_series_with_a_warning(take):
    panel, report = take(_matrix(30, 5))
    assert len(panel) == 5
    assert any("each of the 5 columns is read as a series" in w for w in report.warnings)


def test_more_columns_without_names_and_dates_than_rows_are_an_error_whose_options_read_them(take):
    with pytest.raises(DataError, match="neither a header nor timestamps"):
        take(_matrix(12, 30))
    assert len(take(_matrix(12, 30), timestamp="none")[0]) == 30
    panel, _ = take(_matrix(12, 30), layout="rows")
    assert (panel.item_ids[:2], series(panel)[:2]) == (("row 1", "row 2"), [1.1, 1.2])


@pytest.mark.parametrize("name", ["Date + hour (YYYYMMDDHH)", "Hour Index"])
def test_a_row_of_totals_without_a_number_in_the_first_column_is_left_out(take, name):
    first = [f"2024050{1 + k // 24}{k % 24:02d}" if "Date" in name else k for k in range(48)]
    sessions, users = [50 + 7 * k % 31 for k in range(48)], [9 + 5 * k % 17 for k in range(48)]
    total = f',"{sum(sessions):,}",{sum(users)}\n'
    panel, report = take(table(f"{name},Sessions,Users", first, sessions, users, tail=total))
    assert (panel.item_ids, series(panel)) == (("Sessions", "Users"), sessions)
    assert any(r.what == "rows of totals left out" for r in report.repaired)


def test_a_last_row_without_a_date_that_is_no_sum_is_an_error(take):
    with pytest.raises(DataError, match="no timestamp"):
        take(table("date,Sessions", [f"2024050{1 + k // 24}{k % 24:02d}" for k in range(48)], range(1, 49), tail=",7\n"))


def test_the_length_of_a_step_that_the_first_row_lacks_is_no_series(take):
    panel, _ = take(table("time,ping,duration", ISO, LARGE, [0, *[60] * 19]))
    assert panel.item_ids == ("ping",)


LATE = {"10min": (600, 3_000), "15s": (15, 20), "2h": (7_200, 30_000)}


@pytest.mark.parametrize("step", LATE)
def test_rows_that_come_late_are_advised_their_own_step(take, step):
    seconds, jitter = LATE[step]
    late = np.random.default_rng(1).integers(0, jitter, 60)
    stamps = np.datetime64("2024-01-01") + (np.arange(60) * seconds * 1000 + late).astype("timedelta64[ms]")
    with pytest.raises(DataError) as stopped:
        take(table("time,v", stamps, range(60)))
    assert f"--resample {step}" in stopped.value.hint
    panel, report = take(table("time,v", stamps, range(60)), resample=step)
    assert (series(panel), report.missing) == (list(range(60)), 0)
