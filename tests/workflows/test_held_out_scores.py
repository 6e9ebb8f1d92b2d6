"""Test scores under a time limit: on all windows, on as many as the time allows, and on a few in any case."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.errors import DataError
from tsattn.events import Listener
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.frame import Forecaster
from tsattn.model.card import UNCHANGED, read_card
from tsattn.workflows import held_out_scores
from tsattn.workflows.held_out_scores import FEWEST, beside_zero_shot, score_in_time, seconds_of_window
from tsattn.workflows.time_budget import TimeBudget
from tsattn.workspace import ModelRef

WINDOWS, HORIZON = 20, 7


@pytest.fixture
def panel() -> Panel:
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(300) * 2 * np.pi / 7)
    return Panel.from_arrays([10 + 5 * wave + rng.normal(0, 1, 300) for _ in range(12)], freq="D")


class Clock:
    """A clock that only scoring moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Slow(SeasonalNaive):
    """A method that takes `seconds` for each window, and after `fast` windows ten times as long."""

    name = "slow"

    def __init__(self, clock: Clock, seconds: float, fast: float = np.inf) -> None:
        super().__init__(7)
        self.clock, self.seconds, self.fast, self.done = clock, seconds, fast, 0

    def predict(self, batch):
        for _ in range(len(batch.item)):
            self.done += 1
            self.clock.now += self.seconds * (1 if self.done <= self.fast else 10)
        return super().predict(batch)


def scored(panel: Panel, limit: float | None, seconds: float = 0.0, fast: float = np.inf):
    """Return (scores, windows in all, seconds taken, methods made) of a method under a time limit."""
    clock, made = Clock(), []

    def models() -> list[Forecaster]:
        made.append(Slow(clock, seconds, fast))
        return [made[-1]]

    found, total = score_in_time(models, panel, HORIZON, WINDOWS, Listener(), TimeBudget(limit, clock=clock))
    return found, total, clock.now, made


def test_when_the_time_is_over_then_a_few_windows_of_many_series_are_scored(panel):
    found, total, _, _ = scored(panel, 0.0, 1.0)
    assert (found.windows, total) == (FEWEST, WINDOWS * 12)
    assert found.table()[0]["MASE"] > 0
    assert (found.by_item.count[0].reshape(12, -1).sum(1) > 0).sum() == 12


def test_when_there_is_time_or_no_limit_then_all_windows_are_scored_alike(panel):
    whole, total, _, _ = scored(panel, None)
    limited, same, _, _ = scored(panel, 1000.0, 0.1)
    assert whole.windows == limited.windows == total == same == WINDOWS * 12
    np.testing.assert_allclose(limited.by_step.pinball, whole.by_step.pinball, rtol=1e-9)  # other batches add up otherwise


def test_when_the_time_is_short_then_as_many_windows_as_it_allows_are_scored_within_it(panel):
    found, total, seconds, made = scored(panel, 100.0, 1.0)
    assert 3 * FEWEST < found.windows < total
    assert seconds <= 100.0
    assert len(made) == len({id(one) for one in made}) >= 2  # made anew: an ensemble must not know the earlier round


def test_when_a_round_takes_longer_than_expected_then_the_scores_of_the_one_before_are_kept(panel):
    found, _, seconds, made = scored(panel, 100.0, 1.0, fast=FEWEST)
    assert found.windows == FEWEST
    assert made[-1].done > FEWEST  # it began another round
    assert seconds > 100.0


def test_when_most_windows_hold_no_value_then_the_few_are_chosen_among_the_others(panel):
    target = panel.target.copy()
    target[np.arange(len(target)) % 300 >= 300 - HORIZON * (WINDOWS - 2)] = np.nan
    found, total, _, _ = scored(dataclasses.replace(panel, target=target), 0.0, 1.0)
    assert (found.windows, total) == (FEWEST, 24)
    with pytest.raises(DataError, match="can be scored"):
        scored(dataclasses.replace(panel, target=np.full_like(target, np.nan)), 0.0, 1.0)


def test_when_the_time_is_over_then_the_saved_model_is_still_compared_with_zero_shot(saved, shipped, monkeypatch):
    monkeypatch.setattr(held_out_scores, "FEWEST", 2)
    card = read_card(saved)
    rng = np.random.default_rng(0)
    hours = Panel.from_arrays([10 + rng.normal(0, 1, 400) for _ in range(3)], freq="h")
    plan = SimpleNamespace(windows=4, horizon=6, model=card.model)
    ask = (ModelRef("saved", 1, saved), card, hours, plan, Listener(), TimeBudget(0.0))
    (line,) = beside_zero_shot(*ask)
    assert "beside zero-shot + members on the same windows: MASE " in line
    assert line.endswith("(on 2 windows, for lack of time)")
    (few,) = beside_zero_shot(*ask, 1)
    assert few.endswith("(on 1 windows, for lack of time)")
    unchanged = dataclasses.replace(card, start=UNCHANGED)
    assert beside_zero_shot(ask[0], unchanged, *ask[2:]) == ()


def test_when_a_window_is_timed_then_it_is_by_the_zero_shot_ensemble_if_there_is_one(shipped, monkeypatch):
    hours = Panel.from_arrays([10 + np.random.default_rng(0).normal(0, 1, 400) for _ in range(3)], freq="h")
    assert 0 < seconds_of_window(hours, 6) < 60
    monkeypatch.setenv("TSATTN_ZERO_SHOT", "")
    assert seconds_of_window(hours, 6) == 0
