from __future__ import annotations

import pytest

from tsattn.workflows.time_budget import ENSEMBLES, FEWEST, FEWEST_BESIDE, TimeBudget


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_when_a_limit_is_given_then_training_gets_most_of_it_and_scoring_and_saving_the_rest():
    clock = Clock()
    budget = TimeBudget(60.0, clock=clock)
    assert budget.training() == pytest.approx(42.0)
    clock.now += 6  # reading the data
    assert budget.training() == pytest.approx(36.0)
    clock.now += 30
    assert budget.training() == pytest.approx(30.0)  # never less than half
    assert not budget.over
    clock.now += 24
    assert budget.over


def test_when_scoring_is_slow_then_training_ends_early_enough_for_it():
    clock = Clock()
    budget = TimeBudget(240.0, clock=clock)
    clock.now += 10
    assert budget.training(0.1) == pytest.approx(158.0)  # nothing changes: 8 s of scoring fit in
    assert budget.training(1.5) == pytest.approx(240 - 10 - ENSEMBLES * FEWEST * 1.5)
    assert budget.training(60.0) == pytest.approx(60.0)  # but never less than a quarter


def test_when_little_time_is_left_then_zero_shot_is_scored_on_fewer_windows():
    clock = Clock()
    budget = TimeBudget(240.0, clock=clock)
    clock.now += 230
    assert budget.fewest_beside(0.1) == FEWEST
    assert budget.fewest_beside(1.0) == 10
    assert budget.fewest_beside(5.0) == FEWEST_BESIDE
    assert TimeBudget(None, clock=clock).fewest_beside(5.0) == FEWEST


def test_when_a_run_is_resumed_then_its_limit_counts_on_top_of_the_time_it_took_before():
    assert TimeBudget(10.0, spent=50.0, clock=Clock()).training() == pytest.approx(57.0)


def test_when_there_is_no_limit_then_time_is_never_over():
    budget = TimeBudget(None, clock=Clock())
    assert budget.training() is None
    assert not budget.over
