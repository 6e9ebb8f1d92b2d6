"""Plain numbers as series."""

from __future__ import annotations

import numpy as np
import pytest

import tsattn
from tsattn import api
from tsattn.data.plain_numbers import is_plain, series_of, table_of
from tsattn.errors import DataError


@pytest.mark.parametrize("data", [[1.0, 2, None], (1, 2), np.arange(3), np.ones((2, 3)), [[1.0], [2.0, 3.0]], [np.arange(2)]])
def test_when_numbers_are_given_then_they_are_series(data):
    assert is_plain(data)
    assert all(one.dtype == np.float64 for one in series_of(data))


@pytest.mark.parametrize("data", ["data.csv", ["a.csv", "b.csv"], [], None, {"a": 1}])
def test_when_something_else_is_given_then_it_is_not(data):
    assert not is_plain(data)


def test_when_there_are_several_series_then_the_table_numbers_them():
    assert table_of([1.0, None]).to_pydict() == {"value": [1.0, None]}
    assert table_of([[1.0], [2.0, 3.0]]).to_pydict() == {"item_id": ["0", "1", "1"], "value": [1.0, 2.0, 3.0]}


def test_when_a_series_holds_text_then_the_error_says_what_to_pass():
    with pytest.raises(DataError, match="other than numbers"):
        series_of([1.0, "x"])


def test_when_plain_numbers_are_passed_to_a_function_then_they_are_read_without_timestamps():
    assert api.ingest([3.0, 1.0, 2.0]).panel.target.tolist() == [3.0, 1.0, 2.0]
    panel = tsattn.ingest([[1.0, 2.0, 4.0], np.array([3.0, np.nan, 5.0])]).panel
    assert panel.item_ids == ("0", "1")
    assert panel.freq.alias == "step"
    assert "2 series" in repr(tsattn.ingest([[1.0, 2.0], [3.0, 4.0]]))
