"""Ranks of the candidates of a training run, and how sure a gain over zero-shot is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tsattn.config import TrainConfig
from tsattn.data.panel import Panel
from tsattn.data.windows import rolling_origins
from tsattn.forecasting.ensemble.ensemble import DEFAULT
from tsattn.workflows.candidates import AS_IS, TUNED, USUAL, Entry, Judged, _Contest, _Scored
from tsattn.workflows.validation_windows import ValidationWindows


def test_when_trained_and_unchanged_network_are_equally_good_then_the_unchanged_one_ranks_first():
    def judged(name, loss):
        return Judged(name, (), 0.668, loss)

    as_is, tuned = judged(AS_IS, 0.5691), judged(TUNED, 0.5689)
    assert min((tuned, as_is), key=lambda one: one.rank) is as_is
    better = judged(TUNED, 0.55)
    assert min((better, as_is), key=lambda one: one.rank) is better


@pytest.mark.parametrize(("average", "alone", "kept"), [(0.500, 0.5, "average"), (0.501, 0.5, "average"), (0.505, 0.5, "alone")])
def test_when_a_network_alone_is_hardly_better_then_its_average_with_zero_shot_ranks_first(average, alone, kept):
    found = {
        "average": Judged(TUNED, (), 0.7, average, zero_shot=0.25),
        "alone": Judged(TUNED, (), 0.7, alone),
    }
    assert min(found, key=lambda name: found[name].rank) == kept


def test_when_an_average_is_no_better_than_zero_shot_then_zero_shot_ranks_first():
    average = Judged(TUNED, (), 0.7, 0.499, zero_shot=0.5)
    as_is = Judged(AS_IS, ("ridge",), 0.7, 0.5)
    assert as_is.rank < average.rank


def test_when_a_gain_over_the_usual_choice_may_be_chance_then_the_usual_choice_ranks_first():
    usual = Judged(TUNED, (), 0.7, 0.5, zero_shot=USUAL)
    for other in (Judged(TUNED, (), 0.7, 0.49, zero_shot=0.5), Judged(AS_IS, ("ridge",), 0.7, 0.49)):
        assert other.rank < usual.rank < replace(other, doubt=0.02).rank


@pytest.mark.parametrize("leads", [False, True])
def test_when_losses_are_compared_then_the_usual_choice_has_no_doubt_and_others_have_that_of_the_difference(leads):
    panel = Panel.from_arrays([np.arange(200.0)] * 30, freq="h")
    windows = ValidationWindows(panel, rolling_origins(panel, 4, 2), 4)
    windows.truth[:] = 0
    contest = _Contest(windows, {}, known=False)
    rng = np.random.default_rng(0)
    made = {
        setup: np.abs(rng.normal(1, 0.5, (60, 1, 1))) * np.ones((60, 4, 9))
        for setup in ((AS_IS, 0.0), (TUNED, USUAL), (TUNED, 0.0))
    }
    for (name, share), values in made.items():
        judged = Judged(name, DEFAULT if name == AS_IS else (), *windows.score(values), zero_shot=share, leads=leads)
        contest.scored.append(_Scored(judged, Entry(name, None, None, None, judged.members, share, leads), values))
    found = {(judged.name, judged.zero_shot): judged.doubt for judged, _ in contest.ranked()}
    assert found.pop((TUNED, USUAL)) == 0
    for setup, doubt in found.items():
        assert 0 < doubt == pytest.approx(windows.standard_error(made[setup], made[TUNED, USUAL]))


@pytest.mark.parametrize(("steps", "stopped", "usual"), [(9, "time", AS_IS), (9, "early", TUNED), (35, "time", TUNED)])
def test_when_time_was_too_short_to_fine_tune_then_zero_shot_is_the_usual_choice(steps, stopped, usual):
    panel = Panel.from_arrays([np.arange(200.0)] * 30, freq="h")
    windows = ValidationWindows(panel, rolling_origins(panel, 4, 2), 4)
    fitted = SimpleNamespace(steps=steps, stopped=stopped)
    tuned = Entry(TUNED, None, TrainConfig(steps=345), fitted)
    contest = _Contest(windows, {TUNED: tuned}, known=False)
    for name, members, share in ((TUNED, (), USUAL), (AS_IS, DEFAULT, 0.0)):
        entry = Entry(name, None, None, None, members, share)
        contest.scored.append(_Scored(Judged(name, members, 0.7, 0.5, zero_shot=share), entry, np.ones((60, 4, 9))))
    assert contest._usual().entry.name == usual


def test_when_the_network_of_zero_shot_scores_better_than_its_ensemble_then_the_ensemble_stands_for_zero_shot():
    panel = Panel.from_arrays([np.arange(200.0)] * 30, freq="h")
    windows = ValidationWindows(panel, rolling_origins(panel, 4, 2), 4)
    windows.truth[:] = 0
    contest = _Contest(windows, {}, known=False)

    def add(members, level):
        values = np.full((60, 4, 9), level)
        judged = Judged(AS_IS, members, *windows.score(values))
        contest.scored.append(_Scored(judged, Entry(AS_IS, None, None, None, members), values))

    add((), 1.0)
    assert contest.ranked()[0][0].members == ()
    add(DEFAULT, 2.0)
    assert contest.ranked()[0][0].members == DEFAULT
