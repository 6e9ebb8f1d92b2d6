"""Bad items of several blocks together, and those that ended long before the newest row."""

from __future__ import annotations

import numpy as np

from tsattn.batch.bad_items import NAMED, BadItems
from tsattn.batch.inputs import TimeAxis
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.forecasting.predict import Failure

DAYS = TimeAxis(Freq.parse("D"), None)


def bad(lengths: list[int], lead: str = "s", rows: list[int] | None = None) -> BadItems:
    """Items of daily values from 2024-01-01 on, all of them bad, with this many flagged rows."""
    names = [f"{lead}{i}" for i in range(len(lengths))]
    panel = Panel.from_arrays([np.ones(n) for n in lengths], freq="D", start="2024-01-01", item_ids=names)
    return BadItems.of([Failure(name, "is short") for name in names], panel, rows)


def test_when_an_item_ended_more_than_a_week_of_days_before_the_newest_row_then_it_is_judged_as_ended():
    named, ended = bad([10, 20, 13]).judged(np.datetime64("2024-01-20", "us"), DAYS)
    assert ended == 1
    assert [(one.item_id, one.ended) for one in named] == [("s0", True), ("s1", False), ("s2", False)]
    assert named[0].reason == "ended at 2024-01-10, long before the newest row; is short"
    assert named[1].reason == "is short"


def test_when_items_are_more_than_are_named_then_those_that_ended_are_counted_all_the_same():
    many, few = bad([3] * (NAMED + 5), "a"), bad([1, 300, 2], "b")
    together = few + many
    assert len(together.named) == NAMED
    assert len(together) == NAMED + 8
    named, ended = together.judged(np.datetime64("2024-10-26", "us"), DAYS)
    assert ended == NAMED + 7
    assert [one.ended for one in named[:4]] == [True, False, True, True]
    back = many + few
    assert back.named[-1].item_id == f"a{NAMED - 1}"
    assert back.judged(np.datetime64("2024-10-26", "us"), DAYS)[1] == NAMED + 7


def test_when_blocks_are_added_then_each_item_keeps_its_flagged_rows():
    many, few = bad([3] * (NAMED + 5), "a", [1] * NAMED + [2] * 5), bad([1, 300, 2], "b", [7, 8, 9])
    newest = np.datetime64("2024-10-26", "us")
    for together in (few + many, many + few):
        assert together.rows[~together.over(newest, DAYS)].tolist() == [8]
        assert together.rows.sum() == NAMED + 10 + 24


def test_when_an_item_has_no_value_or_the_timestamps_are_invented_then_it_did_not_end():
    newest = np.datetime64("2024-01-20", "us")
    lost = BadItems.of([Failure("void", "has no value")])
    assert lost.judged(newest, DAYS) == ((Failure("void", "has no value"),), 0)
    panel = Panel.from_arrays([np.ones(3), np.ones(90)], freq="D")
    assert BadItems.of([Failure("series_0", "is short")], panel).judged(newest, DAYS)[1] == 0
    assert (lost + bad([1])).judged(None, None)[1] == 0
