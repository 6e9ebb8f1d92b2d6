from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tsattn.data.cleaning.gross_errors import find_gross_errors
from tsattn.data.reading.read import read


def odd_rows(values: np.ndarray) -> list[int]:
    values = np.asarray(values)
    return [o.row for o in find_gross_errors(values, np.zeros(len(values), np.int32), np.array([0, len(values)]))]


def noise(size: int = 400, seed: int = 0) -> np.ndarray:
    return 20 + np.random.default_rng(seed).normal(0, 3, size)


@pytest.mark.parametrize("value", [1e9, -1e9, 5e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_when_one_value_is_absurdly_far_then_it_is_found(value, dtype):
    values = noise().astype(dtype)
    values[[7, 100]] = np.nan, value
    assert odd_rows(values) == [100]


def test_when_faults_of_both_signs_and_many_sizes_are_there_then_all_are_found():
    values = noise(1000)
    values[[10, 20, 30]] = 1e9, -1e9, 1e5
    assert odd_rows(values) == [10, 20, 30]


def test_when_a_short_or_a_flat_series_holds_a_fault_then_it_is_found_too():
    assert odd_rows(np.append(noise(24), 1e9)) == [24]
    assert odd_rows(np.append(np.full(60, 50.0), 1e9)) == [60]


HARMLESS = {
    "a heavy tail": np.exp(np.random.default_rng(1).normal(0, 2, 20_000)),
    "a very heavy tail": np.random.default_rng(2).pareto(1.2, 2_000),
    "rare counts": np.random.default_rng(3).poisson(0.004, 2_000) * 40.0,
    "one sale ever": np.where(np.arange(300) == 200, 5_000.0, 0.0),
    "growth by ten orders of magnitude": np.exp(np.arange(300) / 13),
    "a new level": np.where(np.arange(300) < 280, noise(300), 3e6),
    "too few values to tell": np.append(np.arange(10.0), 1e9),
    "nothing but missing values": np.full(50, np.nan),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_when_a_series_is_only_lively_then_nothing_is_called_an_error(name):
    assert odd_rows(HARMLESS[name]) == []


def test_when_many_series_are_given_then_each_is_measured_by_itself():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(200), 50)
    values = rng.normal(0, 1, len(group)) * 10.0 ** (group % 9)  # a thousand million is usual in some of them
    values[17 * 50 + 3] = 1e15
    assert [o.row for o in find_gross_errors(values, group, np.arange(201) * 50)] == [853]


def test_when_a_file_holds_a_fault_then_the_warning_names_line_column_item_and_value_and_says_what_to_do(tmp_path):
    days = pd.date_range("2024-01-01", periods=100)
    table = pd.concat([pd.DataFrame({"day": days, "shop": shop, "sales": noise(100).round(2)}) for shop in ("a", "b")])
    table.iloc[130, 2] = 1e9
    table.iloc[::-1].to_csv(tmp_path / "s.csv", index=False)  # newest first: the line is that of the file all the same
    _, report = read(str(tmp_path / "s.csv"))
    (warning,) = report.warnings
    assert "s.csv, line 71, column 'sales', item 'b': 1e+09" in warning
    assert "leave that field empty" in warning


def test_when_faults_are_many_then_only_some_are_named_one_by_one():
    values = noise(1000)
    values[[1, 2, 3, 4, 5, 6, 7]] = 1e9 * np.arange(1, 8)
    _, report = read(pd.DataFrame({"date": pd.date_range("2020", periods=1000), "y": values}))
    assert len(report.warnings) == 4
    assert report.warnings[-1] == "… and 4 more such values"
