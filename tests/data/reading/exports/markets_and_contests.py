"""Files of exchanges, of trends in searches, and of forecasting contests."""

from __future__ import annotations

from datetime import UTC, timedelta

from tests.data.reading.exports.made import DAYS, HOURS, WEEKS, Case, V, W, X, case, csv, floats


@case
def trends_week():
    return Case(
        "Category: All categories\n\n"
        + csv(
            "Week,ski: (Worldwide),snow: (Worldwide)",
            [
                ((d - timedelta(days=1)).date(), "<1" if k % 9 == 0 else x - 99, y - 299)
                for k, (d, x, y) in enumerate(zip(WEEKS, V, W, strict=False))
            ],
        ),
        "W",
        "2022-01-09",
        [[None if k % 9 == 0 else float(x - 99) for k, x in enumerate(V[:60])][1:], floats(y - 299 for y in W[:60])],
    )


@case
def yfinance_two():
    b = [d for d in DAYS if d.weekday() < 5]
    return Case(
        "Price,Close,Close,Volume,Volume\nTicker,AAPL,MSFT,AAPL,MSFT\nDate,,,,\n"
        + csv(
            [str(b[0].date()), str(V[0]), str(W[0]), str(X[0] * 1000), str(X[0] * 2000)],
            [(d.date(), v, w, x * 1000, x * 2000) for d, v, w, x in list(zip(b, V, W, X, strict=False))[1:]],
        ),
        "B",
        "2024-01-01",
        [floats(V[: len(b)]), floats(W[: len(b)]), floats(x * 1000 for x in X[: len(b)]), floats(x * 2000 for x in X[: len(b)])],
    )


@case
def yahoo_null():
    b = [d for d in DAYS if d.weekday() < 5]
    return Case(
        csv(
            "Date,Open,High,Low,Close,Adj Close,Volume",
            [
                (d.date(), *(["null"] * 6 if k == 7 else [f"{v}.500000"] * 5 + [x * 1000]))
                for k, (d, v, x) in enumerate(zip(b, V, X, strict=False))
            ],
        ),
        "B",
        "2024-01-01",
        [[None if k == 7 else v + 0.5 for k, v in enumerate(V[: len(b)])]],
        {"target": ("Close",)},
    )


@case
def walmart():
    return Case(
        csv(
            "Store,Date,Weekly_Sales,Holiday_Flag,Temperature,Fuel_Price,CPI,Unemployment",
            [
                (
                    s,
                    f"{d + timedelta(days=4):%d-%m-%Y}",
                    f"{x * 1000}.9",
                    int(k % 20 == 6),
                    40 + k % 9,
                    2.5 + k % 3 / 10,
                    211.09 + k % 4 / 10,
                    8.1,
                )
                for s, xs in ((1, X), (2, W))
                for k, (d, x) in enumerate(zip(WEEKS, xs, strict=False))
            ],
        ),
        "W",
        "2022-01-07",
        [[x * 1000 + 0.9 for x in X[:60]], [x * 1000 + 0.9 for x in W[:60]]],
    )


@case
def walmart_dept():
    return Case(
        csv(
            "Store,Dept,Date,Weekly_Sales,IsHoliday",
            [
                (s, p, f"{d + timedelta(days=4):%Y-%m-%d}", x + p, "TRUE" if k % 20 == 6 else "FALSE")
                for s, xs in ((1, X), (2, W))
                for p in (1, 7)
                for k, (d, x) in enumerate(zip(WEEKS, xs, strict=False))
            ],
        ),
        "W",
        "2022-01-07",
        [
            floats(x + 1 for x in X[:60]),
            floats(x + 7 for x in X[:60]),
            floats(x + 1 for x in W[:60]),
            floats(x + 7 for x in W[:60]),
        ],
    )


@case
def m5():
    h = "id,item_id,dept_id,cat_id,store_id,state_id," + ",".join(f"d_{k + 1}" for k in range(40))

    def r(i, xs):
        return f"HOBBIES_1_{i:03d}_CA_1_validation,HOBBIES_1_{i:03d},HOBBIES_1,HOBBIES,CA_1,CA," + ",".join(
            str(x % 5) for x in xs[:40]
        )

    return Case(
        "\n".join([h, r(1, V), r(2, W), r(3, X)]) + "\n", "step", "0", [floats(x % 5 for x in xs[:40]) for xs in (V, W, X)]
    )


@case
def rossmann():
    return Case(
        csv(
            '"Store","DayOfWeek","Date","Sales","Customers","Open","Promo","StateHoliday","SchoolHoliday"',
            [
                (
                    s,
                    d.isoweekday(),
                    d.date(),
                    0 if d.weekday() == 6 else x,
                    0 if d.weekday() == 6 else x // 9,
                    int(d.weekday() != 6),
                    int(k % 14 < 5),
                    '"a"' if k == 0 else '"0"',
                    '"1"',
                )
                for k, d in reversed(list(enumerate(DAYS)))
                for s, x in ((1, X[k]), (2, W[k]))
            ],
        ),
        "D",
        "2024-01-01",
        [[0.0 if d.weekday() == 6 else float(x) for d, x in zip(DAYS, xs, strict=False)] for xs in (X, W)],
    )


@case
def m4_rows():
    return Case(
        '"V1",'
        + ",".join(f'"V{k + 2}"' for k in range(40))
        + "\n"
        + "".join(
            f'"H{i}",' + ",".join(str(x) for x in xs[: 40 - 4 * i]) + "," * (4 * i) + "\n" for i, xs in enumerate((V, W, X))
        ),
        "step",
        "0",
        [floats(V[:40]), floats(W[:36]), floats(X[:32])],
    )


@case
def kraken():
    return Case(
        "".join(
            f"{int(d.replace(tzinfo=UTC).timestamp())},{v},{v + 2},{v - 2},{v + 1},{x / 100},{w}\n"
            for d, v, x, w in zip(HOURS, V, X, W, strict=False)
        ),
        "h",
        "2024-01-01",
        [floats(V[:72])],
        {"target": ("column_2",)},
    )
