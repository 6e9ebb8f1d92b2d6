"""Groups of series that are read together: one cutoff, every other series of the group, no group split."""

from __future__ import annotations

import numpy as np

from tests import tiny
from tsattn.data.freq import Freq
from tsattn.data.groups import LATE, MOST, largest, whole_groups, with_companions
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, last_origins


def starting(offsets: tuple[int, ...], lengths: tuple[int, ...]) -> Panel:
    """Hourly items that begin `offsets` hours after midnight."""
    panel = tiny.waves(lengths)
    start = np.datetime64("2024-01-01", "us") + np.array(offsets) * np.timedelta64(1, "h")
    return Panel(**{**vars(panel), "start": start.astype("datetime64[us]")})


def test_when_windows_of_one_cutoff_are_given_then_they_form_a_group_and_nothing_is_added():
    panel = tiny.waves((100, 100, 100))
    origins, group = with_companions(panel, last_origins(panel))
    assert origins.row.tolist() == panel.origin.tolist()
    assert len(set(group.tolist())) == 1


def test_when_one_series_is_asked_for_then_the_others_are_cut_at_its_cutoff():
    panel = starting((0, 10, 0), (100, 100, 200))
    origins, group = with_companions(panel, Origins(np.array([0]), panel.indptr[:1] + 50))
    assert origins.item.tolist() == [0, 1, 2]
    assert (origins.row - panel.indptr[:-1]).tolist() == [50, 40, 50]
    assert len(set(group.tolist())) == 1


def test_when_a_series_has_not_begun_or_ended_long_ago_then_it_is_no_companion():
    panel = starting((0, 60, 0, 0), (200, 140, 40, 40 + LATE))
    early = with_companions(panel, Origins(np.array([0]), np.array([50])))[0]
    assert early.item.tolist() == [0, 2, 3]
    late = with_companions(panel, Origins(np.array([0]), np.array([41 + LATE])))[0]
    assert late.item.tolist() == [0, 1, 3]


def test_when_a_series_has_no_value_before_the_cutoff_then_it_is_no_companion():
    panel = tiny.waves((100, 100))
    target = panel.target.copy()
    target[100:160] = np.nan
    panel = Panel(**{**vars(panel), "target": target})
    at = Origins(np.array([0, 0]), np.array([60, 61]))
    origins, group = with_companions(panel, at)
    assert origins.item.tolist() == [0, 0, 1]
    assert group[2] == group[1] != group[0]


def test_when_a_series_has_its_steps_at_other_times_then_it_is_no_companion():
    panel = tiny.waves((100, 100))
    start = panel.start + np.array([0, 30]) * np.timedelta64(1, "m")
    panel = Panel(**{**vars(panel), "start": start})
    assert with_companions(panel, Origins(np.array([0]), np.array([50])))[0].item.tolist() == [0]


def test_when_there_are_many_series_then_they_form_several_groups_in_their_order():
    panel = Panel.from_arrays([np.arange(20.0)] * (MOST + 3), freq="h")
    _, group = with_companions(panel, last_origins(panel))
    assert len(set(group[:MOST].tolist())) == len(set(group[MOST:].tolist())) == 1
    assert group[0] != group[-1]
    assert with_companions(panel, Origins(np.array([MOST]), panel.origin[[MOST]]))[0].item.tolist() == [MOST, MOST + 1, MOST + 2]


def test_when_months_have_other_lengths_then_cutoffs_still_agree():
    panel = Panel.from_arrays([np.arange(40.0), np.arange(40.0)], freq="ME")
    assert panel.freq == Freq.parse("ME")
    origins, _ = with_companions(panel, Origins(np.array([1]), np.array([40 + 25])))
    assert origins.row.tolist() == [65, 25]


def test_when_windows_are_taken_by_whole_groups_then_none_is_split_or_lost():
    group = np.array([5, 2, 5, 7, 2, 5, 7, 1])
    parts = list(whole_groups(group, 4))
    assert [part.tolist() for part in parts] == [[0, 2, 5], [1, 4, 3, 6], [7]]
    assert [part.tolist() for part in whole_groups(group, 1)] == [[0, 2, 5], [1, 4], [3, 6], [7]]
    assert [part.tolist() for part in whole_groups(group, 99)] == [[0, 2, 5, 1, 4, 3, 6, 7]]
    assert not list(whole_groups(group[:0], 4))


def test_when_the_largest_value_of_a_group_is_asked_for_then_each_window_gets_it():
    assert largest(np.array([3, 9, 4, 1]), np.array([8, 2, 8, 2])).tolist() == [4, 9, 4, 9]
