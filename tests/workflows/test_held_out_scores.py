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
from tsattn.forecasting.forecast_memory import ForecastMemory
from tsattn.model.card import UNCHANGED, read_card
from tsattn.workflows import held_out_scores
from tsattn.workflows.held_out_scores import (
    FEWEST,
    beside_zero_shot,
    saved_model,
    score_in_time,
    score_tail,
    seconds_of_window,
)
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
    """Return (scores, windows in all, seconds taken, windows forecast) of a method under a time limit."""
    clock = Clock()
    slow = Slow(clock, seconds, fast)
    own = ForecastMemory(slow)
    found, total = score_in_time(lambda: [own], panel, HORIZON, WINDOWS, Listener(), TimeBudget(limit, clock=clock))
    return found, total, clock.now, slow.done


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
    found, total, seconds, done = scored(panel, 100.0, 1.0)
    assert 5 * FEWEST < found.windows < total
    assert seconds <= 100.0
    assert done == found.windows  # no window is forecast again in a later round


def test_when_a_round_takes_longer_than_expected_then_the_scores_of_the_one_before_are_kept(panel):
    found, _, seconds, done = scored(panel, 100.0, 1.0, fast=FEWEST)
    assert found.windows == FEWEST
    assert done > FEWEST  # it began another round
    assert seconds > 100.0


def test_when_most_windows_hold_no_value_then_the_few_are_chosen_among_the_others(panel):
    target = panel.target.copy()
    target[np.arange(len(target)) % 300 >= 300 - HORIZON * (WINDOWS - 2)] = np.nan
    found, total, _, _ = scored(dataclasses.replace(panel, target=target), 0.0, 1.0)
    assert (found.windows, total) == (FEWEST, 24)
    with pytest.raises(DataError, match="can be scored"):
        scored(dataclasses.replace(panel, target=np.full_like(target, np.nan)), 0.0, 1.0)


@pytest.fixture
def hours() -> Panel:
    rng = np.random.default_rng(0)
    return Panel.from_arrays([10 + rng.normal(0, 1, 400) for _ in range(3)], freq="h")


def asked(saved, panel: Panel, limit: float | None, windows: int = 4):
    """Return a saved model with a memory, and the other arguments of `score_tail`, and of `beside_zero_shot` after the card."""
    made = SimpleNamespace(windows=windows, horizon=6, model=read_card(saved).model, test_start=panel.origin - 6 * windows)
    own = saved_model(ModelRef("saved", 1, saved), panel, 6)
    return own, (panel, made, Listener(), TimeBudget(limit))


def test_when_the_time_is_over_then_the_saved_model_is_still_compared_with_zero_shot(saved, shipped, hours, monkeypatch):
    monkeypatch.setattr(held_out_scores, "FEWEST", 2)
    own, about = asked(saved, hours, 0.0)
    card = read_card(saved)
    ((line, _),) = beside_zero_shot(lambda: own, card, *about)
    assert "beside zero-shot + members on the same windows: MASE " in line
    assert line.endswith("(on 2 windows, for lack of time)")
    own, _ = asked(saved, hours, 0.0)
    ((few, _),) = beside_zero_shot(lambda: own, card, *about, 1)
    assert few.endswith("(on 1 window, for lack of time)")
    unchanged = dataclasses.replace(card, start=UNCHANGED)
    assert beside_zero_shot(lambda: own, unchanged, *about) == ()


@pytest.mark.parametrize("limit", [None, 0.0])
def test_when_the_saved_model_is_compared_with_zero_shot_then_its_test_windows_are_not_forecast_again(
    saved, shipped, hours, limit
):
    own, about = asked(saved, hours, limit)
    windows = []
    predict = own.forecaster.predict
    own.forecaster.predict = lambda batch: windows.extend(zip(batch.item, batch.origin, strict=True)) or predict(batch)
    scores, _ = score_tail(lambda: own, *about)
    assert len(windows) == len(set(windows)) == scores.windows
    assert scores.seconds[scores.models[0]] == own.seconds
    ((line, _),) = beside_zero_shot(lambda: own, read_card(saved), *about)
    assert " beside zero-shot + members" in line
    assert len(windows) == scores.windows


def test_when_only_some_windows_were_scored_then_zero_shot_is_compared_on_these(saved, shipped, hours, monkeypatch):
    monkeypatch.setattr(held_out_scores, "FEWEST", 5)
    own, about = asked(saved, hours, 0.0, windows=20)
    assert score_tail(lambda: own, *about)[0].windows == 5
    done = own.seconds
    ((line, _),) = beside_zero_shot(lambda: own, read_card(saved), *about)
    assert own.seconds == done
    assert line.endswith("(on 5 windows, for lack of time)")


def test_when_a_window_is_timed_then_it_is_by_the_zero_shot_ensemble_if_there_is_one(shipped, monkeypatch):
    hours = Panel.from_arrays([10 + np.random.default_rng(0).normal(0, 1, 400) for _ in range(3)], freq="h")
    assert 0 < seconds_of_window(hours, 6) < 60
    monkeypatch.setenv("TSATTN_ZERO_SHOT", "")
    assert seconds_of_window(hours, 6) == 0
