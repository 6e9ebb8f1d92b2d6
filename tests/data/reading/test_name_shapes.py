"""Tests of many names at once."""

import re

import pytest

from tsattn.data.reading import items, target_names, time_names
from tsattn.data.reading.name_shapes import all_shaped, names_shaped, names_that, shape, stem

NAMES = [*(f"shop_{k}" for k in range(1000)), "day", "10", "a\n1", "Zürich 7", ""]


def test_names_of_one_stem_are_tested_once():
    tried = []

    def test(name):
        tried.append(name)
        return name.startswith("shop")

    assert names_that(NAMES, test) == NAMES[:1000]
    assert sorted(tried) == ["", "0", "Zürich 0", "a\n0", "day", "shop_0"]


def test_names_of_one_shape_are_tested_once():
    tried = []
    assert names_shaped(NAMES[:1000], lambda name: tried.append(name) or name == "shop_00") == NAMES[10:100]
    assert tried == ["shop_0", "shop_00", "shop_000"]


@pytest.mark.parametrize("pattern", [r"\d{2}", r"[a-z]+_\d{1,2}", r"a\n\d", r"Zürich \d", r".*0", r"[^\d]*"])
def test_a_pattern_without_digits_but_zero_matches_the_shape_of_every_name_that_it_matches(pattern):
    found = [name for name in NAMES if re.fullmatch(pattern, name)]
    likely = names_shaped(NAMES, re.compile(pattern).fullmatch)
    assert [name for name in likely if re.fullmatch(pattern, name)] == found


def test_names_come_back_in_order_and_as_often_as_they_were_given():
    assert names_that(["b1", "a", "b2", "b1"], lambda name: name == "b0") == ["b1", "b2", "b1"]
    assert names_that((), lambda name: True) == []
    assert names_that(NAMES, lambda name: True) == NAMES


def test_all_shaped_is_true_only_if_every_name_passes():
    assert all_shaped(["column_1", "column_22"], re.compile(r"column_\d+").fullmatch)
    assert not all_shaped(["column_1", "day"], re.compile(r"column_\d+").fullmatch)


def test_shapes_keep_the_length_of_numbers_and_stems_do_not():
    assert [shape("a12b3"), stem("a12b3")] == ["a00b0", "a0b0"]


def test_no_word_that_names_are_recognised_by_has_a_digit():
    words = [word for part in time_names.PARTS.values() for word in part.split()]
    words += [
        *target_names.TARGET_NAMES,
        *target_names.PLANNED_WORDS,
        *target_names.MEASURED_WORDS,
        *items._ITEM_NAMES,
        *items._ID_WORDS,
    ]
    assert not [word for word in words if any("0" <= sign <= "9" for sign in word)]
