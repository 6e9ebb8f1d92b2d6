"""Rare values: their tail is as long as the past says, and longer where the past says little."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.forecasting.anomalies import Scores, score_rows
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.rare_values import RareTail, rare_tails, usual_of


def demand(rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.poisson(0.2, rows) * (1 + rng.poisson(2, rows))).astype(float)


def tail_after(past: np.ndarray, reach: float = 0.5, before: np.ndarray | None = None) -> RareTail:
    usual = usual_of(past)
    assert usual is not None
    share, size, count = rare_tails(usual, np.full(len(past), np.nan) if before is None else before, np.array([reach]))
    return RareTail(share, size, count, np.array([usual.value]))


def scored(*series: np.ndarray) -> Scores:
    return score_rows(baseline("seasonal-mean"), Panel.from_arrays(list(series), freq="D", start="2024-01-01"))[0]


def test_when_demand_is_rare_then_about_as_many_rows_are_alarms_as_the_level_says():
    found = scored(*(demand(400, seed) for seed in range(12)))
    assert (found.p < 0.01).mean() < 0.012
    assert (found.p < 0.001).mean() < 0.0012
    low, high = found.interval(0.999)
    assert ((found.score(0.999) > 1) == ((found.value < low) | (found.value > high))).all()


def test_when_an_order_is_many_times_the_largest_before_then_it_is_found():
    y = demand(400)
    y[350] = 60
    found = scored(y)
    assert found.row[found.p < 0.001].tolist() == [350]


def test_when_a_value_was_seen_several_times_then_it_is_at_least_as_likely_as_that():
    past = demand(500)
    largest = np.sort(past)[-3]
    assert tail_after(past).probability(np.array([largest]))[0] >= 0.99 * 3 / 501


@pytest.mark.parametrize("probability", [0.1, 0.01, 1e-4])
def test_when_an_interval_is_asked_for_then_its_bounds_have_that_probability(probability):
    tail = tail_after(demand(300))
    low, high = tail.interval(probability)
    np.testing.assert_allclose(tail.probability(high), probability)
    assert low[0] == -high[0]


def test_when_only_one_value_was_seen_then_another_is_less_likely_the_longer_that_has_been_so():
    early, late = (float(tail_after(np.zeros(n)).probability(np.array([1e-3]))[0]) for n in (30, 300))
    assert late < 1e-3 < early < 1e-2


def test_when_two_nights_of_many_were_not_zero_then_a_third_is_compared_with_nights_and_found():
    nights = np.arange(1000) % 2 == 0
    past = np.where(nights, 0.0, np.where(np.arange(1000) % 4 == 1, 50.0, 0.0))
    past[[200, 400]] = 40.0
    before = np.where(nights, 0.1, 60.0)
    at_night, by_day = (tail_after(past, reach, before).probability(np.array([40.0]))[0] for reach in (0.1, 60.0))
    assert at_night < 0.001
    assert by_day > 0.05


def test_when_most_values_differ_or_none_is_known_then_there_is_no_usual_value():
    assert usual_of(np.arange(9.0)) is None
    assert usual_of(np.full(9, np.nan)) is None
    assert usual_of(np.array([np.nan, 2.0, 2.0, 5.0])).value == 2.0
