"""Columns whose numbers are rows of arrays behave as columns that are objects."""

import numpy as np
import pytest

from tsattn.data import arrow
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.row_location import Where

NAMES = ["a", "b", "word", "c", "d", "e"]
FLOATS = np.arange(8, dtype=np.float64).reshape(2, 4)
SINGLES = np.arange(10, 22, dtype=np.float32).reshape(3, 4)
WORD = Column("word", "text", np.array([0, 1, 0, -1], np.int32), arrow.strings(["x", "y"]))
PLACE = {"a": 0, "b": 2, "word": -1, "c": 3, "d": 4, "e": 1}  # a and e are float64, b, c and d float32


@pytest.fixture(params=["arrays", "objects"])
def columns(request):
    rows = [*FLOATS, *SINGLES]
    if request.param == "arrays":
        return Columns({"word": WORD}, PLACE, [FLOATS, SINGLES])
    return Columns({n: WORD if k < 0 else Column(n, "number", rows[k]) for n, k in PLACE.items()})


def test_columns_keep_their_order_their_kinds_and_their_types(columns):
    assert list(columns) == NAMES
    assert columns.numeric == ["a", "b", "c", "d", "e"]
    assert columns.others == {"word": WORD}
    assert [columns[n].values.dtype for n in ("a", "b")] == [np.float64, np.float32]
    assert columns["a"] is columns["a"]
    with pytest.raises(KeyError):
        columns["f"]


@pytest.mark.parametrize("names", [["b", "c", "d"], ["c", "d"], ["d", "b"], ["a", "e"], ["e"], ["a", "b", "c"], ["d", "e", "a"]])
def test_stacked_columns_are_the_values_of_each(columns, names):
    expected = np.stack([columns[n].values for n in names])
    assert columns.stacked(names).dtype == expected.dtype
    np.testing.assert_array_equal(columns.stacked(names), expected)
    for one, name in zip(columns.values_of(names), names, strict=True):
        np.testing.assert_array_equal(one, columns[name].values)
        assert one.dtype == columns[name].values.dtype


def test_neighbours_in_an_array_are_not_copied():
    columns = Columns({"word": WORD}, PLACE, [FLOATS, SINGLES])
    assert np.shares_memory(columns.stacked(["b", "c", "d"]), SINGLES)
    assert not np.shares_memory(columns.stacked(["b", "d"]), SINGLES)


def test_a_column_that_was_replaced_is_never_read_from_its_array(columns):
    columns.stacked(["b", "c", "d"])
    new = Column("c", "number", np.full(4, 7.0))
    made = columns.updated({"c": new, "f": new})
    assert list(made) == [*NAMES, "f"]
    np.testing.assert_array_equal(made.stacked(["b", "c", "d"])[1], new.values)
    np.testing.assert_array_equal(made.values_of(["b", "c", "d"])[1], new.values)
    np.testing.assert_array_equal(columns.stacked(["b", "c", "d"])[1], SINGLES[1])
    again = columns.only({"a", "b", "d"}).updated({"c": new})
    np.testing.assert_array_equal(again.stacked(["b", "c", "d"])[1], new.values)
    assert columns.updated({}) is columns


def test_some_columns_and_some_rows_are_those_of_the_table(columns):
    table = Table(columns, 4, Where([("t.csv", 4, None)]))
    table.columns.stacked(["b", "c", "d"])
    some = table.only(["d", "word", "b"]).take(np.array([2, 0]))
    assert list(some.columns) == ["b", "word", "d"]
    np.testing.assert_array_equal(some.columns.stacked(["b", "d"]), SINGLES[[0, 2]][:, [2, 0]])
    np.testing.assert_array_equal(some.columns["word"].values, [0, 0])
    assert table.only(NAMES).columns is columns


def test_columns_below_one_another_are_joined_by_name(columns):
    twice = columns.below([columns], lambda name: Column(name, columns[name].kind, np.tile(columns[name].values, 2), WORD.labels))
    assert list(twice) == NAMES
    for name in NAMES:
        np.testing.assert_array_equal(twice[name].values, np.tile(columns[name].values, 2))
