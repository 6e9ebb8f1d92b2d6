"""Tail probabilities: two directions that agree, calibrated on past errors, and robust to anomalies among them."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.tail_probability import START, Tail, phase_errors, tail_of


@pytest.mark.parametrize("probability", [0.5, 0.2, 0.1, 0.05, 0.01, 1e-6])
def test_when_a_distance_is_asked_for_a_probability_then_it_has_that_probability(probability):
    tail = Tail(np.array([1.2, 1.645, 3.0]), np.array([0.3, 0.4, 1.5]), np.array([0.0, 0.2, 0.5]))
    np.testing.assert_allclose(tail.probability(tail.distance(probability)), probability, rtol=1e-4)


def test_when_the_distance_grows_then_the_probability_falls():
    tail = Tail.normal(400)
    found = tail.probability(np.linspace(0, 8, 400))
    assert (np.diff(found) < 0).all()
    assert found[0] == pytest.approx(1.0, abs=1e-4)


def test_when_errors_are_normal_then_one_in_a_hundred_is_beyond_the_99_percent_distance():
    rng = np.random.default_rng(0)
    start, excess, shape = tail_of(np.abs(rng.normal(0, 1, 2000)))
    bound = Tail(np.array([start]), np.array([excess]), np.array([shape])).distance(0.01)[0]
    assert 0.005 < (np.abs(rng.normal(0, 1, 20_000)) > bound).mean() < 0.015


def test_when_forecasts_were_twice_too_sure_then_the_tail_starts_twice_as_far_out():
    rng = np.random.default_rng(0)
    start, *_ = tail_of(np.abs(rng.normal(0, 2, 2000)))
    assert start == pytest.approx(2 * START, rel=0.1)


def test_when_a_few_past_errors_are_anomalies_then_the_tail_hardly_moves():
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 1, 500)
    clean = bound(errors)
    for places in ([40, 200, 300, 450], range(100, 130)):  # single ones, and a long run
        odd = errors.copy()
        odd[places] = 1000.0
        assert bound(odd, odd == 1000.0) < 1.5 * clean


def test_when_far_errors_are_common_then_they_are_usual_and_the_tail_reaches_them():
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 1, 600)
    for first in range(0, 600, 50):
        errors[first : first + 3] = -8.0
    assert bound(errors, errors == -8.0) > 6


def test_when_errors_have_heavy_tails_then_as_many_are_beyond_a_distance_as_it_says():
    rng = np.random.default_rng(0)
    tail = Tail(*(np.array([v]) for v in tail_of(rng.standard_t(3, 3000))))
    new = np.abs(rng.standard_t(3, 100_000))
    for probability in (0.05, 0.01):
        assert 0.5 < (new > tail.distance(probability)[0]).mean() / probability < 2


def bound(errors: np.ndarray, unusual: np.ndarray | None = None) -> float:
    """The 99 % distance of a tail fitted to errors."""
    return float(Tail(*(np.array([v]) for v in tail_of(errors, unusual))).distance(0.01)[0])


def test_when_no_error_is_known_then_the_tail_is_the_normal_distributions():
    assert tail_of(np.zeros(0))[0] == START
    assert tail_of(np.zeros(50))[0] > 0


def test_when_one_phase_errs_in_one_direction_then_its_bias_is_most_of_that_and_others_have_none():
    rng = np.random.default_rng(0)
    every = rng.normal(0, 1, 480)
    past = np.stack([rng.normal(3, 1, 25), rng.normal(0, 1, 25), np.full(25, np.nan)])
    bias, scale = phase_errors(past, every)
    assert 1.5 < bias[0] < 3
    assert abs(bias[1]) < 0.6
    assert (bias[2], scale[2]) == (0, 1)


def test_when_few_errors_are_known_then_the_tail_is_as_wide_as_its_prior_and_longer_than_a_normal_one():
    narrow, wide = (Tail(*(np.array([v]) for v in tail_of(np.zeros(0), width=width))) for width in (1.0, 2.0))
    assert wide.distance(0.1)[0] == pytest.approx(2 * narrow.distance(0.1)[0])
    assert narrow.distance(0.001)[0] > 1.2 * 3.29
