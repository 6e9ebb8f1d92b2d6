"""Panel: what fits, what is refused, what lies before the wall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tsattn.data.freq import Freq
from tsattn.data.panel import Panel, Schema
from tsattn.errors import ConfigError, DataError


def small() -> Panel:
    """Two items of 4 and 3 rows, the first with one future row; one past, one known and one static feature."""
    return Panel(
        freq=Freq.parse("D"),
        item_ids=("a", "b"),
        indptr=np.array([0, 4, 7]),
        start=np.array(["2024-01-01", "2024-02-01"], "datetime64[us]"),
        target=np.array([1, 2, 3, np.nan, 10, np.nan, 30], np.float32),
        origin=np.array([3, 7]),
        past=np.arange(7, dtype=np.float32)[:, None],
        known=np.arange(7, dtype=np.float32)[:, None] * 10,
        static=np.array([[1], [2]], np.float32),
        schema=Schema(past_features=("p",), known_features=("k",), static_features=("s",)),
    )


def test_rows_after_the_origin_are_no_history() -> None:
    panel = small()
    assert len(panel) == 2
    assert panel.lengths.tolist() == [3, 3]
    assert panel.history(0).tolist() == [1, 2, 3]
    assert panel.timestamps(0)[-1] == np.datetime64("2024-01-04")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("indptr", np.array([0, 4, 6]), "indptr must rise"),
        ("indptr", np.array([0, 8, 7]), "indptr must rise"),
        ("indptr", np.array([0, 7]), "of shape"),
        ("target", np.zeros(7), "float32"),
        ("origin", np.array([5, 7]), "within each item"),
        ("origin", np.array([3, 3]), "within each item"),
        ("item_ids", ("a", "a"), "unique"),
        ("past", np.zeros((7, 2), np.float32), "Panel.past"),
        ("static", np.zeros((3, 1), np.float32), "Panel.static"),
        ("start", np.array(["2024-01-01", "2024-02-01"], "datetime64[D]"), "datetime64"),
    ],
)
def test_parts_that_do_not_fit_are_refused(field: str, value: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        replace(small(), **{field: value})


def test_before_wipes_target_and_past_from_the_wall_on_and_keeps_what_is_known() -> None:
    panel = small()
    cut = panel.before(np.array([1, 100]))
    assert cut.origin.tolist() == [1, 7]
    np.testing.assert_array_equal(cut.target, np.float32([1, np.nan, np.nan, np.nan, 10, np.nan, 30]))
    np.testing.assert_array_equal(cut.past[:, 0], np.float32([0, np.nan, np.nan, np.nan, 4, 5, 6]))
    np.testing.assert_array_equal(cut.known, panel.known)
    assert panel.history(0).tolist() == [1, 2, 3], "the panel it came from is untouched"


def test_before_never_uncovers_the_future() -> None:
    assert small().before(np.array([99, -5])).origin.tolist() == [3, 4]


def test_items_ended_whose_last_observed_row_lies_before_that_of_others() -> None:
    assert small().ended().tolist() == [True, False]
    assert small().select(np.array([0])).ended().tolist() == [False]
    assert small().select(np.array([], np.int64)).ended().tolist() == []


def test_discontinued_items_ended_more_than_a_week_of_days_before_the_last_row() -> None:
    panel = replace(small(), start=np.array(["2024-01-24", "2024-02-01"], "datetime64[us]"))
    assert panel.discontinued().tolist() == [True, False], "2024-01-26 and 2024-02-03 are eight days apart"
    later = replace(panel, start=panel.start + np.array([1, 0]).astype("timedelta64[D]"))
    assert later.discontinued().tolist() == [False, False]
    assert replace(panel, dated=False).discontinued().tolist() == [False, False]
    assert np.isnat(replace(panel, dated=False).last_seen()).all()
    assert panel.select(np.array([], np.int64)).discontinued().tolist() == []


def test_select_takes_whole_items_in_the_order_asked() -> None:
    panel = small().select(np.array([1, 0]))
    assert panel.item_ids == ("b", "a")
    assert panel.indptr.tolist() == [0, 3, 7]
    assert panel.origin.tolist() == [3, 6]
    assert panel.history(1).tolist() == [1, 2, 3]
    assert panel.static[:, 0].tolist() == [2, 1]
    assert panel.known[:3, 0].tolist() == [40, 50, 60]
    assert panel.start[0] == np.datetime64("2024-02-01")


def test_select_of_nothing_is_an_empty_panel() -> None:
    empty = small().select(np.array([], np.int64))
    assert len(empty) == 0
    assert len(empty.target) == 0


def test_from_arrays_names_and_numbers_what_it_is_given() -> None:
    panel = Panel.from_arrays([np.array([1.0, np.nan]), np.arange(3)])
    assert panel.item_ids == ("series_0", "series_1")
    assert panel.timestamps(1).astype(np.int64).tolist() == [0, 1, 2]
    assert panel.target.dtype == np.float32


def test_from_arrays_starts_months_at_their_first_or_last_day() -> None:
    for alias, last in (("MS", "2000-02-01"), ("ME", "2000-02-29"), ("D", "2000-01-04")):
        assert Panel.from_arrays([np.ones(2)], freq=alias).timestamps(0)[-1] == np.datetime64(last)


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ([], "1-D"),
        ([np.zeros((2, 2))], "1-D"),
        ([np.zeros(0)], "1-D"),
        ([np.array([1.0, np.inf])], "infinite"),
        ([np.array([1e39])], "infinite"),
    ],
)
def test_from_arrays_refuses_what_is_no_series(series: list[np.ndarray], said: str) -> None:
    with pytest.raises(DataError, match=said):
        Panel.from_arrays(series)


def test_from_arrays_refuses_an_unknown_frequency() -> None:
    with pytest.raises(ConfigError, match="fortnight"):
        Panel.from_arrays([np.ones(3)], freq="fortnight")


def test_from_arrays_refuses_a_start_that_is_no_timestamp() -> None:
    with pytest.raises(ConfigError, match="2012/01/01"):
        Panel.from_arrays([np.ones(3)], freq="D", start="2012/01/01")


def test_the_wall_clock_is_asked_of_zoned_hours_only() -> None:
    stamps = np.array(["2024-07-01T00:00"], "datetime64[us]")
    hours = replace(Panel.from_arrays([np.ones(3)], freq="h"), tz="Europe/Berlin")
    days = replace(Panel.from_arrays([np.ones(3)], freq="D"), tz="Europe/Berlin")
    assert hours.local(stamps)[0] == np.datetime64("2024-07-01T02:00")
    assert days.local(stamps)[0] == stamps[0]
    assert hours.instants(stamps)[0] == stamps[0]
    assert days.instants(stamps)[0] == np.datetime64("2024-06-30T22:00")
