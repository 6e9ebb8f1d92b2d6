"""A table of many columns is searched in few calls, and every column as if it stood alone."""

from __future__ import annotations

import dataclasses

import numpy as np

from tsattn.data.cleaning import row_checks
from tsattn.data.cleaning.gross_errors import find_gross_errors
from tsattn.data.cleaning.sentinels import find_sentinels
from tsattn.data.reading.row_location import Where
from tsattn.data.reading.rows import Rows
from tsattn.data.report import Notes


def table(columns: int, items: int = 2, length: int = 60) -> Rows:
    """Columns of several items; every third has sentinels, every fifth a gross error, one is missing throughout."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(items, dtype=np.int32), length)
    values = []
    for k in range(columns):
        one = rng.normal(20, 3, items * length).astype(np.float32 if k % 2 else np.float64)
        if k % 3 == 0:
            one[rng.choice(length, 4, replace=False)] = -9999
        if k % 5 == 0:
            one[length + 7] = 1e9
        if k == 4:
            one[:] = np.nan
        values.append(one)
    stamps = np.tile(np.datetime64("2024-01-01", "us") + np.arange(length).astype("timedelta64[D]"), items)
    return Rows(group, stamps, values, [f"i{k}" for k in range(items)], Where([("a.csv", items * length, None)]))


def test_when_a_table_has_many_columns_then_each_is_searched_as_if_it_stood_alone(monkeypatch):
    monkeypatch.setattr(row_checks, "_CELLS", 500)  # four columns at a time
    rows = table(19)
    names = [f"c{k}" for k in range(19)]
    cleaned = row_checks.without_sentinels(rows, names, Notes())
    for k, values in enumerate(rows.values):
        marked = find_sentinels(values, rows.group, 2)
        np.testing.assert_array_equal(np.isnan(cleaned.values[k]), marked | np.isnan(values), err_msg=names[k])
        assert cleaned.values[k].dtype == values.dtype
    found = list(row_checks._gross_errors(rows, 19))
    alone = [(k, error) for k, values in enumerate(rows.values) for error in find_gross_errors(values, rows.group, rows.indptr)]
    assert found == alone
    assert {k for k, _ in found} == {0, 5, 10, 15}


def test_when_a_table_has_many_columns_then_the_searches_are_few(monkeypatch):
    calls = []
    monkeypatch.setattr(row_checks, "find_sentinels", lambda *words: calls.append(len(words[0])) or find_sentinels(*words))
    row_checks.without_sentinels(table(400), [f"c{k}" for k in range(400)], Notes())
    assert calls == [400 * 120]


def test_when_a_table_has_no_rows_then_nothing_is_found():
    rows = table(3).take(np.zeros(0, np.int64))
    assert row_checks.without_sentinels(rows, ["a", "b", "c"], Notes()).values == rows.values
    assert not list(row_checks._gross_errors(rows, 3))


def test_when_the_only_negative_value_is_a_code_then_a_warning_names_the_option():
    def warned(values: list[float]) -> list[str]:
        rows, notes = table(1), Notes()
        row_checks.warn_of_lone_negative(dataclasses.replace(rows, values=[np.array(values)]), ["sold"], notes)
        return notes.warnings

    counts = [float(k % 9) for k in range(120)]
    assert warned([-1.0, *counts[1:]]) == [
        "column 'sold': -1 is its only negative value (1 times); if it stands for a missing value: --missing -1"
    ]
    assert warned([-555.0, *counts[1:30], -555.0, *counts[31:]])
    assert warned(counts) == warned([-4.0, *counts[1:]]) == warned([-1.0, -2.0, *counts[2:]]) == []
