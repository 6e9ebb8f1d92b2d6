"""Exports of Stata, SAS, SPSS, R, Matlab, EViews and pandas."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tests.data.reading.exports.made import DAYS, HOURS, MONTHS, QUARTERS, Case, N, V, W, X, case, csv, floats


@case
def oracle():
    return Case(
        csv('"DAY","AMT"', [(f'"{d:%d-%b-%y}"'.upper(), v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
    )


@case
def oracle_ts():
    return Case(
        csv('"TS","AMT"', [(f'"{d:%d-%b-%y %I.%M.%S}.000000000 {d:%p}"'.upper(), v) for d, v in zip(HOURS, V, strict=False)]),
        "h",
        "2024-01-01",
        [floats(V[:72])],
    )


@case
def matlab():
    return Case(
        csv("datenum,value", [((d - datetime(1, 1, 1)).days + 367, v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
    )


@case
def matlab_date():
    return Case(
        csv("date,value", [((d - datetime(1, 1, 1)).days + 367, v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
    )


@case
def matlab_hours():
    return Case(
        csv(
            "time,value",
            [(f"{(d - datetime(1, 1, 1)).total_seconds() / 86400 + 367:.6f}", v) for d, v in zip(HOURS, V, strict=False)],
        ),
        "h",
        "2024-01-01",
        [floats(V[:72])],
    )


@case
def sas_days():
    return Case(
        csv("DATE,SALES", [((d - datetime(1960, 1, 1)).days, v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        stop=r"DATE.*--timestamp none",
        settle=None,
    )


@case
def r_days():
    return Case(
        csv("date,value", [((d - datetime(1970, 1, 1)).days, v) for d, v in zip(DAYS, V, strict=False)]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        stop=r"date.*--timestamp none",
        settle=None,
    )


@case
def sas_date9():
    return Case(
        csv("DATE,SALES", [(f"{d:%d%b%Y}".upper(), v) for d, v in zip(DAYS, V, strict=False)]), "D", "2024-01-01", [floats(V[:N])]
    )


@case
def sas_datetime():
    return Case(
        csv("DT,SALES", [(f"{d:%d%b%Y:%H:%M:%S}".upper(), v) for d, v in zip(HOURS, V, strict=False)]),
        "h",
        "2024-01-01",
        [floats(V[:72])],
    )


@case
def stata_td():
    return Case(
        csv("date,value", [(f"{d:%d%b%Y}".lower(), v) for d, v in zip(DAYS, V, strict=False)]), "D", "2024-01-01", [floats(V[:N])]
    )


@case
def stata_tw():
    return Case(
        csv("week,value", [(f"{2022 + k // 52}w{k % 52 + 1}", v) for k, v in enumerate(V[:80])]),
        "W",
        "2022-01-03",
        [floats(V[:80])],
    )


@case
def stata_tq():
    return Case(
        csv("qdate,gdp", [(f"{d.year}q{d.month // 3 + 1}", v) for d, v in zip(QUARTERS, V, strict=False)]),
        "QS",
        "2014-01-01",
        [floats(V[:32])],
    )


@case
def stata_tc():
    return Case(
        csv("t,value", [(f"{d:%d%b%Y %H:%M:%S}".lower(), v) for d, v in zip(HOURS, V, strict=False)]),
        "h",
        "2024-01-01",
        [floats(V[:72])],
    )


@case
def r_rownames():
    return Case(
        csv('"","date","value"', [(f'"{k + 1}"', f'"{d.date()}"', v) for k, (d, v) in enumerate(zip(DAYS, V, strict=False))]),
        "D",
        "2024-01-01",
        [floats(V[:N])],
    )


@case
def r_write_table():
    return Case(
        csv('"date" "value"', [(f'"{k + 1}"', f'"{d.date()}"', v) for k, (d, v) in enumerate(zip(DAYS, V, strict=False))], " "),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.txt",
    )


@case
def r_ts_print():
    m = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return Case(
        "     "
        + " ".join(f"{x:>4}" for x in m)
        + "\n"
        + "".join(f"{2020 + k // 12} " + " ".join(f"{v:>4}" for v in V[k : k + 12]) + "\n" for k in range(0, 48, 12)),
        "MS",
        "2020-01-01",
        [floats(V[:48])],
        name="d.txt",
    )


@case
def r_zoo():
    return Case(
        csv('"Index" "x"', [(f"{d.date()}", v) for d, v in zip(DAYS, V, strict=False)], " "),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.txt",
    )


@case
def spss():
    return Case(
        csv(
            "DATE_,SALES,YEAR_,MONTH_",
            [(f"{d:%b} {d.year}".upper(), x, d.year, d.month) for d, x in zip(MONTHS, X, strict=False)],
        ),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def eviews():
    return Case(
        csv("obs,GDP", [(f"{d.year}Q{d.month // 3 + 1}", x) for d, x in zip(QUARTERS, X, strict=False)]),
        "QS",
        "2014-01-01",
        [floats(X[:32])],
    )


@case
def eviews_m():
    return Case(
        csv("obs,CPI", [(f"{d.year}M{d.month:02d}", x) for d, x in zip(MONTHS, X, strict=False)]),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def decimal_quarter():
    return Case(
        csv("date,gdp", [(f"{d.year + (d.month - 1) / 12:.2f}", x) for d, x in zip(QUARTERS, X, strict=False)]),
        "QS",
        "2014-01-01",
        [floats(X[:32])],
    )


@case
def gdp_yyyyq():
    return Case(
        csv("quarter,gdp", [(f"{d.year}{d.month // 3 + 1}", x) for d, x in zip(QUARTERS, X, strict=False)]),
        "QS",
        "2014-01-01",
        [floats(X[:32])],
        stop=r"quarter.*--timestamp none",
        settle=None,
    )


@case
def pandas_multi_names():
    return Case(
        "region,north,north,south,south\nmetric,sales,stock,sales,stock\ndate,,,,\n"
        + "".join(f"{d.date()},{v},{w},{x},{v + 1}\n" for d, v, w, x in zip(DAYS, V, W, X, strict=False)),
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(W[:N]), floats(X[:N]), floats(v + 1 for v in V[:N])],
    )


@case
def pandas_multi_index():
    return Case(
        "store,date,sales\n"
        + "".join(
            f"{'A' if i == 0 else 'B'},{d.date()},{v}\n" for i, xs in enumerate((V, W)) for d, v in zip(DAYS, xs, strict=False)
        ),
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(W[:N])],
    )


@case
def pandas_sparse_index():
    return Case(
        "store;date;sales\n"
        + "".join(
            f"{('A' if i == 0 else 'B') if k == 0 else ''};{d.date()};{v}\n"
            for i, xs in enumerate((V, W))
            for k, (d, v) in enumerate(zip(DAYS, xs, strict=False))
        ),
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(W[:N])],
    )


@case
def pandas_print():
    return Case(
        "            sales\ndate             \n" + "".join(f"{d.date()}   {v:>6}\n" for d, v in zip(DAYS, V, strict=False)),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.txt",
    )


@case
def fortran():
    return Case(
        "".join(f"{d.year:5d}{d.month:3d}{d.day:3d}{v * 1.25:10.3f}\n" for d, v in zip(DAYS, V, strict=False)),
        "D",
        "2024-01-01",
        [[v * 1.25 for v in V[:N]]],
        name="d.dat",
    )


@case
def fortran_d():
    return Case(
        "  YYYY MM DD     FLOW\n"
        + "".join(f"{d.year:6d}{d.month:3d}{d.day:3d}  0.{v}D+03\n" for d, v in zip(DAYS, V, strict=False)),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.dat",
    )


@case
def cdo_outputtab():
    return Case(
        "#      date     time    value\n"
        + "".join(f"{d:%Y-%m-%d} {d:%H:%M:%S}  {v / 8:8.3f}\n" for d, v in zip(HOURS, V, strict=False)),
        "h",
        "2024-01-01",
        [[v / 8 for v in V[:72]]],
        name="d.txt",
    )


@case
def pandas_columns():
    return Case(
        json.dumps(
            {"date": {str(k): str(d.date()) for k, d in enumerate(DAYS)}, "value": {str(k): v for k, v in enumerate(V[:N])}}
        ),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.json",
    )


@case
def pandas_split():
    return Case(
        json.dumps(
            {
                "columns": ["sales"],
                "index": [int(d.replace(tzinfo=UTC).timestamp() * 1000) for d in DAYS],
                "data": [[v] for v in V[:N]],
            }
        ),
        "D",
        "2024-01-01",
        [floats(V[:N])],
        name="d.json",
    )
