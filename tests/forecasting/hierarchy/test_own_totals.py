"""Totals in the data beside their parts: found, compared, and said."""

from __future__ import annotations

import numpy as np

from tsattn.data.panel import Panel
from tsattn.forecasting.hierarchy.common_grid import common_grid
from tsattn.forecasting.hierarchy.own_totals import find_own_totals, notes_on

RNG = np.random.default_rng(0)
A, B, C = (RNG.integers(5, 50, 40).astype(float) for _ in range(3))


def found(series: dict[str, np.ndarray]) -> dict:
    names = list(series)
    grid = common_grid(Panel.from_arrays(list(series.values()), freq="D", item_ids=names, start="2024-01-01"))
    return find_own_totals([tuple(name.split("/")) for name in names], names, grid)


def test_when_a_row_is_named_total_then_it_is_found_at_each_level():
    made = found({"north/a": A, "north/b": B, "north/Total": A + B, "south/c": C, "Total": A + B + C})
    assert {one.name: one.apart for one in made.values()} == {"north/Total": 0, "Total": 0}
    assert "are the sums of other series" in notes_on(list(made.values()))[0]


def test_when_the_cell_of_the_shop_is_empty_then_the_row_is_the_total_of_its_region():
    made = found({"north": A + B, "north/a": A, "north/b": B, "south": C})
    assert [one.name for one in made.values()] == ["north"]


def test_when_a_series_is_the_sum_of_the_others_then_it_is_found_whatever_its_name():
    made = found({"Germany/Germany": A + B + C, "west/a": A, "west/b": B, "east/c": C})
    assert [one.name for one in made.values()] == ["Germany/Germany"]
    assert not found({"a": A, "b": B, "c": C})
    assert not found({"a": A, "b": A})


def test_when_a_total_differs_from_its_parts_then_the_note_says_how_often_and_by_how_much():
    total = A + B
    total[[3, 7]] *= 1.2
    made = found({"a": A, "b": B, "total": total})
    note = notes_on(list(made.values()))[0]
    assert "'total' differs from the sum of its parts at 2 of 40 steps, by up to 20 %" in note
