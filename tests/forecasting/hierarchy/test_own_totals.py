"""Totals in the data beside their parts: found, compared, and said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.data.panel import Panel, Schema
from tsattn.forecasting.hierarchy.common_grid import common_grid
from tsattn.forecasting.hierarchy.own_totals import find_own_totals, notes_on, notes_on_sum, sum_of_the_others

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


def panel_of(*columns: str, **series: np.ndarray) -> Panel:
    """Series of a wide table, with `columns` as its targets."""
    panel = Panel.from_arrays(list(series.values()), freq="D", item_ids=list(series), start="2024-01-01")
    return replace(panel, schema=Schema(target=columns or tuple(series)))


def test_when_a_column_is_the_sum_of_all_others_at_every_step_then_it_is_found_whatever_its_name():
    assert sum_of_the_others(panel_of(a=A, b=B, c=C, everything=A + B + C)) == "everything"
    assert sum_of_the_others(panel_of(a=A, income=A + B, costs=B)) == "income"
    almost = A + B + C
    almost[5] += 3
    assert sum_of_the_others(panel_of(a=A, b=B, c=C, everything=almost)) is None
    assert sum_of_the_others(panel_of(a=A, b=B, c=C, Gesamt=almost)) == "Gesamt", "by its name, and at 39 of 40 steps"
    assert sum_of_the_others(panel_of(a=A, b=B, c=C)) is None


def test_when_a_series_is_the_copy_of_another_beside_zeros_then_it_is_no_sum():
    assert sum_of_the_others(panel_of(a=A, copy=A, empty=np.zeros(40))) is None


def test_when_parts_are_missing_then_they_count_as_zero_and_a_missing_total_says_nothing():
    gap, late = A.copy(), A + B + C
    gap[3] = np.nan
    late[:10] = np.nan
    assert sum_of_the_others(panel_of(a=gap, b=B, c=C, Total=np.nan_to_num(gap) + B + C)) == "Total"
    assert sum_of_the_others(panel_of(a=A, b=B, c=C, Total=late)) == "Total"


def test_the_note_on_a_sum_names_the_options_that_add_up_and_that_leave_it_out():
    wide = panel_of(a=A, **{"Bad Ems": B}, Total=A + B)
    (note,) = notes_on_sum(wide)
    assert "'Total' is the sum of the other 2 series" in note
    assert "--sum 'Total=*'" in note
    assert note.endswith('--target a,"Bad Ems"')
    assert notes_on_sum(wide, ["a"]) == ()
    long = replace(wide, schema=Schema(item=("shop",), target=("sales",)))
    assert "--target" not in notes_on_sum(long)[0]
