"""What is expected of the members before any origin is looked at."""

from __future__ import annotations

import numpy as np

from tests.forecasting.ensemble.test_ensemble import batch_of
from tsattn.forecasting.baselines import member
from tsattn.forecasting.baselines.garch import Garch
from tsattn.forecasting.ensemble.prior_weights import prior_of

QUANTILES = (0.1, 0.5, 0.9)


def members(*names: str):
    return [member(name, None, QUANTILES) for name in names]


def seasonal(length: int) -> np.ndarray:
    t = np.arange(length)
    return 50 + 0.2 * t + 8 * np.sin(2 * np.pi * t / 12) + np.random.default_rng(length).normal(size=length)


def test_on_a_short_series_the_state_space_models_are_expected_to_be_best():
    prior = prior_of(members("naive", "state-space"), batch_of(seasonal(40), horizon=12, freq="MS"), 0.02)
    assert prior.weights[:, 0].argmax() == 2
    assert 0.1 < prior.weights[0, 0] < 0.2
    assert prior.weights[1, 0] == 0.02


def test_on_a_long_series_the_network_is_and_evidence_may_overrule_it():
    prior = prior_of(members("naive", "state-space"), batch_of(seasonal(3000), horizon=12, freq="MS"), 0.02)
    assert prior.weights[:, 0].argmax() == 0
    assert prior.lasting[0] < 0.05


def test_on_a_random_walk_of_any_length_the_state_space_models_are_and_the_prior_lasts():
    walk = 100 + np.random.default_rng(0).normal(size=1500).cumsum()
    prior = prior_of(members("state-space"), batch_of(walk, horizon=20, freq="B"), 0.02)
    assert prior.weights[1, 0] > 2 * prior.weights[0, 0]
    assert prior.lasting[0] > 0.6


def test_on_a_short_series_that_is_mostly_zero_the_network_is():
    counts = np.random.default_rng(0).poisson(0.4, 48).astype(float)
    prior = prior_of(members("state-space"), batch_of(counts, horizon=12, freq="MS"), 0.02)
    assert prior.weights[0, 0] > 5 * prior.weights[1, 0]
    assert prior.lasting[0] < 0.3


def test_without_them_the_network_is_expected_to_be_best():
    prior = prior_of(members("naive", "holt"), batch_of(seasonal(40), horizon=12, freq="MS"), 0.02)
    np.testing.assert_array_equal(prior.weights[:, 0], [1, 0.02, 0.02])
    np.testing.assert_array_equal(prior.lasting, [0])


def clustered(length: int) -> np.ndarray:
    """Random walk whose volatility is four times as large in every second month."""
    size = np.where(np.arange(length) // 30 % 2, 4.0, 1.0)
    return 500 + (size * np.random.default_rng(0).normal(size=length)).cumsum()


def test_on_a_random_walk_whose_volatility_clusters_the_garch_models_are_and_the_prior_lasts():
    prior = prior_of(members("naive", "state-space", "garch"), batch_of(clustered(900), horizon=20, freq="B"), 0.02)
    network, naive, smooth, garch = prior.weights[:, 0]
    assert garch > 4 * max(network, naive, smooth)
    assert prior.lasting[0] > 0.9


def test_where_volatility_does_not_cluster_the_garch_models_change_no_weight():
    rng = np.random.default_rng(1)
    batch = batch_of(500 + rng.normal(size=900).cumsum(), seasonal(900), horizon=20, freq="B")
    without, with_them = (prior_of(members(*names), batch, 0.02) for names in (("state-space",), ("state-space", "garch")))
    np.testing.assert_array_equal(with_them.weights[:2], without.weights)
    np.testing.assert_array_equal(with_them.weights[2], [0.02, 0.02])
    np.testing.assert_array_equal(with_them.lasting, without.lasting)


def test_on_clustered_walks_with_a_long_season_the_garch_models_are_best_too():
    prior = prior_of(members("state-space", "garch"), batch_of(clustered(900), horizon=24, freq="h"), 0.02)
    assert prior.weights[:, 0].argmax() == 2


def test_where_clusters_are_half_certain_the_garch_models_take_their_weight_from_the_state_space_models(monkeypatch):
    monkeypatch.setattr(Garch, "support", lambda self, batch: np.full(len(batch), 0.5))
    walk = batch_of(500 + np.random.default_rng(2).normal(size=900).cumsum(), horizon=20, freq="B")
    before = prior_of(members("state-space"), walk, 0.02).weights[:, 0]
    network, smooth, garch = prior_of(members("state-space", "garch"), walk, 0.02).weights[:, 0]
    assert network <= before[0]
    assert smooth + garch > before[1]
