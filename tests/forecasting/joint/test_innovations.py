"""One-step errors of an autoregression: what a series' own past does not tell."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.joint.innovations import innovations, lags_of


def walk(rho: float, steps: int = 600, seed: int = 0) -> np.ndarray:
    rng, out = np.random.default_rng(seed), np.zeros(steps)
    for t in range(1, steps):
        out[t] = rho * out[t - 1] + rng.normal()
    return out


def test_when_a_series_is_an_autoregression_then_its_innovations_are_white_and_its_response_decays_alike():
    made = innovations(walk(0.8)[None] * 5 + 100, ())
    e = made.values[0, made.known[0]]
    assert abs(np.corrcoef(e[1:], e[:-1])[0, 1]) < 0.1
    assert abs(made.scale[0] - 5) < 0.5
    np.testing.assert_allclose(made.responses(4)[0], 0.8 ** np.arange(4), atol=0.15)


def test_when_it_is_rolled_out_then_it_goes_back_to_the_mean():
    made = innovations(walk(0.8)[None] * 5 + 100, ())
    rolled = made.continued(0, np.array([600]), 60)
    assert rolled.shape == (1, 60)
    assert abs(rolled[0, -1] - 100) < 3


def test_when_values_are_missing_then_their_innovations_are_zero_and_unknown():
    history = walk(0.5)[None]
    history[0, 300:310] = np.nan
    made = innovations(history, ())
    assert not made.known[0, 300:310].any()
    assert (made.values[0, 300:310] == 0).all()


def test_when_a_stop_is_given_then_the_weights_are_those_of_the_steps_before_it():
    history = walk(0.5)[None]
    history[0, 500:] = history[0, :100]
    whole, early = innovations(history, ()), innovations(history, (), 500)
    assert (whole.weights != early.weights).any()
    loud = history.copy()
    loud[0, 500:] = loud[0, 599:499:-1]  # the same values in another order, so that mean and size stay
    np.testing.assert_allclose(innovations(loud, (), 500).weights, early.weights, rtol=1e-9)


def test_when_a_season_repeats_then_its_phases_are_not_innovations():
    t = np.arange(800)
    spiky = np.where(t % 24 == 7, 20.0, 0.0) + np.random.default_rng(0).normal(0, 1, 800)
    made = innovations(spiky[None], (24,))
    assert abs(made.values[0, (t % 24 == 7) & made.known[0]].mean()) < 0.5


def test_when_a_history_is_short_then_few_lags_are_read_and_a_constant_is_left_out():
    assert lags_of(60, (7,)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert lags_of(24, (24,)).tolist() == [1, 2]
    noise = np.random.default_rng(0).normal(size=100)
    made = innovations(np.stack([np.ones(100), np.full(100, np.nan), noise]), ())
    assert made.able.tolist() == [False, False, True]
