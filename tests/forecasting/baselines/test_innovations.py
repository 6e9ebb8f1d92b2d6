"""The bank of models: plain recursions as a reference for its filters."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.baselines import innovations
from tsattn.forecasting.baselines.innovations import bank, solved

MODELS = innovations._models(4)


def simulated(model: innovations._Model, shocks: np.ndarray, season: int) -> np.ndarray:
    """The series of zero initial states that shocks make, by the recursions of the textbook."""
    level = slope = memory = growth = 0.0
    phases, out = np.zeros(season), []
    beta, damping = model.trend or (0.0, 0.0)
    gamma = model.season.gamma * (1 - model.alpha) if model.season else 0.0
    for t, shock in enumerate(shocks):
        if model.rho is not None:
            growth = model.rho * growth + shock
            memory = memory + growth if model.difference else growth
            out.append(memory)
            continue
        out.append(level + damping * slope + phases[t % season] + shock)
        level += damping * slope + model.alpha * shock
        slope = damping * slope + model.alpha * beta * shock
        phases[t % season] += gamma * shock
    return np.array(out)


@pytest.mark.parametrize("seasonal", [False, True])
def test_when_shocks_drive_a_model_then_its_filter_gives_the_series_of_the_recursions(seasonal):
    models = [model for model in MODELS if (model.season is not None) == seasonal]
    own, shocks = bank(4, seasonal, 64), np.random.default_rng(0).normal(size=30)
    for g, model in enumerate(models):
        np.testing.assert_allclose(np.convolve(own.psi[g], shocks)[:30], simulated(model, shocks, 4), atol=1e-9)


def test_when_a_series_is_filtered_back_then_its_shocks_are_found():
    for seasonal in (False, True):
        own, shocks = bank(4, seasonal, 128), np.random.default_rng(1).normal(size=100)
        for psi, inverse in zip(own.psi, own.inverse, strict=True):
            series = np.convolve(psi, shocks)[:100]
            np.testing.assert_allclose(np.convolve(inverse, series)[:100], shocks, atol=1e-6)


def test_the_variance_of_a_random_walk_grows_with_the_steps_and_the_doubt_of_its_drift():
    own, parts = bank(1, False, 64), solved(1, False, 64, 20, 10)
    walk = next(g for g, model in enumerate(innovations._models(1)) if (model.alpha, model.trend, model.rho) == (1.0, None, None))
    np.testing.assert_allclose(parts.variance[walk], np.arange(1, 11))
    drift = next(
        g for g, model in enumerate(innovations._models(1)) if (model.alpha, model.trend, model.rho) == (1.0, (0.0, 1.0), None)
    )
    steps = np.arange(1, 11)
    np.testing.assert_allclose(parts.variance[drift], steps + steps**2 / (19 + 1 / innovations.SLOPE**2))
    assert own.walk[walk]
    assert own.walk[drift]


def test_prior_probabilities_add_up_to_one():
    total = sum(np.exp(bank(12, seasonal, 64).log_prior).sum() for seasonal in (False, True))
    assert total == pytest.approx(1.0)
