"""Exports of accounting programs: minus signs behind numbers, points before thousands, dotted dates, subtotals."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import GERMAN, ISO, LARGE, points, series, table
from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import DataError


@pytest.mark.parametrize(("mark", "sep"), [(".", ","), (",", ";")])
def test_a_minus_sign_behind_a_number_makes_it_negative(take, mark, sep):
    panel, report = take(table(f"date{sep}v", ISO, [f"{k}{mark}25{'-' if k % 3 == 0 else ''}" for k in range(20)], sep=sep))
    assert series(panel) == [-(k + 0.25) if k % 3 == 0 else k + 0.25 for k in range(20)]
    assert any("minus signs" in r.what for r in report.repaired)


def test_the_error_for_no_numbers_shows_a_text_that_is_none(take):
    with pytest.raises(DataError, match="line 3, column 'v' holds 'n3x'"):
        take(table("date,v", ISO, [str(k) if k % 2 else f"n{k + 1}x" if k else "7" for k in range(1, 21)]))


@pytest.mark.parametrize(
    ("dates", "freq"),
    [([f"{k:02d}.01.2024" for k in range(1, 13)], "D"), ([f"01.{k:02d}.2024" for k in range(1, 13)], "MS")],
)
def test_dates_with_points_have_the_day_first(take, dates, freq):
    panel, report = take(table("date,v", dates, range(12)))
    assert (panel.freq.alias, str(panel.start[0])[:10]) == (freq, "2024-01-01")
    assert any((f.what, f.value) == ("date order", "dmy") for f in report.found)


def test_points_before_thousands_are_reported_with_the_option_that_keeps_them(take):
    panel, report = take(table("Datum;v", GERMAN, map(points, LARGE), sep=";"))
    assert series(panel) == LARGE
    (repair,) = [r for r in report.repaired if "thousands" in r.what]
    assert repair.count == 20
    assert "--decimal ." in repair.where


@pytest.mark.parametrize("name", ["Subtotal {}", "Total {}:", "{} total", "Zwischensumme {}"])
def test_subtotals_between_the_rows_are_left_out_and_reported(take, name):
    rows = []
    for month, word in enumerate(("January", "February", "March"), 1):
        rows += [f"2024-{month:02d}-{day:02d},{day}" for day in range(1, 29)] + [f"{name.format(word)},406"]
    panel, report = take("\n".join(["date,v", *rows]) + "\n")
    assert max(series(panel)[:28]) == 28
    assert [r.count for r in report.repaired if "totals" in r.what] == [3]


@pytest.mark.parametrize("written", ["({})", "$({})", "$ ({})", "(${})", "({}) €", "€ ({})", "(€ {})"])
@pytest.mark.parametrize("share", [1, 2])
def test_parentheses_are_a_minus_sign_wherever_the_currency_stands(take, written, share):
    plain = written.replace("(", "").replace(")", "")
    cells = [f'"{(written if k % share == 0 else plain).format(f"{1000 + k:,}.50")}"' for k in range(20)]
    panel, report = take(table("date,v", ISO, cells))
    assert series(panel) == [-(1000.5 + k) if k % share == 0 else 1000.5 + k for k in range(20)]
    assert any("parentheses" in r.what for r in report.repaired)


def test_a_column_that_is_always_in_parentheses_is_read_beside_plain_amounts(take):
    panel, _ = take(table("date,revenue,payroll", ISO, [f'"{1000 + k:,}.5","({800 + k}.25)"' for k in range(20)]))
    assert (series(panel)[0], series(panel, 1)[:2]) == (1000.5, [-800.25, -801.25])


def test_percentages_in_parentheses_are_negative(take):
    panel, _ = take(table("date,margin", ISO, [f"({k}.5%)" if k % 3 == 0 else f"{k}.5%" for k in range(20)]))
    assert series(panel)[:4] == [-0.5, 1.5, 2.5, -3.5]


def test_a_column_of_numbers_with_unknown_text_beside_them_is_left_out_with_a_warning(take):
    _, report = take(table("date,v,price", ISO, [f'{k},"{1000 + k},50 zorkmid"' for k in range(20)]))
    assert any("column 'price' is left out" in w and "zorkmid" in w for w in report.warnings)


@pytest.mark.parametrize("cell", ["INV-{}", "{}A", "48.2{:02d}N", "10:{:02d}", "Zone {}"])
def test_names_and_times_give_no_warning_of_text_beside_numbers(take, cell):
    _, report = take(table("date,v,other", ISO, [f"{k},{cell.format(k + 1)}" for k in range(20)]))
    assert not any("text beside" in w for w in report.warnings)


def test_the_backslash_of_japanese_text_is_the_yen_sign(tmp_path):
    path = tmp_path / "yen.csv"
    path.write_bytes(table("日付,売上", ISO, [f'"\\{1000 + k:,}"' for k in range(20)]).encode("cp932"))
    panel, _ = read(path, ReadOptions())
    assert series(panel)[:2] == [1000, 1001]
