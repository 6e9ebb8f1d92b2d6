"""Files of power exchanges, grid operators and meters."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.data.reading.exports.made import HOURS, Case, V, W, X, case, csv, de, floats, values


@case
def entsoe_new():
    return Case(
        csv(
            '"MTU (UTC)","Area","Sequence","Day-ahead Price (EUR/MWh)"',
            [
                (
                    f'"{d:%d/%m/%Y %H:%M:%S} - {d + timedelta(hours=1):%d/%m/%Y %H:%M:%S}"',
                    '"BZN|AT"',
                    '"Sequence Sequence 1"',
                    f'"{v}.13"',
                )
                for d, v in zip(HOURS, V, strict=False)
            ],
        ),
        "h",
        "2024-01-01",
        [[v + 0.13 for v in V[:72]]],
    )


@case
def entsoe_load():
    q = [datetime(2024, 1, 1) + timedelta(minutes=15 * k) for k in range(72)]
    return Case(
        csv(
            '"Time (UTC)","Day-ahead Total Load Forecast [MW] - BZN|AT","Actual Total Load [MW] - BZN|AT"',
            [
                (
                    f'"{d:%d.%m.%Y %H:%M} - {d + timedelta(minutes=15):%d.%m.%Y %H:%M}"',
                    f'"{x + 11}"',
                    f'"{x}"' if k < 60 else '"n/e"' if k < 70 else '"-"',
                )
                for k, (d, x) in enumerate(zip(q, X, strict=False))
            ],
        ),
        "15min",
        "2024-01-01",
        [floats(X[:60])],
    )


@case
def smard():
    return Case(
        "\ufeff"
        + csv(
            "Datum von;Datum bis;Biomasse [MWh] Berechnete Auflösungen;Wasserkraft [MWh] Berechnete Auflösungen",
            [
                (f"{d:%d.%m.%Y %H:%M}", f"{d + timedelta(hours=1):%d.%m.%Y %H:%M}", de(x + 0.25), "-" if k == 9 else de(w + 0.5))
                for k, (d, x, w) in enumerate(zip(HOURS, X, W, strict=False))
            ],
            ";",
        ),
        "h",
        "2024-01-01",
        [[x + 0.25 for x in X[:72]], [None if k == 9 else w + 0.5 for k, w in enumerate(W[:72])]],
    )


@case
def green_button():
    return Case(
        "Name,JOHN DOE\nAddress,1 MAIN ST\nAccount Number,123\nService,Service 1\n\n"
        "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
        + "".join(
            f"Electric usage,{d:%Y-%m-%d},{d:%H:%M},{d + timedelta(minutes=59):%H:%M},{v / 100},kWh,${v / 500:.2f},\n"
            for d, v in zip(HOURS, V, strict=False)
        ),
        "h",
        "2024-01-01",
        [[v / 100 for v in V[:72]]],
        {"target": ("USAGE",)},
    )


@case
def aemo():
    t = [datetime(2024, 1, 1, 0, 5) + timedelta(minutes=5 * k) for k in range(72)]
    return Case(
        csv(
            "REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE",
            [("NSW1", f'"{d:%Y/%m/%d %H:%M:%S}"', f"{x}.25", v, "TRADE") for d, x, v in zip(t, X, V, strict=False)],
        ),
        "5min",
        "2024-01-01T00:05",
        [[x + 0.25 for x in X[:72]]],
        {"target": ("TOTALDEMAND",)},
    )


@case
def aemo_cid():
    t = [datetime(2024, 1, 1, 0, 5) + timedelta(minutes=5 * k) for k in range(72)]
    return Case(
        "C,NEMP.WORLD,DISPATCHIS,AEMO,PUBLIC,2024/01/01,00:00:05,1\nI,DISPATCH,PRICE,4,SETTLEMENTDATE,RUNNO,REGIONID,RRP\n"
        + "".join(f'D,DISPATCH,PRICE,4,"{d:%Y/%m/%d %H:%M:%S}",1,NSW1,{v}.5\n' for d, v in zip(t, V, strict=False))
        + 'C,"END OF REPORT",74\n',
        "5min",
        "2024-01-01T00:05",
        [[v + 0.5 for v in V[:72]]],
        options={"target": "RRP"},
    )


@case
def pjm():
    def f(d):
        return f"{d.month}/{d.day}/{d.year} {d.hour % 12 or 12}:{d:%M:%S} {d:%p}"

    return Case(
        csv(
            "datetime_beginning_utc,datetime_beginning_ept,nerc_region,mkt_region,zone,load_area,mw,is_verified",
            [
                (f(d + timedelta(hours=5)), f(d), "RFC", "WEST", z, a, f"{x}.25", "True")
                for d, v, w in zip(HOURS, V, W, strict=False)
                for z, a, x in (("AEP", "AEPAPT", v), ("AP", "AP", w))
            ],
        ),
        "h",
        "2024-01-01T05:00",
        [[v + 0.25 for v in V[:72]], [w + 0.25 for w in W[:72]]],
        {"timestamp": "datetime_beginning_utc"},
    )


@case
def ercot():
    def he(d):
        return f"{d:%m/%d/%Y} {d.hour + 1:02d}:00"

    return Case(
        csv("Hour Ending,COAST,EAST", [(he(d), f'"{x:,}.25"', v) for d, x, v in zip(HOURS, X, V, strict=False)]),
        "h",
        "2024-01-01T01:00",
        [[x + 0.25 for x in X[:72]], floats(V[:72])],
    )


@case
def elexon():
    return Case(
        csv(
            "SETTLEMENT_DATE,SETTLEMENT_PERIOD,ND,TSD",
            [
                (
                    f"{datetime(2024, 1, 1) + timedelta(days=k // 48):%d-%b-%Y}".upper(),
                    k % 48 + 1,
                    values(192, 3, 20000, 30000)[k],
                    values(192, 4, 30000, 40000)[k],
                )
                for k in range(192)
            ],
        ),
        "30min",
        "2024-01-01",
        [floats(values(192, 3, 20000, 30000)), floats(values(192, 4, 30000, 40000))],
    )


@case
def omie():
    return Case(
        "MARGINALPDBC;\n"
        + "".join(f"{d.year};{d.month:02d};{d.day:02d};{d.hour + 1};{v}.33;{v}.33;\n" for d, v in zip(HOURS, V, strict=False))
        + "*\n",
        "h",
        "2024-01-01",
        [[v + 0.33 for v in V[:72]]],
        {"target": ("column_5",)},
    )


@case
def nordpool():
    return Case(
        csv(
            "Date;Hours;SE1;SE2",
            [
                (f"{d:%d-%m-%Y}", f"{d.hour:02d}\u00a0-\u00a0{(d.hour + 1) % 24:02d}", f"{v},11", f"{w},22")
                for d, v, w in zip(HOURS, V, W, strict=False)
            ],
            ";",
        ),
        "h",
        "2024-01-01",
        [[v + 0.11 for v in V[:72]], [w + 0.22 for w in W[:72]]],
        stop=r"--date-order dmy",
        settle={"date_order": "dmy"},
    )


@case
def uci_power():
    t = [datetime(2006, 12, 16, 17, 24) + timedelta(minutes=k) for k in range(72)]
    return Case(
        csv(
            "Date;Time;Global_active_power;Voltage",
            [
                (
                    f"{d.day}/{d.month}/{d.year}",
                    f"{d:%H:%M:%S}",
                    "?" if k == 5 else f"{v / 100:.3f}",
                    "?" if k == 5 else f"{w / 2:.3f}",
                )
                for k, (d, v, w) in enumerate(zip(t, V, W, strict=False))
            ],
            ";",
        ),
        "min",
        "2006-12-16T17:24",
        [[None if k == 5 else v / 100 for k, v in enumerate(V[:72])]],
        {"target": ("Global_active_power",)},
        stop=r"--decimal",
        settle={"decimal": "."},
    )


@case
def uci_ld():
    t = [datetime(2011, 1, 1, 0, 15) + timedelta(minutes=15 * k) for k in range(72)]
    return Case(
        csv(
            '"";"MT_001";"MT_002"',
            [
                (f'"{d}"', f"{v / 7:.15g}".replace(".", ","), f"{w / 7:.15g}".replace(".", ","))
                for d, v, w in zip(t, V, W, strict=False)
            ],
            ";",
        ),
        "15min",
        "2011-01-01T00:15",
        [[v / 7 for v in V[:72]], [v / 7 for v in W[:72]]],
    )
