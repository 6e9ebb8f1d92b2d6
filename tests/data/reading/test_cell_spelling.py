"""Spreadsheet formulas around cells, and digits of other scripts."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, LARGE, series, table
from tsattn.data import arrow
from tsattn.data.reading.cell_spelling import plain_cells


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ('="007"', "007"),
        ("٢٠٢٤/٠١/٣١", "2024/01/31"),
        ("۱۲٫۵", "12.5"),
        ("١٬٢٣٤٫٥", "1,234.5"),
        ("１２３", "123"),
        ("=A1", "=A1"),
        ("'24:00'", "24:00"),
        ("'01/03/2024", "01/03/2024"),
        ("'1,234.50", "1,234.50"),
        ("'90s", "'90s"),
        ("rock 'n' roll", "rock 'n' roll"),
        ("Müller 2", "Müller 2"),
    ],
)
def test_a_cell_is_read_as_it_was_typed(written, plain):
    assert plain_cells(arrow.strings([written])).to_pylist() == [plain]


def test_an_array_of_plain_cells_is_not_copied():
    texts = arrow.strings(["2024-01-31", "Graz", "Zürich"])
    assert plain_cells(texts) is texts


def test_dates_and_numbers_in_formulas_are_read(take):
    panel, report = take(table("date,sales", [f'="{d}"' for d in ISO], [f'="{v}"' for v in LARGE]))
    assert (report.first, series(panel)) == ("2024-01-01", LARGE)


def test_dates_and_numbers_in_arabic_digits_are_read(take):
    arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    panel, report = take(
        table("date;sales", [d.translate(arabic) for d in ISO], [str(v).translate(arabic) for v in LARGE], sep=";")
    )
    assert (report.first, series(panel)) == ("2024-01-01", LARGE)
