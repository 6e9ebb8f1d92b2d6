"""Rows of events between values, flags behind numbers, and headers of SAP: read without them, or the target is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.reading.kinds import AMERICAN, ISO, table
from tsattn.errors import DataError

PRICES = [f"{50 + k / 10:.2f}" for k in range(20)]
VOLUMES = [f'"{3_000_000 + k:,}"' for k in range(20)]


@pytest.mark.parametrize("sep", [",", "\t"])
@pytest.mark.parametrize("filling", ["short", "blank", "repeated"])
@pytest.mark.parametrize("event", ["0.24 Dividend", "2:1 Stock Splits"])
def test_dividends_and_splits_between_prices_are_left_out(take, sep, filling, event):
    lines = (
        table("Date,Open,Close,Volume", AMERICAN, PRICES, PRICES, VOLUMES, sep=sep)
        .replace("Date,Open,Close,Volume", sep.join(["Date", "Open", "Close", "Volume"]))
        .splitlines()
    )
    cells = {"short": [event], "blank": [event, "", ""], "repeated": [event] * 3}[filling]
    lines.insert(8, sep.join([AMERICAN[7], *cells]))
    panel, report = take("\n".join(lines) + "\n", date_order="mdy")
    assert panel.item_ids == ("Open", "Close", "Volume")
    np.testing.assert_allclose(panel.history(0), [float(p) for p in PRICES], rtol=1e-6)
    assert any("left out" in r.what and r.count == 1 for r in report.repaired)


def test_rows_of_system_events_of_wincc_are_left_out(take):
    rows = [f'"{n}";"{d} 00:00:00";{20 + k + i / 10:.1f};1' for k, d in enumerate(ISO) for i, n in enumerate(("Tank1", "Tank2"))]
    rows.insert(9, f'"$RT_OFF$";"{ISO[4]} 00:03:00";0;2')
    panel, report = take('"VarName";"TimeString";"VarValue";"Validity"\n' + "\n".join(rows) + "\n")
    assert panel.item_ids == ("Tank1", "Tank2")
    assert panel.freq.alias == "D"
    assert any("$RT_OFF$" in r.what for r in report.repaired)


@pytest.mark.parametrize("letter", ["N", "M", "K", "T", "L"])
def test_capital_letters_behind_a_few_numbers_are_flags_where_a_factor_would_leave_a_gap(take, letter):
    values = [f"{8 + k / 1000:.3f}{letter * (k in (3, 11))}" for k in range(20)]
    panel, report = take(table("date,level", ISO, values))
    np.testing.assert_allclose(panel.history(0), [8 + k / 1000 for k in range(20)], rtol=1e-6)
    assert any("flags" in r.what for r in report.repaired)


def test_factors_that_continue_the_values_stay_factors(take):
    values = [600.25 * 1.1**k for k in range(20)]
    panel, _ = take(table("date,level", ISO, [f"{v:.2f}" if v < 1000 else f"{v / 1000:.2f}K" for v in values]))
    np.testing.assert_allclose(panel.history(0), values, rtol=1e-2)


def test_periods_above_one_measure_are_the_dates_of_the_rows_of_sap(take):
    months = [f"{k % 12 + 1:02d}.{2022 + k // 12}" for k in range(24)]
    lines = [
        "Kal.jahr/Monat;;" + ";".join(months) + ";Gesamtergebnis",
        "Material;;" + ";".join(["Menge"] * 25),
        *(
            f"M-0{i};{n};" + ";".join(f"{1000 * i + k},250 ST" for k in range(24)) + f";{24000 * i + 276 + 6},000 ST"
            for i, n in ((1, "Pumpe"), (2, "Ventil"))
        ),
    ]
    panel, _ = take("\n".join(lines) + "\n")
    assert len(panel) == 2
    assert panel.freq.alias == "MS"
    assert panel.start[0] == np.datetime64("2022-01-01")
    np.testing.assert_allclose(panel.history(1), [2000.25 + k for k in range(24)])


def test_a_number_of_transactions_beside_gross_and_net_amounts_is_not_chosen_as_the_target(take):
    text = table(
        "category,day,count,gross,net",
        ["charge", "refund"] * 10,
        sorted(ISO[:10] * 2),
        range(1, 21),
        [k + 0.5 for k in range(20)],
        [k * 0.9 for k in range(20)],
    )
    with pytest.raises(DataError, match="could be the target") as stop:
        take(text)
    assert "--target gross" in stop.value.hint
    assert len(take(text, target=("gross",))[0]) == 2


def test_the_advice_for_transactions_at_any_time_names_sums(take):
    times = [f"2024-01-{1 + k // 2:02d} {(7 * k) % 24:02d}:{(13 * k) % 60:02d}" for k in range(40)]
    with pytest.raises(DataError, match="irregular timestamps") as stop:
        take(table("created,amount", sorted(times), range(40)))
    assert "or sum, for amounts" in stop.value.hint
