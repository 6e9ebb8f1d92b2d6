"""The delimiter of files with decimal commas, whose rows are also even when split at the commas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.read import read
from tsattn.errors import DataError

VALUES = [37.0, 38.5, 39.1, 38.3, 37.7, 38.0, 36.2, 35.9, 36.6, 37.4]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str], str]:
    """Return a function that writes a file of semicolons: lines above the rows, and the first fields of row {k}."""

    def written(head: str, fields: str) -> str:
        rows = [f"{fields.format(k=k)};{value:.1f}".replace(".", ",") for k, value in enumerate(VALUES, 1)]
        path = tmp_path / "visits.csv"
        path.write_text("\n".join([*head.splitlines(), *rows]) + "\n")
        return str(path)

    return written


HEADS = {
    "plain": "Semaine;Service;Visites\n",
    "a comma in a name": "Semaine;Service;Visites, moyenne\n",
    "a comma in a title": "Visites, par service\nSemaine;Service;Visites\n",
    "no header": "",
}


@pytest.mark.parametrize("week", ["2026-S{k:02d}", "2026-KW{k:02d}", "S{k:02d} 2026", "KW {k:02d} 2026", "CW{k:02d}/2026"])
@pytest.mark.parametrize("head", HEADS)
def test_weeks_before_a_decimal_comma_are_split_at_the_semicolon(file, head, week):
    panel, report = read(file(HEADS[head], f"{week};ORL"))
    assert (panel.freq.alias, report.first, report.last) == ("W", "2025-12-29", "2026-03-02")
    np.testing.assert_array_equal(panel.history(0), np.float32(VALUES))


@pytest.mark.parametrize("head", ["Week;Ward;Site;Class;Visits, mean\n", "Visits, by ward\nWeek;Ward;Site;Class;Visits\n"])
def test_more_texts_than_numbers_around_a_decimal_comma_are_split_at_the_semicolon(file, head):
    panel, _ = read(file(head, "2026-W{k:02d};ENT;North;B"))
    np.testing.assert_array_equal(panel.history(0), np.float32(VALUES))


@pytest.mark.parametrize("head", ["date,position,value\n", ""])
@pytest.mark.parametrize("cell", ["48.1;16.3", "a;b", "48;16"])
def test_a_text_with_one_semicolon_in_each_row_stays_a_field_between_commas(tmp_path, head, cell):
    path = tmp_path / "positions.csv"
    path.write_text(head + "".join(f"2024-01-{k:02d},{cell},{value}\n" for k, value in enumerate(VALUES, 1)))
    panel, _ = read(str(path))
    np.testing.assert_array_equal(panel.history(0), np.float32(VALUES))


@pytest.mark.parametrize(
    "text", ["Datum;x;y\n1,5\n2,7\n3,9\n5,1\n", "Monat,Wert\n1;5;3\n2;7;4\n3;9;4\n5;1;4\n", "Woche;Wert\n37\n38\n39\n"]
)
def test_when_a_header_that_does_not_fit_the_rows_names_a_timestamp_then_rows_are_not_numbered(tmp_path, text):
    path = tmp_path / "lost.csv"
    path.write_text(text)
    name = text.split(";")[0].split(",")[0]
    with pytest.raises(DataError, match=f"names '{name}'"):
        read(str(path))
    panel, _ = read(str(path), ReadOptions(timestamp="none"))
    assert panel.freq.alias == "step"


def test_a_title_above_numbers_is_no_lost_header(tmp_path):
    path = tmp_path / "titled.csv"
    path.write_text("Export of the year\n1,5\n2,7\n3,9\n5,1\n")
    panel, _ = read(str(path))
    assert panel.freq.alias == "step"
