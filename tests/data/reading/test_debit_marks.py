"""Amounts with marks of debit and credit, as banks and ledgers write them."""

from __future__ import annotations

import pytest

from tests.data.reading.kinds import ISO, quoted, series, table
from tsattn.data.reading.debit_marks import debit_marks
from tsattn.errors import DataError

SIGNED = [(100 + k) * (-1 if k % 3 == 0 else 1) for k in range(20)]


@pytest.mark.parametrize(
    ("debit", "credit"),
    [
        ("{}.50 Dr", "{}.50 Cr"),
        ("{}.50DR", "{}.50CR"),
        ("Dr. {}.50", "Cr. {}.50"),
        ("{}.50 S", "{}.50 H"),
        ("{}.50 D", "{}.50 C"),
    ],
)
def test_amounts_with_marks_of_debit_and_credit_have_signs(take, debit, credit):
    texts = [(debit if v < 0 else credit).format(abs(v)) for v in SIGNED]
    panel, report = take(table("date,amount", ISO, quoted(texts)))
    assert series(panel) == [v - 0.5 if v < 0 else v + 0.5 for v in SIGNED]
    assert any("read as minus" in r.what for r in report.repaired)
    assert series(take(table("date,amount", ISO, quoted(texts)), target=("amount",))[0]) == series(panel)


def test_one_mark_alone_has_no_sign():
    assert debit_marks(["1.5 Cr", "2.5 Cr"]) is None
    assert debit_marks(["1.5 d", "2.5 h"]) is None  # days and hours
    assert debit_marks(["1.5 Dr", "2.5 Cr", "3.5"]) is None


def test_hours_and_seconds_stay_durations(take):
    panel, _ = take(
        table("date,time spent", ISO, [f"{k} h" if k % 2 else f"{k} s" for k in range(1, 21)]), target=("time spent",)
    )
    assert series(panel)[:3] == [3600, 2, 10800]


def test_crores_alone_stop(take):
    with pytest.raises(DataError, match="1 Cr"):
        take(table("date,amount", ISO, [f"{k} Cr" for k in range(1, 21)]))


@pytest.mark.parametrize("marks", [("DBIT", "CRDT"), ("Dt", "Kt"), ("Af", "Bij"), ("借", "贷")])
def test_a_column_of_marks_beside_unsigned_amounts_is_named(take, marks):
    _, report = take(table("date,amount,type", ISO, map(abs, SIGNED), [marks[v < 0] for v in SIGNED]))
    assert any("'type' may hold the signs of 'amount'" in w for w in report.warnings)


def test_plus_signs_behind_numbers_are_removed_beside_minus_signs(take):
    panel, _ = take(table("date,amount", ISO, [f"{abs(v)} {'-' if v < 0 else '+'}" for v in SIGNED]))
    assert series(panel) == SIGNED
