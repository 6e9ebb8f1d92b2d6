"""The form of effects: each series' own where its history shows it, the pool's where it does not."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.batch_effects import Covariates, estimated
from tsattn.forecasting.ensemble.holdout import Pools


def forms(days: int, noise: tuple[float, float]) -> list[bool]:
    """True for each of three series whose effects multiply: promotions add 30 to the first, and multiply the others by 1.8.

    noise: standard deviations, of the first series, and of the logarithms of the others.
    """
    rng, t = np.random.default_rng(0), np.arange(days)
    week, promo, error = (
        100 + 50 * np.sin(2 * np.pi * t / 7),
        (rng.random((3, days)) < 0.3).astype(float),
        rng.normal(size=(3, days)),
    )
    past = week * 1.8**promo * np.exp(noise[1] * error)
    past[0] = week + 30 * promo[0] + noise[0] * error[0]
    known, rows = np.pad(promo, ((0, 0), (0, 1)))[..., None], np.arange(3)
    effects, _ = estimated(
        past, Covariates.of(known), np.zeros_like(rows), np.zeros((len(rows), 1), np.int64), Pools(((rows, rows),)), (7,)
    )
    return effects.factor.tolist()


def test_when_long_histories_of_other_series_show_factors_then_a_series_with_clear_amounts_keeps_them():
    assert forms(1400, (8.0, 0.05)) == [False, True, True]


def test_when_a_history_is_too_short_to_show_its_form_then_that_of_the_pool_is_taken():
    assert forms(40, (30.0, 0.05)) == [True, True, True]
