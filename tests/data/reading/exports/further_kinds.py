"""Further kinds: parts of dates, numbers as dates, layouts, markers and sentinels, each as one public tool writes it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from tests.data.reading.exports.made import DAYS, HOURS, MONTHS, QUARTERS, Case, N, V, W, X, case, csv, floats, values

LATE_HOURS = [datetime(2024, 5, 28) + timedelta(hours=k) for k in range(80)]


@case
def outage_code():
    cells = ["-9999" if k in (30, 31, 32, 50) else f"{v}.5" for k, v in enumerate(V[:72])]
    series = [None if k in (30, 31, 32, 50) else v + 0.5 for k, v in enumerate(V[:72])]
    return Case(csv("time,co", zip(HOURS, cells, strict=True)), "h", "2024-01-01", [series])


@case
def daily_check_code():
    hours = [datetime(2024, 5, 6) + timedelta(hours=k) for k in range(240)]
    numbers = values(240)
    cells = ["-200" if k % 24 == 4 else f"{v}.7" for k, v in enumerate(numbers)]
    series = [None if k % 24 == 4 else v + 0.7 for k, v in enumerate(numbers)]
    return Case(csv("date,co", zip(hours, cells, strict=True)), "h", "2024-05-06", [series])


@case
def chinese_branches():
    rows = [
        (b, f"{d.year}年{d.month}月{d.day}日", v) for b, xs in (("Wien", V), ("Graz", W)) for d, v in zip(DAYS, xs, strict=False)
    ]
    return Case(csv("filiale,datum,umsatz", rows), "D", "2024-01-01", [floats(V[:N]), floats(W[:N])])


@case
def quarter_first():
    rows = [(f"{d.month // 3 + 1}Q{d:%y}", v) for d, v in zip(QUARTERS, V, strict=False)]
    return Case(csv("Quarter,value", rows), "QS", "2014-01-01", [floats(V[:32])])


@case
def fiscal_year():
    return Case(csv("Year,value", [(f"FY{2000 + k}", V[k]) for k in range(24)]), "YS", "2000-01-01", [floats(V[:24])])


@case
def spanish_months():
    names = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"]
    rows = [(f"01-{names[d.month - 1]}-{d.year}", v) for d, v in zip(MONTHS, V, strict=False)]
    return Case(csv("Fecha;Valor", rows, ";"), "MS", "2020-01-01", [floats(V[:48])])


@case
def excel_serials():
    rows = [((d - datetime(1899, 12, 30)).days, v) for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("Date,value", rows), "D", "2024-01-01", [floats(V[:N])])


@case
def digits_to_the_second():
    rows = [(f"{d:%Y%m%d%H%M%S}", v) for d, v in zip(HOURS, V, strict=False)]
    return Case(csv("time,value", rows), "h", "2024-01-01", [floats(V[:72])])


@case
def digits_to_the_minute():
    rows = [(f"{d:%Y%m%d%H%M}", v) for d, v in zip(HOURS, V, strict=False)]
    return Case(csv("time,value", rows), "h", "2024-01-01", [floats(V[:72])])


@case
def decimal_years():
    rows = [(f"{d.year + (d.month - 1) / 12:.6f}", v) for d, v in zip(MONTHS, V, strict=False)]
    return Case(csv("time,value", rows), "MS", "2020-01-01", [floats(V[:48])])


@case
def stations_without_a_header():
    rows = [
        (s, f"{d:%Y%m%d}", "TMAX", xs[k], "", "", "W", 2400) for k, d in enumerate(DAYS) for s, xs in (("US1", V), ("US2", W))
    ]
    text = "".join(",".join(map(str, row)) + "\n" for row in rows)
    return Case(text, "D", "2024-01-01", [floats(V[:N]), floats(W[:N])])


@case
def years_to_come():
    return Case(csv("year,t2m", [(2100 + k, f"{V[k]}.25") for k in range(60)]), "YS", "2100-01-01", [[v + 0.25 for v in V[:60]]])


@case
def sunspots():
    rows = [
        f"{d.year};{d.month:02d};{d.year + (d.month - 0.5) / 12:.3f}; {v:5.1f};{-1.0:5.1f};   -1;1"
        for d, v in zip(MONTHS, V, strict=False)
    ]
    return Case("\n".join(rows) + "\n", "MS", "2020-01-01", [floats(V[:48])])


@case
def year_month_day_columns():
    rows = [(d.year, d.month, d.day, v) for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("YYYY,MM,DD,value", rows), "D", "2024-01-01", [floats(V[:N])])


@case
def year_and_name_of_month():
    rows = [(d.year, f"{d:%B}", v) for d, v in zip(MONTHS, V, strict=False)]
    return Case(csv("Year,Month,value", rows), "MS", "2020-01-01", [floats(V[:48])])


@case
def time_with_dots():
    rows = [(f"{d:%d/%m/%Y}", f"{d:%H.%M.%S}", f"{v},7") for d, v in zip(LATE_HOURS, V, strict=False)]
    return Case(csv("Date;Time;CO(GT)", rows, ";"), "h", "2024-05-28", [[v + 0.7 for v in V]])


@case
def hour_ending():
    rows = [(f'"{d:%m/%d/%Y}"', f'"{d.hour + 1:02d}"', v) for d, v in zip(LATE_HOURS, V, strict=False)]
    return Case(csv('"Date","Hour Ending","LMP"', rows), "h", "2024-05-28", [floats(V)])


@case
def zone_names_over_a_clock_change():
    start = datetime(2024, 11, 3, 4)
    clock = [(start + timedelta(hours=k), -4 if k < 2 else -5) for k in range(60)]
    rows = [
        (f'"{d + timedelta(hours=o):%m/%d/%Y %H:%M:%S}"', '"EDT"' if o == -4 else '"EST"', v)
        for (d, o), v in zip(clock, V, strict=False)
    ]
    return Case(csv('"Time Stamp","Time Zone","Load"', rows), "h", "2024-11-03T04:00", [floats(V[:60])])


@case
def report_above_date_and_hour():
    head = "\\\\Hourly Demand Report,,,\n\\\\Created at 2024-05-28 07:33:01,,,\nDate,Hour,Market Demand,Ontario Demand\n"
    rows = "".join(f"{d:%Y-%m-%d},{d.hour + 1},{x},{w}\n" for d, x, w in zip(HOURS, X, W, strict=False))
    return Case(head + rows, "h", "2024-01-01", [floats(X[:72]), floats(W[:72])])


@case
def year_to_minute():
    half = [datetime(2024, 5, 6) + timedelta(minutes=30 * k) for k in range(80)]
    rows = [(d.year, d.month, d.day, d.hour, d.minute, v) for d, v in zip(half, V, strict=False)]
    return Case(csv("Year,Month,Day,Hour,Minute,GHI", rows), "30min", "2024-05-06", [floats(V)])


@case
def transformation_codes():
    rows = [(f"{d.month}/1/{d.year}", x, f"{v / 10}") for d, x, v in zip(MONTHS, X, V, strict=False)]
    text = csv("sasdate,RPI,UNRATE", [("Transform:", 5, 2), *rows])
    return Case(text, "MS", "2020-01-01", [floats(X[:48]), [v / 10 for v in V[:48]]])


@case
def rows_of_formats():
    rows = [("USGS", "01646500", f"{d:%Y-%m-%d %H:%M}", "EST", x) for d, x in zip(HOURS, X, strict=False)]
    text = csv("agency_cd\tsite_no\tdatetime\ttz_cd\t69928_00060", [("5s", "15s", "20d", "6s", "14n"), *rows], "\t")
    return Case("# comment\n" + text, "h", "2024-01-01", [floats(X[:72])], name="d.rdb")


@case
def stores_and_families():
    keys = [(s, f) for s in (1, 2) for f in ("AUTOMOTIVE", "BEVERAGES")]
    rows = [(k * 4 + j, d.date(), s, f, V[k] + 10 * j, 0) for k, d in enumerate(DAYS) for j, (s, f) in enumerate(keys)]
    series = [[float(V[k] + 10 * j) for k in range(N)] for j in range(4)]
    return Case(csv("id,date,store_nbr,family,sales,onpromotion", rows), "D", "2024-01-01", series)


@case
def shop_ids():
    rows = [(d.date(), shop, xs[k]) for k, d in enumerate(DAYS) for shop, xs in ((1, V), (13, W))]
    return Case(csv("date,shop_id,sales", rows), "D", "2024-01-01", [floats(V[:N]), floats(W[:N])])


@case
def semicolons_in_notes():
    rows = [(d.date(), v, "ok;checked") for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("date,value,note", rows), "D", "2024-01-01", [floats(V[:N])])


@case
def unavailable_sensor():
    rows = [
        ("sensor.power", "unavailable" if k == 9 else f"{v}.8", f"{d:%Y-%m-%dT%H:%M:%S}.000Z")
        for k, (d, v) in enumerate(zip(HOURS, V, strict=False))
    ]
    series = [None if k == 9 else v + 0.8 for k, v in enumerate(V[:72])]
    return Case(csv("entity_id,state,last_changed", rows), "h", "2024-01-01", [series])


@case
def stars_for_months_to_come():
    cells = [f"{v / 100:.2f}" if k < 42 else "***" for k, v in enumerate(V[:48])]
    rows = [(2020 + k, *cells[12 * k : 12 * k + 12]) for k in range(4)]
    text = csv("Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec", rows)
    return Case(text, "MS", "2020-01-01", [[v / 100 for v in V[:42]]])


@case
def closed_sundays():
    days = [datetime(2024, 1, 1) + timedelta(days=k) for k in range(90)]
    rows = [(d.date(), v) for d, v in zip([d for d in days if d.weekday() < 6], V, strict=False)]
    return Case(csv("date,sales", rows[:77]), "D@Mon-Sat", "2024-01-01", [floats(V[:77])])


@case
def sessions():
    quarters = [d + timedelta(hours=9, minutes=30 + 15 * k) for d in DAYS if d.weekday() < 5 for k in range(26)]
    numbers = values(len(quarters))
    rows = [(d, f"{v}.25") for d, v in zip(quarters, numbers, strict=True)]
    return Case(csv("Datetime,Close", rows), "15min@Mon-Fri/09:30-15:45", "2024-01-01T09:30", [[v + 0.25 for v in numbers]])


@case
def flag_beside_a_value_like_a_year():
    rows = [(f"{1800 + v - 100}{'*' if k == 5 else ''}", d.date()) for k, (d, v) in enumerate(zip(DAYS, V, strict=False))]
    return Case(csv("visitors,date", rows), "D", "2024-01-01", [[1700.0 + v for v in V[:N]]])


@case
def series_in_records():
    lines = [json.dumps({"item_id": i, "start": "2024-01-01", "target": xs[:N]}) for i, xs in (("A0", V), ("A1", W))]
    freq = {"freq": "D"}
    return Case("\n".join(lines), "D", "2024-01-01", [floats(V[:N]), floats(W[:N])], name="d.jsonl", stop="--freq D", settle=freq)


@case
def half_hours_as_columns():
    head = ["Date", *(f"{k // 2:02d}:{k % 2 * 30:02d}" for k in range(48))]
    rows = [(d.date(), *values(48, k)) for k, d in enumerate(DAYS)]
    return Case(csv(head, rows), "30min", "2024-01-01", [floats(v for k in range(N) for v in values(48, k))])


@case
def sixteen_digits():
    rows = [(f"{2000 + k}-01-01", V[k] * 10**14) for k in range(24)]
    return Case(csv("date,gdp_lcu", rows), "YS", "2000-01-01", [[float(v * 10**14) for v in V[:24]]])


@case
def dekads():
    rows = [(f"{d:%Y-%m}-{day:02d}", V[k] + day) for k, d in enumerate(MONTHS) for day in (1, 11, 21)]
    return Case(
        csv("date,rain", rows), "step", "0", [floats(r[1] for r in rows)], stop="--timestamp none", settle={"timestamp": "none"}
    )


@case
def two_counters():
    rows = [(k, k, d.date(), v) for k, (d, v) in enumerate(zip(DAYS, V, strict=False))]
    return Case(csv("Unnamed: 0.1,Unnamed: 0,date,value", rows), "D", "2024-01-01", [floats(V[:N])])
