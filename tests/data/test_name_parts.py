"""Names of series in parts."""

from __future__ import annotations

import pytest

from tsattn.data.name_parts import NameParts


def test_names_of_the_same_number_of_parts_are_split():
    parts = NameParts.of(["north/bread", "north/wine", "south/bread"])
    assert parts.values == (("north", "south"), ("bread", "wine"))
    assert parts.codes.tolist() == [[0, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("names", [[], ["one", "two"], ["a/b", "c"], ["a/b", "a/b/c"]])
def test_other_names_have_no_parts(names):
    parts = NameParts.of(names)
    assert parts.codes.shape == (len(names), 0)
    assert parts.values == ()
