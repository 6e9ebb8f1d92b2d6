"""Exports of spreadsheets and business software, in several languages."""

from __future__ import annotations

from datetime import timedelta

from tests.data.reading.exports.made import DAYS, MONTHS, Case, N, V, X, case, csv, de, floats, fr, values


@case
def sap_alv():
    rows = [f"|4711    |1000|{d:%d.%m.%Y}|{de(x, 3):>12}|PC |" for d, x in zip(DAYS, X, strict=False)]
    line = "-" * len(rows[0])
    head = "|Material|Plnt|Pstng Date|    Quantity|BUn|"
    return Case(
        "\n".join(["11.03.2024                    Dynamic List Display                    1", line, head, line, *rows, line])
        + "\n",
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def sap_trailing_minus():
    return Case(
        csv(
            "Buchungsdatum;Betrag in HW;Wrg",
            [
                (f"{d:%d.%m.%Y}", de(x) + ("-" if k % 5 == 3 else ""), "EUR")
                for k, (d, x) in enumerate(zip(DAYS, X, strict=False))
            ],
            ";",
        ),
        "D",
        "2024-01-01",
        [[-float(x) if k % 5 == 3 else float(x) for k, x in enumerate(X[:N])]],
    )


@case
def sap_period():
    return Case(
        csv("Periode/GJahr;Umsatz", [(f"{d.month:03d}.{d.year}", de(x)) for d, x in zip(MONTHS, X, strict=False)], ";"),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def excel_fr():
    return Case(
        csv("Date;Ventes", [(f"{d:%d/%m/%Y}", fr(x) + " €") for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def excel_fr_month():
    m = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
    return Case(
        "sep=;\n"
        + csv(
            "Mois;Chiffre d'affaires",
            [(f"{m[d.month - 1]}-{d:%y}", fr(x, 0, "\u00a0")) for d, x in zip(MONTHS, X, strict=False)],
            ";",
        ),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def excel_de_month():
    m = ["Jan", "Feb", "Mrz", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
    return Case(
        csv("Monat;Umsatz", [(f"{m[d.month - 1]} {d:%y}", de(x, 0)) for d, x in zip(MONTHS, X, strict=False)], ";"),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def excel_it():
    m = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"]
    return Case(
        csv("Mese;Vendite", [(f"{m[d.month - 1]}-{d:%y}", "€ " + de(x)) for d, x in zip(MONTHS, X, strict=False)], ";"),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def excel_ptbr():
    m = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
    return Case(
        csv("Mês;Receita", [(f"{m[d.month - 1]}/{d:%y}", "R$ " + de(x)) for d, x in zip(MONTHS, X, strict=False)], ";"),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
    )


@case
def excel_nl():
    return Case(
        csv("Datum;Omzet", [(f"{d.day}-{d.month}-{d.year}", "€ " + de(x)) for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def excel_pl():
    return Case(
        csv("Data;Sprzedaż", [(f"{d:%d.%m.%Y}", fr(x, 2, "\u00a0") + " zł") for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
        encoding="cp1250",
    )


@case
def excel_sv():
    return Case(
        csv("Datum;Försäljning", [(f"{d:%Y-%m-%d}", fr(x, 2, " ") + " kr") for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def excel_ch():
    return Case(
        csv("Datum;Umsatz CHF", [(f"{d:%d.%m.%y}", f"{x:,.2f}".replace(",", "’")) for d, x in zip(DAYS, X, strict=False)], ";"),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def indian_lakh():
    def lakh(x):
        s = str(x)
        return s[:-5] + "," + s[-5:-3] + "," + s[-3:] if len(s) > 5 else s[:-3] + "," + s[-3:]

    xs = [x * 150 for x in X[:N]]
    return Case(
        csv("Date,Sales", [(f"{d:%d-%b-%Y}", f'"₹{lakh(x)}.00"') for d, x in zip(DAYS, xs, strict=False)]),
        "D",
        "2024-01-01",
        [floats(xs)],
    )


@case
def stripe():
    rows = []
    for k, d in enumerate(DAYS):
        for j in range(3):
            rows.append(
                (
                    f"txn_{k}{j}",
                    "charge",
                    f"ch_{k}{j}",
                    f"{V[k] + j}.00",
                    "1.00",
                    f"{V[k] + j - 1}.00",
                    "usd",
                    f"{d + timedelta(hours=7 + 5 * j, minutes=(k * 13 + j * 7) % 60):%Y-%m-%d %H:%M:%S}",
                    f"{d + timedelta(days=2):%Y-%m-%d %H:%M:%S}",
                )
            )
    return Case(
        csv("id,Type,Source,Amount,Fee,Net,Currency,Created (UTC),Available On (UTC)", rows),
        "D",
        "2024-01-01",
        [floats(3 * v + 3 for v in V[:N])],
        {"target": ("Amount",)},
        stop=r"--resample 1D",
        settle={"resample": "D", "agg": "sum"},
    )


@case
def shopify():
    return Case(
        csv(
            "day,orders,gross_sales,discounts,returns,net_sales,shipping,taxes,total_sales",
            [
                (d.date(), v // 10, f"{x}.00", f"-{k}.00", "0.00", f"{x - k}.00", "5.00", "0.00", f"{x - k + 5}.00")
                for k, (d, v, x) in enumerate(zip(DAYS, V, X, strict=False))
            ],
        ),
        "D",
        "2024-01-01",
        [floats(x - k + 5 for k, x in enumerate(X[:N]))],
        {"target": ("total_sales",)},
    )


@case
def ga4():
    return Case(
        "# ----------------------------------------\n# Reports snapshot\n# Account: shop\n# Property: shop\n"
        "# ----------------------------------------\n# \n# All Users\n# Start date: 20240101\n# End date: 20240128\n"
        "Nth day,Active users,New users\n" + "".join(f"{k:04d},{v},{v - 50}\n" for k, v in enumerate(V[:N])),
        "D",
        "2024-01-01",
        [floats(V[:N]), floats(v - 50 for v in V[:N])],
        stop=r"Nth day.*--timestamp none",
        settle=None,
    )


@case
def ga4_two():
    c = "# Reports snapshot\n# Start date: 20240101\n# End date: 20240128\n"
    return Case(
        c
        + "Date,Active users\n"
        + "".join(f"{d:%Y%m%d},{v}\n" for d, v in zip(DAYS, V, strict=False))
        + "\n"
        + c
        + "First user medium,New users\norganic,120\ndirect,80\n",
        "D",
        "2024-01-01",
        [floats(V[:N])],
    )


@case
def datev():
    return Case(
        '"EXTF";700;21;"Buchungsstapel";9;20240201;;"RE";"";"";1001;1;20240101;4;20240101;20240131\n'
        '"Umsatz (ohne Soll/Haben-Kz)";"Soll/Haben-Kennzeichen";"Konto";"Gegenkonto";"Belegdatum";"Buchungstext"\n'
        + "".join(f'{x},50;"S";8400;10000;{d:%d%m};"Verkauf"\n' for d, x in zip(DAYS, X, strict=False)),
        "D",
        "2024-01-01",
        [[x + 0.5 for x in X[:N]]],
        stop=r"Belegdatum.*--timestamp none",
        settle=None,
    )


@case
def powerbi():
    return Case(
        "\ufeff"
        + csv(
            "Year,Quarter,Month,Day,Sum of Sales", [(d.year, "Qtr 1", f"{d:%B}", d.day, x) for d, x in zip(DAYS, X, strict=False)]
        ),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def tableau():
    return Case(
        csv("Month of Order Date\tSales", [(f"{d:%B %Y}", f"{x:,}") for d, x in zip(MONTHS, X, strict=False)], "\t"),
        "MS",
        "2020-01-01",
        [floats(X[:48])],
        encoding="utf-16",
    )


@case
def pivot_flat():
    return Case(
        csv(
            "Zeilenbeschriftungen;Summe von Umsatz",
            [(f"{d:%d.%m.%Y}", de(x)) for d, x in zip(DAYS, X, strict=False)] + [("Gesamtergebnis", de(sum(X[:N])))],
            ";",
        ),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def pivot_compact():
    rows = []
    for y in range(4):
        rows.append((2020 + y, sum(X[12 * y : 12 * y + 12])))
        rows += [(f"{d:%b}", x) for d, x in list(zip(MONTHS, X, strict=False))[12 * y : 12 * y + 12]]
    return Case(csv("Row Labels,Sum of Sales", [*rows, ("Grand Total", sum(X[:48]))]), "MS", "2020-01-01", [floats(X[:48])])


@case
def fitbit():
    return Case(
        "Activities\n"
        + csv(
            "Date,Calories Burned,Steps,Distance",
            [(f'"{d:%d-%m-%Y}"', f'"{x:,}"', f'"{x * 4:,}"', f'"{x / 300:.2f}"') for d, x in zip(DAYS, X, strict=False)],
        ),
        "D",
        "2024-01-01",
        [floats(4 * x for x in X[:N])],
        {"target": ("Steps",)},
    )


@case
def pos_hours_am():
    return Case(
        csv(
            "Date," + ",".join(f"{h % 12 or 12} {'AM' if h < 12 else 'PM'}" for h in range(24)),
            [(f"{d:%m/%d/%Y}", *values(24, k)) for k, d in enumerate(DAYS)],
        ),
        "h",
        "2024-01-01",
        [floats(x for k in range(N) for x in values(24, k))],
    )


@case
def dow_long_date():
    return Case(
        csv("Date,Sales", [(f'"{d:%A}, {d:%B} {d.day}, {d.year}"', f'"${x:,}.00"') for d, x in zip(DAYS, X, strict=False)]),
        "D",
        "2024-01-01",
        [floats(X[:N])],
    )


@case
def accounting_paren():
    return Case(
        csv(
            "Date,Net",
            [
                (f"{d:%m/%d/%Y}", f'"({x:,}.00)"' if k % 4 == 1 else f'"{x:,}.00"')
                for k, (d, x) in enumerate(zip(DAYS, X, strict=False))
            ],
        ),
        "D",
        "2024-01-01",
        [[float(-x if k % 4 == 1 else x) for k, x in enumerate(X[:N])]],
    )


@case
def percent_growth():
    return Case(
        csv("Month,Rate", [(f"{d:%Y-%m}", f"{v / 100:.1f}%") for d, v in zip(MONTHS, V, strict=False)]),
        "MS",
        "2020-01-01",
        [[round(v / 100 + 1e-9, 1) for v in V[:48]]],
    )


@case
def suffix_k():
    return Case(
        csv(
            "Month,Views",
            [
                (f"{d:%Y-%m}", f"{v / 10:.1f}K" if k % 6 else f"{v / 100:.2f}M")
                for k, (d, v) in enumerate(zip(MONTHS, V, strict=False))
            ],
        ),
        "MS",
        "2020-01-01",
        [[v * 100.0 if k % 6 else v * 10000.0 for k, v in enumerate(V[:48])]],
    )
