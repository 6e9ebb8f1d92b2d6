"""Dates of six digits beside hours."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import series
from tsattn.errors import DataError


def rows(dates: list[str]) -> list[str]:
    return [f"{d},{h + 1:02d},{100 * k + h}" for k, d in enumerate(dates) for h in range(24)]


def test_consecutive_days_with_a_year_of_two_digits_have_hours(table):
    panel, report = table("Datum,Stunde,Kfz", rows([f"2305{d:02d}" for d in range(2, 10)]))
    assert (panel.freq.alias, report.first[:10]) == ("h", "2023-05-02")
    assert series(panel)[:24] == list(range(24))


@pytest.mark.parametrize(
    ("name", "freq"),
    [("TP{k}", "30min"), ("VAL{k:02d}", "30min"), ("KWH_HE{k:02d}", "h"), ("{k}\uc2dc", "h"), ("{k}\u6642", "h")],
)
def test_columns_numbered_through_a_day_are_its_times(take, name, freq):
    count = 24 if freq == "h" else 48
    head = ",".join(["date", *(name.format(k=k) for k in range(1, count + 1))])
    body = "".join(f"2024-02-{d + 1:02d},{','.join(str(count * d + k) for k in range(count))}\n" for d in range(5))
    panel, _ = take(f"{head}\n{body}")
    assert (len(panel), panel.freq.alias, series(panel)) == (1, freq, list(range(5 * count)))


def test_hours_of_months_are_an_error(table):
    with pytest.raises(DataError, match="read as a month or week, which has no hours"):
        table("Datum,Stunde,Kfz", rows([f"2023{m:02d}" for m in range(1, 9)]))
