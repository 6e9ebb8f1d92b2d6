"""Checks of many columns at once."""

import numpy as np
import pytest

from tsattn.data.reading import column_blocks
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.row_location import Where

NAN = np.nan
COLUMNS = {
    "gap": [1.5, NAN, 2.0],
    "empty": [NAN, NAN, NAN],
    "constant": [3.0, NAN, 3.0],
    "alone": [NAN, NAN, 3.0],
    "flag": [0.0, 1.0, NAN],
    "zeros": [0.0, 0.0, 0.0],
    "whole": [4.0, 5.0, 6.0],
}


@pytest.fixture
def table():
    kinds = (np.float32, np.float64)
    columns = {n: Column(n, "number", np.array(v, kinds[k % 2])) for k, (n, v) in enumerate(COLUMNS.items())}
    return Table(Columns(columns), 3, Where([("t.csv", 3, None)]))


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (column_blocks.empty, ["empty"]),
        (column_blocks.with_gaps, ["gap", "empty", "constant", "alone", "flag"]),
        (column_blocks.constant, ["constant", "zeros"]),
        (column_blocks.whole, ["constant", "alone", "flag", "zeros", "whole"]),
        (column_blocks.fractional, ["gap"]),
        (column_blocks.flags, ["flag"]),
    ],
)
@pytest.mark.parametrize("cells", [1, 7, 1 << 20])
def test_a_check_of_blocks_finds_the_columns_that_it_describes_whatever_the_size_of_a_block(
    test, expected, cells, table, monkeypatch
):
    monkeypatch.setattr(column_blocks, "CELLS", cells)
    assert column_blocks.where(table, list(table.columns), test) == expected


def test_a_check_of_some_rows_sees_these_only(table):
    assert column_blocks.where(table, table.columns, column_blocks.empty, slice(0, 2)) == ["empty", "alone"]
    assert column_blocks.where(table, ["gap", "whole"], column_blocks.empty, np.array([1])) == ["gap"]
