"""Coarser steps of a frequency."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.corpus.steps import POINTS, coarser, times, usual_steps
from tsattn.data.freq import Freq


@pytest.mark.parametrize(
    ("alias", "k", "coarse", "season"),
    [("h", 24, "D", 7), ("D", 7, "W", 52), ("MS", 3, "QS", 4), ("D", 30, "MS", 12), ("15min", 4, "h", 24), ("B", 5, "W", 52)],
)
def test_when_steps_are_aggregated_then_the_usual_frequencies_and_their_seasons_come_out(alias, k, coarse, season):
    found = dict(usual_steps(Freq.parse(alias)))
    assert str(found[k]) == coarse
    assert found[k].season_length == season


def test_when_a_step_follows_no_calendar_then_its_season_is_divided_along():
    assert times(Freq.parse("h"), 4).season_lengths == (6, 42)
    assert times(Freq.parse("h"), 5).season_lengths == ()


def test_when_a_series_is_short_then_it_keeps_enough_points():
    rng = np.random.default_rng(0)
    for length in (30, 79, 100, 1000, 50_000):
        for _ in range(50):
            k, _ = coarser(Freq.parse("h"), length, rng)
            assert k == 1 or length // k >= POINTS


def test_when_hours_are_averaged_then_days_weeks_and_months_come_twice_as_often_as_other_usual_steps():
    rng = np.random.default_rng(0)
    drawn = [str(coarser(Freq.parse("h"), 100_000, rng)[1]) for _ in range(4000)]
    for often, rarely in (("D", "2h"), ("W", "3h"), ("MS", "6h")):
        # 2h, 3h and 6h are also drawn as uncommon steps, whose k is 2 … 24
        assert drawn.count(often) > 1.3 * drawn.count(rarely)
