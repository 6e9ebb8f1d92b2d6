"""Exports of weather services, water offices, health registers and markets."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.data.reading.kinds import ISO, LARGE, quoted, series, table
from tsattn.data.reading.read import read
from tsattn.errors import DataError

TENTHS = [5.1 + 0.7 * (k * 7 % 20) for k in range(20)]
MARKS = [1 + k % 2 for k in range(20)]
HOURS = np.datetime64("2024-03-05T00:00") + 60 * np.arange(20)
MONTHS = np.datetime64("2020-11") + np.arange(20)
TURKISH = "Yıl,Ocak,Şubat,Mart,Nisan,Mayıs,Haziran,Temmuz,Ağustos,Eylül,Ekim,Kasım,Aralık"
ENGLISH = "Year,January,February,March,April,May,June,July,August,September,October,November,December"
NAN = pytest.approx(float("nan"), nan_ok=True)


def rounded(values: list[float]) -> list[float]:
    return [float(f"{v:.6g}") for v in values]


@pytest.mark.parametrize("mark", ["QTM", "Q_TM", "QV:NETWORK:TM", "TM_source", "Qual", "checked"])
def test_a_mark_of_quality_before_or_beside_a_name_is_no_series(take, mark):
    panel, report = take(table(f"date,TM,{mark}", ISO, TENTHS, MARKS))
    assert panel.item_ids == ("TM",)
    assert any("quality marks left out" in str(r) for r in report.repaired)


def test_a_total_with_q_before_it_stays_a_series(take):
    assert take(table("date,TM,QTM", ISO, TENTHS, LARGE))[0].item_ids == ("TM", "QTM")


def test_a_place_that_is_written_in_the_first_row_alone_is_no_series(take):
    head = "time_ISO8601\tLongitude [degrees_east]\tTemperature [degC]"
    panel, _ = take(table(head, ISO, [1.5, *[""] * 19], TENTHS, sep="\t"), "buoy.txt")
    assert panel.item_ids == ("Temperature [degC]",)


@pytest.mark.parametrize("name", ["Seconds", "Elapsed (min)"])
def test_elapsed_time_is_no_series_whatever_its_unit(take, name):
    times = [f"{h}".replace("T", " ") for h in HOURS]
    elapsed = [k * (3600 if name == "Seconds" else 60) + 7 for k in range(20)]
    assert take(table(f"Date and Time,{name},Pressure,Level", times, elapsed, TENTHS, LARGE))[0].item_ids == ("Pressure", "Level")


def test_minutes_of_an_activity_that_rise_evenly_stay_a_series(take):
    panel, _ = take(table("date,Minutes Sedentary,steps", ISO, range(60, 80), LARGE))
    assert panel.item_ids == ("Minutes Sedentary", "steps")


@pytest.mark.parametrize("weeks", [True, False])
def test_the_week_or_month_of_a_date_as_one_number_is_no_series(take, weeks):
    starts = np.datetime64("2023-10-01") + 7 * np.arange(20) if weeks else MONTHS
    code = [202340 + k if k < 13 else 202401 + k - 13 for k in range(20)] if weeks else [str(m).replace("-", "") for m in MONTHS]
    assert take(table("begin,SE,cases", starts, code, LARGE))[0].item_ids == ("cases",)


def test_a_number_that_belongs_to_each_series_is_not_the_target(take):
    rows = [f"{d},{name},{line},{v}\n" for name, line in (("GDP", 1), ("Imports", 2)) for d, v in zip(ISO, LARGE, strict=True)]
    panel, report = take("date,description,line_of_table,observed\n" + "".join(rows))
    assert (panel.item_ids, series(panel)) == (("GDP", "Imports"), LARGE)
    assert any("never change within a series" in str(r) for r in report.repaired)


def test_a_copy_of_the_target_is_not_asked_about(take):
    rows = [f"{d},{name},{v},{v}\n" for name in ("EUR", "USD") for d, v in zip(ISO, TENTHS, strict=True)]
    panel, _ = take("exchangedate,cc,mid_quote,mid_quote_per_unit\n" + "".join(rows))
    assert series(panel) == rounded(TENTHS)


def test_codes_of_series_that_differ_in_one_part_are_all_forecast(take):
    shorter = [*LARGE[:18], "", ""]
    panel, _ = take(table("month,ICP.M.U2.N.000000.4,ICP.M.U2.N.XEF000.4", MONTHS, LARGE, shorter))
    assert panel.item_ids == ("ICP.M.U2.N.000000.4", "ICP.M.U2.N.XEF000.4")


def test_columns_that_never_change_do_not_hide_the_one_that_names_the_series(take):
    still = [f"column{k}" for k in range(9)]
    rows = [f"{','.join('abcdefghi')},{area},{m},{v}\n" for area in ("AT", "DE") for m, v in zip(MONTHS, LARGE, strict=True)]
    panel, _ = take(",".join([*still, "reporting", "TIME_PERIOD", "OBS_VALUE"]) + "\n" + "".join(rows))
    assert panel.item_ids == ("AT", "DE")


def buoy(minutes: list[int], waves: list[str]) -> str:
    head = "#YY  MM DD hh mm WDIR WSPD WVHT\n#yr  mo dy hr mn degT m/s     m\n"
    rows = [
        f"2023 04 28 {m // 60:02d} {m % 60:02d} {137 + 3 * k:4d} {TENTHS[k % 20]:4.1f} {w:>5}\n"
        for k, (m, w) in enumerate(zip(minutes, waves, strict=True))
    ]
    return head + "".join(rows)


def test_two_comment_lines_name_the_columns_and_their_units_and_mm_means_minutes(take):
    panel, report = take(buoy([10 * k for k in range(20)], [f"{1 + k / 10:.2f}" for k in range(20)]), "buoy.txt")
    assert panel.item_ids == ("WDIR", "WSPD", "WVHT")
    assert (panel.freq.alias, report.first) == ("10min", "2023-04-28")  # the day is the same in all rows
    assert any("a row of units" in str(r) for r in report.repaired)


def test_99_in_most_rows_is_missing_beside_values_below_ten(take):
    waves = ["99.00" if k % 6 else f"{0.4 + k / 60:.2f}" for k in range(96)]
    panel, report = take(buoy([10 * k for k in range(96)], waves), "buoy.txt")
    assert report.missing == 75  # the last five are after the last value
    assert max(series(panel, 2)[::6]) < 2


def test_99_in_most_rows_is_a_value_beside_values_of_its_size(take):
    waves = ["99.00" if k % 6 else f"{40 + k / 60:.2f}" for k in range(96)]
    assert take(buoy([10 * k for k in range(96)], waves), "buoy.txt")[1].missing == 0


@pytest.mark.parametrize(
    "written",
    [
        lambda t: f"{t[11:16]}:00 {t[8:10]}/{t[5:7]}/{t[:4]}",
        lambda t: f"{t[11:16]} {t[:10]}",
        lambda t: f"{t[8:10]}:{t[5:7]}:{t[:4]} {t[11:16]}:00",
        lambda t: f"{t[:4]} {t[5:7]} {t[8:10]} {t[11:13]}",
    ],
)
def test_dates_behind_times_with_colons_or_blanks_are_read(take, written):
    panel, report = take(table("Time,flow", [written(str(h)) for h in HOURS + 28_800], LARGE))
    assert (report.first, panel.freq.alias) == ("2024-03-25", "h")


def test_dates_of_the_republic_of_china_with_slashes_are_read(take):
    _, report = take(table("date,close", [f"113/{d[5:7]}/{d[8:]}" for d in ISO], LARGE))
    assert report.first == "2024-01-01"


def test_months_behind_the_code_of_their_list_are_read(take):
    panel, _ = take(table("C-VPIZR-0;F-VPI", ["VPIZR-" + str(m).replace("-", "") for m in MONTHS], LARGE, sep=";"))
    assert (panel.freq.alias, series(panel)) == ("MS", LARGE)


def test_numbers_behind_a_code_that_pass_december_are_no_months(take):
    with pytest.raises(DataError):
        take(table("document,amount", [f"INV-{202401 + k}" for k in range(20)], LARGE), timestamp="document")


@pytest.mark.parametrize("name", ["MO{m:02d}{y}", "total;{y}{m:02d};[persons]"])
def test_periods_between_words_in_names_of_columns_are_steps(take, name):
    names = quoted(name.format(y=int(str(m)[:4]), m=int(str(m)[5:])) for m in MONTHS)
    lines = [f"{n},{','.join(str(v + k) for v in LARGE)}\n" for k, n in enumerate(("CPI", "Food"))]
    panel, report = take("H04," + ",".join(names) + "\n" + "".join(lines))
    assert (panel.item_ids, series(panel), report.first) == (("CPI", "Food"), LARGE, "2020-11-01")


def test_numbered_names_beside_a_column_of_dates_stay_series(take):
    names = [f"shop_{k}" for k in range(2001, 2008)]
    panel, _ = take(table("date," + ",".join(names), ISO, *[LARGE] * 7))
    assert panel.item_ids == tuple(names)


@pytest.mark.parametrize("head", [TURKISH, ",".join(map(" ".join, zip(TURKISH.split(","), ENGLISH.split(","), strict=True)))])
def test_turkish_months_are_read_alone_and_with_english_ones(tmp_path, head):
    lines = [f"{2010 + k}," + ",".join(str(100 + 12 * k + m) for m in range(12)) + "\n" for k in range(6)]
    path = tmp_path / "data.csv"
    path.write_bytes((head + "\n" + "".join(lines)).encode("cp1254"))
    panel, report = read(path)
    assert (panel.freq.alias, series(panel)) == ("MS", list(range(100, 172)))
    assert any("cp1254" in w for w in report.warnings)


def test_seasons_of_three_months_are_the_months_in_their_middle(take):
    seasons = ["DJF", "JFM", "FMA", "MAM", "AMJ", "MJJ", "JJA", "JAS", "ASO", "SON", "OND", "NDJ"]
    rows = [f" {seasons[k % 12]} {2010 + k // 12} {v:6.2f}\n" for k, v in enumerate(np.tile(TENTHS, 3))]
    panel, report = take(" SEAS  YR  ANOM\n" + "".join(rows), "oni.txt")
    assert (panel.freq.alias, report.first, report.items) == ("MS", "2010-01-01", 1)


def test_the_day_of_the_download_is_not_the_timestamp(take):
    rows = [f"{area},{2000 + k},{v},2024-02-29T00:00:00Z\n" for area in ("AUT", "BEL") for k, v in enumerate(LARGE)]
    panel, report = take("Location,Period,Value,DateModified\n" + "".join(rows))
    assert (panel.freq.alias, report.first, series(panel)) == ("YS", "2000-01-01", LARGE)


def test_utc_with_an_offset_in_a_name_is_another_zone(take):
    utc = [f"{h}:00Z" for h in HOURS]
    local = [f"{h - 480}:00".replace("T", " ") for h in HOURS]
    panel, _ = take(table("ISO 8601 UTC, Timestamp (UTC-08:00), Value", utc, local, LARGE))
    assert (panel.tz, str(panel.start[0])[:13]) == ("UTC", "2024-03-05T00")


@pytest.mark.parametrize("options", [{}, {"timestamp": "Date GMT"}])
def test_a_date_takes_the_time_of_day_of_its_own_zone(take, options):
    times = HOURS[0] + 180 * np.arange(20)
    local = [str(h - 360) for h in times]
    columns = [[t[:10] for t in local], [t[11:] for t in local], [str(h)[:10] for h in times], [str(h)[11:] for h in times]]
    panel, _ = take(table("Date Local,Time Local,Date GMT,Time GMT,Sample", *columns, LARGE), **options)
    assert (str(panel.start[0])[:13], series(panel)) == ("2024-03-05T00", LARGE)


def test_names_of_formats_with_a_prefix_are_dates(take):
    head = "<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<CLOSE>"
    panel, _ = take(table(head, ["KGHM"] * 20, ["D"] * 20, [d.replace("-", "") for d in ISO], ["000000"] * 20, LARGE))
    assert series(panel) == LARGE


def test_mn_beside_a_year_is_a_month(take):
    years, months = [int(str(m)[:4]) for m in MONTHS], [int(str(m)[5:]) for m in MONTHS]
    serial = [(m.astype("datetime64[D]") - np.datetime64("1899-12-30")).astype(int) + 14 for m in MONTHS]
    decimal = [f"{y + (m - 0.5) / 12:.4f}" for y, m in zip(years, months, strict=True)]
    panel, report = take(table("Yr,Mn,Date,Date,CO2", years, months, serial, decimal, TENTHS))
    assert (panel.item_ids, report.first) == (("CO2",), "2020-11-01")


@pytest.mark.parametrize("cell", ["{}x", "{} §"])
def test_multiples_and_section_signs_beside_numbers_are_removed(take, cell):
    cells = [cell.format(v) if "x" in cell or k == 3 else v for k, v in enumerate(LARGE)]
    assert series(take(table("date,ratio", ISO, cells))[0]) == LARGE


def test_no_value_of_a_market_terminal_is_missing(take):
    assert take(table("Dates,PX_LAST", ISO, [*LARGE[:9], "#N/A N/A", *LARGE[10:]]))[1].missing == 1


def test_dates_with_dots_and_blanks_stand_below_a_row_of_numbers(take):
    dates = [f"{d[:4]}. {d[5:7]}. {d[8:]}." for d in ISO]
    panel, _ = take(
        "Dátum/ISO;AUD;JPY\nEgység;1;100\n" + "".join(f"{d};{v};{v + 1}\n" for d, v in zip(dates, LARGE, strict=True))
    )
    assert [name.split("/")[0] for name in panel.item_ids] == ["AUD", "JPY"]


def test_keys_and_values_stand_above_the_header_of_compact_times(take):
    above = "location,Basel\nlat,47.75\nlon,7.5\nasl,363.6\nvariable,Temperature\nunit,°C\nlevel,2 m\nresolution,1h\nsum,None\n"
    times = [str(h).replace("-", "").replace(":", "") for h in HOURS]
    panel, report = take(above + table("timestamp,Basel Temperature", times, LARGE))
    assert (panel.item_ids, report.first) == (("Basel Temperature",), "2024-03-05")


def test_of_lines_of_prose_above_aligned_columns_the_last_of_their_width_names_them(take):
    head = "Contributor: Oceanography Centre, Liverpool\nParameter: level of the sea surface\n"
    head += " Cycle Date Time Level\n Number yyyy mm dd hh mi ss f\n"
    rows = [
        f"{k + 1:3d} {str(h)[:10].replace('-', '/')} {str(h)[11:]}:00 {v:8.3f}\n"
        for k, (h, v) in enumerate(zip(HOURS, TENTHS, strict=True))
    ]
    panel, _ = take(head + "".join(rows), "gauge.txt")
    assert panel.item_ids == ("Level",)


def test_a_word_behind_the_newest_aligned_rows_is_left_out(take):
    rows = [
        f"   {str(m)[:4]}  {m.astype(int) % 12 + 1:2d} {v:7.1f} {v + 9:7.1f}{'  Provisional' if k > 17 else ''}\n"
        for k, (m, v) in enumerate(zip(MONTHS, TENTHS, strict=True))
    ]
    panel, report = take("   yyyy  mm    tmax    rain\n" + "".join(rows), "station.txt")
    assert (panel.item_ids, len(series(panel))) == (("tmax", "rain"), 20)
    assert any(r.what == "words after the last column left out" and r.count == 2 for r in report.repaired)


def test_blank_cells_of_aligned_columns_are_found_by_where_the_others_end(take):
    rows = [f"{2001 + k}{v:8.1f}{v + 9:8.1f}{v + 18:8.1f}\n" for k, v in enumerate(TENTHS)]
    panel, _ = take(
        "year     win     spr     sum\n" + "".join(rows) + "2021            99.5\n2022    98.5            97.5\n", "seasons.txt"
    )
    assert [series(panel, k)[-2:] for k in range(3)] == [[NAN, 98.5], [23.2, 99.5], [NAN, 97.5]]  # none in 2022


def test_a_column_of_words_may_stand_behind_aligned_numbers_and_a_sentence_with_commas(take):
    head = " year, month, day, RMM1, RMM2, phase.  Missing Value= 1.E36\n"
    rows = [
        f"{d[:4]:>8}{int(d[5:7]):8d}{int(d[8:]):8d}{v / 900:9.4f}{v / 700:9.4f}{k % 8 + 1:6d}   Final_value\n"
        for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))
    ]
    panel, report = take(head + "".join(rows), "index.txt")
    assert (len(panel), report.first) == (3, "2024-01-01")


@pytest.mark.parametrize("word", ["Sum", "I alt"])
def test_figures_of_the_whole_table_follow_its_sum(take, word):
    tail = f"{word},{sum(LARGE)}\nNormal,{1500}\n"
    assert series(take(table("Date,rain", ISO, LARGE, tail=tail))[0]) == LARGE


def test_chinese_notes_below_a_table_are_left_out(take):
    tail = '"說明:"\n"當日統計資訊含一般、零股交易，不含拍賣。"\n'
    assert series(take(table('"日期","收盤價","最高價"', ISO, quoted(LARGE), quoted(LARGE), tail=tail))[0]) == LARGE


def test_columns_of_days_may_have_a_word_before_their_number_and_statuses_beside_them(take):
    days = [f"Vazao{k:02d}" for k in range(1, 32)]
    head = ";".join(["Estacao", "Data", "Maxima", *days, *[f"{d}Status" for d in days]])
    lines = [
        f"14110000;2020-{m:02d}-01;900;" + ";".join(str(100 * m + d) if d <= n else "" for d in range(1, 32)) + ";1" * 31
        for m, n in ((3, 31), (2, 29), (1, 31))
    ]
    panel, report = take("\n".join([head, *lines]) + "\n")
    assert (panel.freq.alias, report.first, report.rows, report.items) == ("D", "2020-01-01", 91, 1)
    assert series(panel)[:2] == [101, 102]


def test_months_below_their_year_may_repeat_it(take):
    months = ["Janeiro", "Fevereiro", "Março", "Abril", "Maio", "Junho"]
    rows = [
        f'"{year}";{600 + k}\n' + "".join(f'".. {m}/{year}";{100 + j}\n' for j, m in enumerate(months))
        for k, year in enumerate((2019, 2020, 2021))
    ]
    panel, _ = take('"Ano/mês";"Internações"\n' + "".join(rows))
    assert (panel.freq.alias, series(panel)[:2]) == ("MS", [100, 101])


def test_rows_that_begin_with_a_code_and_a_year_hold_months(take):
    rows = [
        f"01{d:02d}02{1990 + y}" + "".join(f"{100 * d + 12 * y + m:8.2f}" for m in range(12)) + "\n"
        for d in (1, 2)
        for y in range(4)
    ]
    panel, report = take("".join(rows), "divisions.txt")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("010102", "010202"), "MS", "1990-01-01")
    assert series(panel, 1) == [200 + k for k in range(48)]


@pytest.mark.parametrize("key", ["data", "result"])
def test_lists_of_texts_within_an_answer_are_rows(take, key):
    rows = [[str(1_700_000_400 + 3600 * k) + "000", str(v), f"{v + 0.5}", "1"] for k, v in enumerate(LARGE)][::-1]
    answer = {"code": "0", "data": rows} if key == "data" else {"retCode": 0, "result": {"category": "spot", "list": rows}}
    panel, _ = take(json.dumps(answer), "candles.json")
    assert (panel.freq.alias, series(panel)) == ("h", LARGE)


def test_seconds_since_1970_as_texts_with_decimals_are_times(take):
    candles = [
        {"time": f"{1_700_000_400 + 3600 * k}.000000000", "complete": k < 19, "mid": {"c": str(v)}} for k, v in enumerate(LARGE)
    ]
    panel, _ = take(json.dumps({"granularity": "H1", "candles": candles}), "candles.json")
    assert (panel.item_ids, series(panel)) == (("mid.c",), LARGE)


def test_fiscal_quarters_may_have_a_comma(take):
    quarters = [f"{2012 + k // 4}-{13 + k // 4},Q{k % 4 + 1}" for k in range(20)]
    assert take(table("Period;GDP", quarters, LARGE, sep=";"))[0].freq.alias == "QS"


@pytest.mark.parametrize("name", ["mrid", "Day_2"])
def test_a_count_of_the_rows_in_any_column_is_no_series(take, name):
    assert take(table(f"date,value,{name}", ISO, LARGE, range(20)))[0].item_ids == ("value",)


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York"])
def test_local_midnights_in_utc_on_which_months_begin_are_months(take, zone):
    starts = [datetime(2020 + k // 12, k % 12 + 1, 1, tzinfo=ZoneInfo(zone)) for k in range(30)]
    rows = [
        {"Fecha": int(t.timestamp() * 1000), "FK_Periodo": t.month, "Anyo": t.year, "Valor": k + 0.5}
        for k, t in enumerate(starts)
    ]
    panel, report = take(json.dumps({"COD": "IPC1", "Data": rows}), "ipc.json")
    assert (panel.item_ids, panel.freq.alias, report.first) == (("Valor",), "MS", "2020-01-01")


def test_minutes_of_the_day_below_a_day_are_times(take):
    days = [{"value": f"2024-03-0{d}Z", "Rep": [{"T": str(8 * d + k), "$": str(180 * k)} for k in range(8)]} for d in range(1, 5)]
    panel, _ = take(json.dumps({"SiteRep": {"DV": {"Location": {"i": "3772", "Period": days}}}}), "obs.json")
    assert (panel.freq.alias, series(panel)) == ("3h", list(range(8, 40)))


def test_hours_within_dated_days_are_read_and_not_the_days(take):
    days = [
        {
            "date": f"2024-03-0{d}",
            "day": {"max": 30.5},
            "hour": [{"time": f"2024-03-0{d} {h:02d}:00", "temp": 24 * d + h} for h in range(24)],
        }
        for d in range(1, 5)
    ]
    panel, _ = take(json.dumps({"location": {"name": "London"}, "forecast": {"forecastday": days}}), "history.json")
    assert (panel.freq.alias, series(panel)) == ("h", list(range(24, 120)))


def test_records_beside_one_text_are_rows(take):
    rows = [{"timestamp": str(1_700_000_400 + 3600 * k), "close": str(v)} for k, v in enumerate(LARGE)]
    assert series(take(json.dumps({"data": {"pair": "BTC/USD", "ohlc": rows}}), "candles.json")[0]) == LARGE


def test_quarters_in_a_column_of_periods_are_quarters(take):
    rows = [f"{place},{2010 + k // 4},{k % 4 + 1},{v}\n" for place in ("East", "West") for k, v in enumerate(LARGE)]
    panel, _ = take("place_name,yr,period,index\n" + "".join(rows))
    assert (panel.item_ids, panel.freq.alias) == (("East", "West"), "QS")


def test_a_flag_beside_one_measurement_is_not_asked_about(take):
    rows = [f"{d},{name},{k % 2},{v}\n" for name in ("Rome", "Oslo") for k, (d, v) in enumerate(zip(ISO, TENTHS, strict=True))]
    assert series(take("date,city,is_day,temp_c\n" + "".join(rows))[0]) == rounded(TENTHS)


def test_labels_of_sources_and_notes_below_a_table_are_left_out(take):
    assert (
        series(take(table("Fecha,Tipo", ISO, [*LARGE[:9], "_", *LARGE[10:]], tail="FUENTE,BCE\nNOTAS,(1)\n"))[0])[:9] == LARGE[:9]
    )


def test_a_first_column_that_numbers_dated_rows_is_left_out_whatever_the_name_of_the_dates(take):
    rows = [f"{k + 1},{d},{v},{v + 1}\n" for k, (d, v) in enumerate(zip(ISO, LARGE, strict=True))]
    assert take("B,,OAKVILLE,DELTA\n" + "".join(rows))[0].item_ids == ("OAKVILLE", "DELTA")


def test_tags_below_the_names_of_columns_name_nothing(take):
    rows = [f"{d},{m},{v},{v / 80}\n" for m in ("Kabul", "Herat") for d, v in zip(ISO, LARGE, strict=True)]
    panel, _ = take("date,market,price,usdprice\n#date,#adm1+name,#value,#value+usd\n" + "".join(rows))
    assert series(panel) == LARGE


@pytest.mark.parametrize("name", ["Qualitaetsniveau", "Qualitätsniveau_1"])
def test_a_level_of_quality_is_no_series(take, name):
    assert take(table(f"date;TM;{name}", ISO, TENTHS, MARKS, sep=";"))[0].item_ids == ("TM",)


def test_the_hours_of_a_forecast_step_are_no_series(take):
    times = [f"{h}".replace("T", " ") for h in HOURS]
    assert take(table("valid_time,step,t2m", times, range(20), TENTHS))[0].item_ids == ("t2m",)


def test_of_times_with_and_without_z_those_of_utc_are_used(take):
    utc = [f"{h}:00.000Z" for h in HOURS]
    local = [f"{h - 300}:00" for h in HOURS]
    panel, _ = take(table("type,deviceTime,time,value", ["cbg"] * 20, local, utc, TENTHS))
    assert str(panel.start[0])[:13] == "2024-03-05T00"


def test_trailers_of_records_that_begin_with_a_code_are_left_out(take):
    rows = table("HEADER,EQUT,ReportDate,Total", ["DATA"] * 20, ["EQUT"] * 20, [d.replace("-", "") for d in ISO], LARGE)
    assert series(take("BOF,U123,NAV Report\nBOA,U123\n" + rows + "EOA,U123\nEOF,U123\n")[0]) == LARGE


def test_a_shorter_last_row_of_a_series_with_a_code_is_an_error(take):
    with pytest.raises(DataError, match="2 fields"):
        take(table("symbol,date,close", ["DATA"] * 20, ISO, LARGE) + "DATA,2024-01-21\n")


@pytest.mark.parametrize("head", ["月份,数量", "NM_YR|NM_MTH|MS_CPI"])
def test_chinese_and_abbreviated_months_are_read(take, head):
    parts = [(int(str(m)[:4]), int(str(m)[5:])) for m in MONTHS]
    written = [f"{y}年{m:02d}月份" if "," in head else f"{y}|{m}" for y, m in parts]
    panel, report = take(table(head, written, LARGE, sep="," if "," in head else "|"))
    assert (panel.freq.alias, report.first, series(panel)) == ("MS", "2020-11-01", LARGE)
