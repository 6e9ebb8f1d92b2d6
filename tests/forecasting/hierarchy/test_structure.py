"""Sums of series from the values of columns and from formulas."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.hierarchy.structure import labels_of, nested, of_formulas, parsed


def test_when_columns_are_nested_then_there_is_a_total_and_a_sum_for_each_value_named_by_its_path():
    labels = labels_of(["north/a", "north/b", "south/a"], ("region", "shop"))
    made = nested(labels, ("region", "shop"))
    assert made.names == ("total", "total/north", "total/south", "total/north/a", "total/north/b", "total/south/a")
    assert [part.tolist() for part in made.parts] == [[0, 1, 2], [0, 1], [2]]
    assert [made.level_of(name) for name in made.names] == ["total", "region", "region", "shop", "shop", "shop"]
    assert made.added(np.array([[1.0], [2.0], [4.0]])).ravel().tolist() == [7, 3, 4]
    assert made.matrix().tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 1]]


def test_when_a_branch_is_shorter_then_its_end_is_a_leaf():
    made = nested(labels_of(["north/a", "north/b", "online"], ("region", "shop")), ("region", "shop"))
    assert made.names == ("total", "total/north", "total/north/a", "total/north/b", "total/online")
    assert [part.tolist() for part in made.parts] == [[0, 1, 2], [0, 1]]
    assert made.level_of("total/online") == "region"


def test_when_a_value_holds_the_separator_then_the_error_names_the_series():
    with pytest.raises(DataError, match="north/a/b"):
        labels_of(["north/a/b"], ("region", "shop"))
    assert labels_of(["a/b"], ("shop",)) == [("a/b",)]


def test_when_a_formula_is_given_then_it_is_read_with_quoted_names():
    assert parsed("total=a+b") == ("total", ("a", "b"))
    assert parsed(' all = "a+b" + c ') == ("all", ("a+b", "c"))
    for wrong in ("total", "total=", "=a", "a+b", "total=a+", "total=a=b"):
        with pytest.raises(ConfigError, match="is not a sum"):
            parsed(wrong)


def test_when_a_sum_is_a_part_of_another_then_its_leaves_are_and_it_stands_below():
    made, replaced = of_formulas(["all=ab+c", "ab=a+b"], ["a", "b", "c", "d"])
    assert made.names == ("all", "ab", "a", "b", "c", "d")
    assert [part.tolist() for part in made.parts] == [[0, 1, 2], [0, 1]]
    assert replaced == ()
    assert made.levels == ("all", "ab", "series")


def test_when_all_series_are_summed_then_a_series_of_that_name_is_replaced():
    made, replaced = of_formulas(["total=*"], ["a", "total", "b"])
    assert replaced == ("total",)
    assert made.names == ("total", "a", "b")
    assert made.parts[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("formulas", "said"),
    [
        (["t=a+x"], "no series 'x'"),
        (["t=a+a"], "counts 'a' twice"),
        (["t=a+u", "u=a+b"], "counts 'a' twice"),
        (["t=a+b", "t=a+c"], "names 't' twice"),
        (["t=u+a", "u=t+b"], "is a part of itself"),
    ],
)
def test_when_a_formula_makes_no_sense_then_the_error_says_why(formulas, said):
    with pytest.raises(ConfigError, match=said):
        of_formulas(formulas, ["a", "b", "c"])
