from __future__ import annotations

import pytest

from tsattn.workflows.time_budget import TimeBudget


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


def test_when_a_run_is_resumed_then_its_limit_counts_on_top_of_the_time_it_took_before():
    assert TimeBudget(10.0, spent=50.0, clock=Clock()).training() == pytest.approx(57.0)


def test_when_there_is_no_limit_then_time_is_never_over():
    budget = TimeBudget(None, clock=Clock())
    assert budget.training() is None
    assert not budget.over
