"""Files of smart meters, river gauges, weather services, counters of traffic and statistical registers."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.data.reading.exports.made import DAYS, HOURS, MONTHS, Case, V, W, X, case, csv, de, floats, values

_DEUTSCH = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"]


@case
def datadis_hours_to_24():
    rows = [("ES1", f"{d:%Y/%m/%d}", f"{d.hour + 1:02d}:00", f"{v},5", "Real") for d, v in zip(HOURS, V, strict=False)]
    return Case(csv("cups;fecha;hora;consumo_kWh;metodo", rows, ";"), "h", "2024-01-01", [[v + 0.5 for v in V[:72]]])


@case
def fluvius_more_texts_than_numbers():
    rows = []
    for d, v in zip(HOURS, V, strict=False):
        end = d + timedelta(hours=1)
        span = (f"{d:%d-%m-%Y}", f"{d:%H:%M:%S}", f"{end:%d-%m-%Y}", f"{end:%H:%M:%S}")
        rows.append((*span, '="5414488"', "1SAG11", "Digitale meter", "Afname Dag", f"0,{v}", "kWh", "Gevalideerd", ""))
    head = "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;Status;Tekst"
    return Case(
        csv(head, rows, ";"),
        "h",
        "2024-01-01",
        [[v / 1000 for v in V[:72]]],
        stop="--date-order dmy",
        settle={"date_order": "dmy"},
    )


@case
def entsoe_ranges_with_zone():
    rows = [
        ("Austria (AT)", f"{d:%d.%m.%Y %H:%M} - {d + timedelta(hours=1):%d.%m.%Y %H:%M} (CET/CEST)", v)
        for d, v in zip(HOURS, V, strict=False)
    ]
    return Case(csv("Area,MTU (CET/CEST),Load [MW]", rows), "h", "2024-01-01", [floats(V[:72])])


@case
def entsoe_ranges_over_a_clock_change():
    utc = [datetime(2024, 10, 26, 22) + timedelta(hours=k) for k in range(48)]
    rows = []
    for t, v in zip(utc, V, strict=False):
        ahead, zone = (2, "CEST") if t < datetime(2024, 10, 27, 1) else (1, "CET")
        end = t + timedelta(hours=1)
        later = 2 if end < datetime(2024, 10, 27, 1) else 1
        rows.append((f"{t + timedelta(hours=ahead):%d.%m.%Y %H:%M} - {end + timedelta(hours=later):%d.%m.%Y %H:%M} ({zone})", v))
    return Case(csv("MTU (CET/CEST),Price", rows), "h", "2024-10-26T22", [floats(V[:48])])


@case
def dwd_station_and_quality():
    rows = [(f"{433:11d}", f"{d:%Y%m%d%H}", "    3", "   -999", f"{v / 10:6}", "eor") for d, v in zip(HOURS, V, strict=False)]
    return Case(
        csv("STATIONS_ID;MESS_DATUM;QN_9;PP_10;TT_TU;eor", rows, ";"), "h", "2024-01-01", [[v / 10 for v in V[:72]]], name="d.txt"
    )


@case
def meteofrance_date_pattern_as_name():
    rows = [("75114001", "PARIS", "48.82", "2.33", "75", f"{d:%Y%m%d%H}", f"{v / 10}", 1) for d, v in zip(HOURS, V, strict=False)]
    return Case(csv("NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJHH;T;QT", rows, ";"), "h", "2024-01-01", [[v / 10 for v in V[:72]]])


@case
def digits_of_dates_under_an_unknown_name():
    return Case(
        csv("site,Stichprobe,y", [("a", f"{d:%Y%m%d}", v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:28])],
    )


@case
def knmi_blank_comment_below_the_names():
    rows = [("  260", f"{d:%Y%m%d}", f"{d.hour + 1:5d}", f"{v:5d}") for d, v in zip(HOURS, V, strict=False)]
    return Case(
        "# BRON: KNMI\n# T : Temperatuur (in 0.1 graden Celsius)\n# \n" + csv("# STN,YYYYMMDD,   HH,    T\n# ", rows),
        "h",
        "2024-01-01",
        [floats(V[:72])],
        name="d.txt",
    )


@case
def imgw_year_month_day_in_the_middle():
    rows = [("249180125", "WARSZAWA", d.year, f"{d:%m}", f"{d:%d}", f"{v / 10}") for d, v in zip(DAYS, V, strict=False)]
    return Case(csv(map(str, rows[0]), rows[1:]), "D", "2024-01-01", [[v / 10 for v in V[:28]]])


@case
def kp_year_before_month_and_day():
    rows = [(f"{d.year}", f"{d:%m}", f"{d:%d}", f"{v / 10}") for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("#YYY MM DD Ap", rows, " "), "D", "2024-01-01", [[v / 10 for v in V[:28]]], name="d.txt")


@case
def cbs_months_quarters_and_years():
    rows = []
    for k in range(48):
        rows.append((f"{2020 + k // 12}MM{k % 12 + 1:02d}", V[k]))
        rows += [(f"{2020 + k // 12}KW{k // 3 % 4 + 1:02d}", 7)] if k % 3 == 2 else []
        rows += [(f"{2020 + k // 12}JJ00", 9)] if k % 12 == 11 else []
    return Case(csv("Perioden;CPI_1", rows, ";"), "MS", "2020-01-01", [floats(V[:48])])


@case
def cbs_quarters():
    rows = [(f"{2014 + k // 4}KW{k % 4 + 1:02d}", V[k]) for k in range(32)]
    return Case(csv("Perioden;BBP", rows, ";"), "QS", "2014-01-01", [floats(V[:32])])


@case
def survstat_weeks_and_years():
    v = values(208)
    rows = [(f"{w + 1:02d}", *(v[52 * y + w] for y in range(4))) for w in range(52)]
    return Case(csv("Meldewoche\t2016\t2017\t2018\t2019", rows, "\t"), "W", "2016-01-04", [floats(v)])


@case
def miso_hours_without_a_date():
    rows = [(n, kind, *(values(24, s, 10, 90))) for s, (n, kind) in enumerate([("A", "LMP"), ("A", "MCC"), ("B", "LMP")])]
    head = ["Node", "Value", *(f"HE {k}" for k in range(1, 25))]
    return Case(csv(head, rows), "step", "", [floats(values(24, s, 10, 90)) for s in range(3)])


@case
def isone_trailer():
    rows = [("D", f"{d:%m/%d/%Y}", f"{d.hour + 1:02d}", v) for d, v in zip(HOURS, V, strict=False)]
    text = csv("H,Date,Hour Ending,System Load", rows) + "T,72\n"
    return Case(text, "h", "2024-01-01", [floats(V[:72])], options={"date_order": "mdy"})


@case
def met_norway_padded_note():
    rows = [("Oslo", "SN18700", f"{d:%d.%m.%Y}", f"{v},5") for d, v in zip(DAYS, V, strict=False)]
    text = csv("Navn;Stasjon;Tid(norsk normaltid);Middeltemperatur", rows, ";") + "Data er gyldig per 01.04.2024 (CC BY 4.0);;;\n"
    return Case(text, "D", "2024-01-01", [[v + 0.5 for v in V[:28]]])


@case
def nrfa_keys_above_the_rows():
    keys = ["file,timestamp,2024-03-01T10:00:00", *(f"station,key{k},value {k}" for k in range(9)), "data,last,2024-01-28"]
    rows = [(f"{d:%Y-%m-%d}", f"{v / 10}", "") for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("\n".join(keys), rows), "D", "2024-01-01", [[v / 10 for v in V[:28]]])


@case
def ehyd_keys_and_a_word_above_the_rows():
    keys = [*(f"Schlüssel {k}:      ;Wert {k}" for k in range(12)), "Werte:"]
    rows = [
        (f"{d:%d.%m.%Y %H:%M:%S}", "        Lücke" if k == 9 else de(v / 10, 3))
        for k, (d, v) in enumerate(zip(DAYS, V, strict=False))
    ]
    wanted = [None if k == 9 else v / 10 for k, v in enumerate(V[:28])]
    return Case(csv("\n".join(keys), rows, ";"), "D", "2024-01-01", [wanted], encoding="cp1252")


@case
def victron_zone_in_the_header():
    rows = [(d, f"{v}.5", f"{w}.25") for d, v, w in zip(HOURS, V, W, strict=False)]
    text = csv("timestamp,Battery [258],Battery [258]\nEurope/Vienna (+01:00),Battery Power,Voltage\n,W,V DC", rows)
    return Case(text, "h", "2024-01-01", [[v + 0.5 for v in V[:72]], [w + 0.25 for w in W[:72]]])


@case
def era5_points():
    points = [(48.25, 16.25), (48.25, 16.5)]
    rows = [(d, *p, v + 0.5 * s) for d, v in zip(HOURS, V, strict=False) for s, p in enumerate(points)]
    return Case(csv("valid_time,latitude,longitude,t2m", rows), "h", "2024-01-01", [floats(V[:72]), [v + 0.5 for v in V[:72]]])


@case
def openaq_utc_and_local():
    rows = [
        (f"{d:%Y-%m-%dT%H:%M:%SZ}", f"{d - timedelta(hours=7):%Y-%m-%dT%H:%M:%S}-07:00", v)
        for d, v in zip(HOURS, V, strict=False)
    ]
    return Case(csv("datetimeUtc,datetimeLocal,value", rows), "h", "2024-01-01", [floats(V[:72])])


@case
def ecb_one_date_in_two_spellings():
    rows = [(f"{d:%Y-%m-%d}", f"{d:%d %b %Y}", f"1.{v}") for d, v in zip(DAYS, V, strict=False)]
    return Case(csv("DATE,TIME PERIOD,US dollar/Euro", rows), "D", "2024-01-01", [[1 + v / 1000 for v in V[:28]]])


@case
def snb_codes_that_look_like_amounts():
    rows = [
        (f"{d:%Y-%m}", c, v / 100)
        for d, *two in zip(MONTHS, V, W, strict=False)
        for c, v in zip(("EUR1", "USD1"), two, strict=True)
    ]
    return Case(csv("Date;D1;Value", rows, ";"), "MS", "2020-01-01", [[v / 100 for v in V[:48]], [w / 100 for w in W[:48]]])


@case
def vmstat_timestamp_at_the_end():
    rows = [f" {k % 3}  0 {x} {d:%Y-%m-%d %H:%M:%S}" for k, (d, x) in enumerate(zip(HOURS, X, strict=False))]
    text = " r  b   free                 UTC\n" + "\n".join(rows) + "\n"
    return Case(text, "h", "2024-01-01", [floats(X[:72])], options={"target": "free"}, name="d.txt")


@case
def destatis_month_names_in_a_label():
    rows = [
        ("61111", "JAHR", d.year, "MONAT", f"MONAT{d.month:02d}", _DEUTSCH[d.month - 1], f"{v},5")
        for d, v in zip(MONTHS, V, strict=False)
    ]
    head = "Statistik_Code;Zeit_Code;Zeit;2_Merkmal_Code;2_Auspraegung_Code;2_Auspraegung_Label;PREIS1__2020=100"
    return Case(csv(head, rows, ";"), "MS", "2020-01-01", [[v + 0.5 for v in V[:48]]])


@case
def tsa_years_beside_dates():
    rows = [(f"{d.month}/{d.day}/2024", v, w) for d, v, w in zip(DAYS, V, W, strict=False)]
    gap = [float("nan")] * (365 - 28)  # the rest of 2023
    return Case(csv("Date,2024,2023", rows), "D", "2023-01-01", [[*floats(W[:28]), *gap, *floats(V[:28])]])


@case
def bast_short_dates_and_weekdays():
    start = datetime(2021, 12, 18)
    times = [start + timedelta(hours=k) for k in range(24 * 15)]
    v = values(24 * 15)
    rows = [(3537, x, f"{d:%y%m%d}", f"{d.hour + 1:02d}", d.isoweekday()) for d, x in zip(times, v, strict=False)]
    return Case(csv("TKNR;KFZ_R1;Datum;Stunde;Wotag", rows, ";"), "h", "2021-12-18", [floats(v)])


@case
def caiso_hours_of_another_zone():
    rows = [
        (f"{d:%Y-%m-%dT%H:%M:%S}-00:00", (d.hour - 8) % 24 + 1, c, 0, x)
        for d, v, w in zip(HOURS, V, W, strict=False)
        for c, x in (("LMP", v), ("MCC", w))
    ]
    return Case(csv("INTERVALSTARTTIME_GMT,OPR_HR,LMP_TYPE,POS,MW", rows), "h", "2024-01-01", [floats(V[:72]), floats(W[:72])])


@case
def jma_shift_jis():
    rows = [(f"{d.year}/{d.month}/{d.day} {d.hour}:00:00", v) for d, v in zip(HOURS, V, strict=False)]
    return Case(csv("年月日時,気温の平均値", rows), "h", "2024-01-01", [floats(V[:72])], encoding="cp932")
