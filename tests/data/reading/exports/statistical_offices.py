"""Files of statistical offices, central banks and international organisations."""

from __future__ import annotations

from datetime import timedelta

from tests.data.reading.exports.made import DAYS, MONTHS, QUARTERS, YEARS, Case, N, V, W, X, case, csv, floats


@case
def fred():
    return Case(
        csv(
            "observation_date,GDPC1",
            [(d.date(), "." if k == 5 else f"{x}.123") for k, (d, x) in enumerate(zip(QUARTERS, X, strict=False))],
        ),
        "QS",
        "2014-01-01",
        [[None if k == 5 else x + 0.123 for k, x in enumerate(X[:32])]],
    )


@case
def eurostat_q():
    q = [f"{d.year}-Q{d.month // 3 + 1} " for d in QUARTERS]

    def r(xs, s):
        return "\t".join([s, *(": " if k == 4 else f"{x}.5 b" if k == 20 else f"{x}.5 " for k, x in enumerate(xs[:32]))])

    def t(xs):
        return [None if k == 4 else x + 0.5 for k, x in enumerate(xs[:32])]

    return Case(
        "\t".join(["freq,unit,na_item,geo\\TIME_PERIOD", *q])
        + "\n"
        + r(V, "Q,CLV,B1GQ,AT")
        + "\n"
        + r(W, "Q,CLV,B1GQ,DE")
        + "\n",
        "QS",
        "2014-01-01",
        [t(V), t(W)],
        name="d.tsv",
    )


@case
def eurostat_sdmx():
    return Case(
        csv(
            "DATAFLOW,LAST UPDATE,freq,unit,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS",
            [
                ("ESTAT:PRC(1.0)", "15/03/24 23:00:00", "M", "I15", g, f"{d:%Y-%m}", f"{x}.1", "p" if k == 47 else "", "")
                for g, xs in (("AT", V), ("DE", W))
                for k, (d, x) in enumerate(zip(MONTHS, xs, strict=False))
            ],
        ),
        "MS",
        "2020-01-01",
        [[x + 0.1 for x in V[:48]], [x + 0.1 for x in W[:48]]],
    )


@case
def world_bank():
    ys = [f'"{d.year}"' for d in YEARS]

    def r(n, c, xs):
        return ",".join([f'"{n}"', f'"{c}"', '"Population, total"', '"SP.POP.TOTL"', *(f'"{x}"' for x in xs[:30])]) + ","

    return Case(
        '"Data Source","World Development Indicators",\n\n"Last Updated Date","2024-03-28",\n\n'
        '"Country Name","Country Code","Indicator Name","Indicator Code",'
        + ",".join(ys)
        + ",\n"
        + r("Austria", "AUT", X)
        + "\n"
        + r("Germany", "DEU", W)
        + "\n",
        "YS",
        "1990-01-01",
        [floats(X[:30]), floats(W[:30])],
    )


@case
def databank():
    ys = [f"{d.year} [YR{d.year}]" for d in YEARS]

    def r(n, c, xs):
        return ",".join([n, c, "GDP", "NY.GDP", *(".." if k == 3 else f"{x}.25" for k, x in enumerate(xs[:30]))])

    def t(xs):
        return [None if k == 3 else x + 0.25 for k, x in enumerate(xs[:30])]

    return Case(
        "Country Name,Country Code,Series Name,Series Code,"
        + ",".join(ys)
        + "\n"
        + r("Austria", "AUT", V)
        + "\n"
        + r("Germany", "DEU", W)
        + "\n,,,\n,,,\nData from database: World Development Indicators\nLast Updated: 03/28/2024\n",
        "YS",
        "1990-01-01",
        [t(V), t(W)],
    )


@case
def oecd():
    return Case(
        csv(
            '"LOCATION","INDICATOR","SUBJECT","MEASURE","FREQUENCY","TIME","Value","Flag Codes"',
            [
                (f'"{g}"', '"CPI"', '"TOT"', '"IDX2015"', '"Q"', f'"{d.year}-Q{d.month // 3 + 1}"', f"{x}.1", "")
                for g, xs in (("AUT", V), ("DEU", W))
                for d, x in zip(QUARTERS, xs, strict=False)
            ],
        ),
        "QS",
        "2014-01-01",
        [[x + 0.1 for x in V[:32]], [x + 0.1 for x in W[:32]]],
    )


@case
def bundesbank():
    return Case(
        '"";BBSIS.D.I;BBSIS.D.I_FLAGS\n"";Rendite;\nEinheit;% p.a.;\nDimension;Eins;\nStand vom;15.03.2024 10:00:00 Uhr;\n'
        + "".join(
            f"{d.date()};{'.' if d.weekday() > 4 else str(v / 100).replace('.', ',')};"
            f"{'Kein Wert vorhanden' if d.weekday() > 4 else ''}\n"
            for d, v in zip(DAYS, V, strict=False)
        ),
        "D",
        "2024-01-01",
        [[None if d.weekday() > 4 else v / 100 for d, v in zip(DAYS, V, strict=False)][:26]],
    )


@case
def destatis():
    m = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"]
    return Case(
        "Tabelle: 61111-0002\nVerbraucherpreisindex: Deutschland, Monate;;\n;;Verbraucherpreisindex\n;;2020=100\n"
        + "".join(f"{d.year};{m[d.month - 1]};{v},5\n" for d, v in zip(MONTHS, V, strict=False))
        + "__________\n© Statistisches Bundesamt (Destatis), 2024 | Stand: 15.03.2024 / 10:00:00\n",
        "MS",
        "2020-01-01",
        [[v + 0.5 for v in V[:48]]],
    )


@case
def ons_mixed():
    return Case(
        '"Title","GDP CVM SA £m"\n"CDID","ABMI"\n"Source dataset ID","PN2"\n"PreUnit","£"\n"Unit","m"\n'
        '"Release date","28-03-2024"\n"Next release","10 May 2024"\n"Important notes",\n'
        + "".join(f'"{y}","{sum(X[4 * i : 4 * i + 4])}"\n' for i, y in enumerate(range(2014, 2022)))
        + "".join(f'"{d.year} Q{d.month // 3 + 1}","{x}"\n' for d, x in zip(QUARTERS, X, strict=False)),
        "QS",
        "2014-01-01",
        [floats(X[:32])],
    )


@case
def ons_quarter():
    return Case(
        '"Title","GDP CVM SA £m"\n"CDID","ABMI"\n"Source dataset ID","PN2"\n"PreUnit","£"\n"Unit","m"\n'
        '"Release date","28-03-2024"\n"Next release","10 May 2024"\n"Important notes",\n'
        + "".join(f'"{d.year} Q{d.month // 3 + 1}","{x}"\n' for d, x in zip(QUARTERS, X, strict=False)),
        "QS",
        "2014-01-01",
        [floats(X[:32])],
    )


@case
def statcan():
    return Case(
        "\ufeff"
        + csv(
            '"REF_DATE","GEO","DGUID","Products","UOM","UOM_ID","SCALAR_FACTOR","SCALAR_ID","VECTOR","COORDINATE","VALUE","STATUS","SYMBOL","TERMINATED","DECIMALS"',
            [
                (
                    f'"{d:%Y-%m}"',
                    '"Canada"',
                    '"2016A000011124"',
                    f'"{p}"',
                    '"2002=100"',
                    '"17"',
                    '"units"',
                    '"0"',
                    f'"v{i}"',
                    f'"2.{i}"',
                    f'"{x}.1"',
                    '""',
                    '""',
                    '""',
                    '"1"',
                )
                for d, v, w in zip(MONTHS, V, W, strict=False)
                for i, (p, x) in enumerate((("Food", v), ("Shelter", w)))
            ],
        ),
        "MS",
        "2020-01-01",
        [[v + 0.1 for v in V[:48]], [v + 0.1 for v in W[:48]]],
    )


@case
def bls_flat():
    rows = []
    for y in range(4):
        rows += [f"CUUR0000SA0      \t{2020 + y}\tM{m + 1:02d}\t{V[12 * y + m]:>12}.5\t" for m in range(12)] + [
            f"CUUR0000SA0      \t{2020 + y}\tM13\t{sum(V[12 * y : 12 * y + 12]) / 12:>12.3f}\t"
        ]
    return Case(
        "series_id        \tyear\tperiod\t       value\tfootnote_codes\n" + "\n".join(rows) + "\n",
        "MS",
        "2020-01-01",
        [[v + 0.5 for v in V[:48]]],
        name="cu.data.txt",
    )


@case
def owid():
    return Case(
        csv(
            "Entity,Code,Year,Annual CO₂ emissions",
            [
                (e, c, d.year, f"{x}.5")
                for e, c, xs in (("Austria", "AUT", V), ("World", "", W))
                for d, x in zip(YEARS, xs, strict=False)
            ],
        ),
        "YS",
        "1990-01-01",
        [[v + 0.5 for v in V[:30]], [v + 0.5 for v in W[:30]]],
    )


@case
def jhu():
    return Case(
        "Province/State,Country/Region,Lat,Long,"
        + ",".join(f"{d.month}/{d.day}/{d:%y}" for d in DAYS)
        + "\n,Austria,47.5,14.5,"
        + ",".join(map(str, V[:N]))
        + "\nHubei,China,30.9,112.2,"
        + ",".join(map(str, W[:N]))
        + "\n",
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(W[:N])],
    )


@case
def zillow():
    ends = [(d.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1) for d in MONTHS]
    return Case(
        "RegionID,SizeRank,RegionName,RegionType,StateName,"
        + ",".join(f"{d:%Y-%m-%d}" for d in ends)
        + '\n394913,1,"New York, NY",msa,NY,'
        + ",".join(f"{x}.5" for x in X[:48])
        + '\n753899,2,"Los Angeles, CA",msa,CA,'
        + ",".join(f"{x}.5" for x in W[:48])
        + "\n",
        "ME",
        "2020-01-31",
        [[x + 0.5 for x in X[:48]], [x + 0.5 for x in W[:48]]],
    )
