"""Dates and weeks as they are written in other languages and by retailers."""

from __future__ import annotations

from tests.data.reading.exports.made import DAYS, MONTHS, WEEKS, Case, N, X, case, csv, de, floats, fr, values


@case
def korean():
    return Case(
        csv("날짜,매출", [(f"{d.year}. {d.month}. {d.day}.", f'"{x:,}"') for d, x in zip(DAYS, X, strict=False)]),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def korean_month():
    return Case(
        csv("연월,매출", [(f"{d.year}년 {d.month:02d}월", f'"{x:,}"') for d, x in zip(MONTHS, X, strict=False)]),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def japanese_week():
    return Case(
        csv(
            "日付,売上",
            [
                (f"{d.year}/{d.month}/{d.day}({'月火水木金土日'[d.weekday()]})", f'"{x:,}円"')
                for d, x in zip(DAYS, X, strict=False)
            ],
        ),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def japanese_era():
    return Case(
        csv("日付,売上", [(f"令和6年{d.month}月{d.day}日", x) for d, x in zip(DAYS, X, strict=False)]),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def hungarian():
    return Case(
        csv("Dátum;Érték", [(f"{d:%Y.%m.%d.}", fr(x, 2, " ")) for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def kw():
    return Case(
        csv(
            "Woche;Umsatz",
            [(f"KW {d.isocalendar()[1]:02d}/{d.isocalendar()[0]}", de(x, 0)) for d, x in zip(WEEKS, X, strict=False)],
            ";",
        ),
        "W",
        "2022-01-03",
        [floats(X[:60])],
    )


@case
def semaine():
    return Case(
        csv(
            "Semaine;Ventes",
            [(f"{d.isocalendar()[0]}-S{d.isocalendar()[1]:02d}", x) for d, x in zip(WEEKS, X, strict=False)],
            ";",
        ),
        "W",
        "2022-01-03",
        [floats(X[:60])],
    )


@case
def week_year_cols():
    return Case(
        csv("Year,Week,Sales", [(d.isocalendar()[0], d.isocalendar()[1], x) for d, x in zip(WEEKS, X, strict=False)]),
        "W",
        "2022-01-03",
        [floats(X[:60])],
    )


@case
def retail_week():
    return Case(
        csv("Fiscal Week,Sales", [(f"FY{22 + k // 52} W{k % 52 + 1:02d}", x) for k, x in enumerate(X[:60])]),
        "W",
        "2022-01-03",
        [floats(X[:60])],
        stop=r"Fiscal Week.*--timestamp none",
        settle=None,
    )


@case
def buddhist():
    return Case(
        csv("วันที่,ยอดขาย", [(f"{d.day:02d}/{d.month:02d}/{d.year + 543}", x) for d, x in zip(DAYS, X, strict=False)]),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def jalali():
    return Case(
        csv("date,sales", [(f"1402/{10 + k // 30:02d}/{k % 30 + 1:02d}", x) for k, x in enumerate(X[:N])]),
        "D",
        "2023-12-22",
        [floats(X[:N])],
    )


@case
def weekday_columns():
    return Case(
        csv("Week of,Mon,Tue,Wed,Thu,Fri,Sat,Sun", [(d.date(), *values(7, k)) for k, d in enumerate(WEEKS[:12])]),
        "D",
        "2022-01-03",
        [floats(x for k in range(12) for x in values(7, k))],
    )


@case
def he_columns():
    return Case(
        csv(
            "Date," + ",".join(f"HE{h + 1:02d}" for h in range(24)),
            [(f"{d:%m/%d/%Y}", *values(24, k)) for k, d in enumerate(DAYS)],
        ),
        "h",
        "2024-01-01",
        [floats(x for k in range(N) for x in values(24, k))],
    )
