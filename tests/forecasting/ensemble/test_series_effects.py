"""Effects of covariates on one series: what the season has already is not estimated again."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.series_effects import SHARING, estimate, estimate_all, slopes_of


def test_when_a_covariate_falls_on_the_same_week_of_each_year_then_its_effect_is_not_left_to_the_season():
    """A flag for the week after Christmas, beside holidays whose number differs from year to year."""
    rng, weeks = np.random.default_rng(0), 207
    flag, holidays = np.zeros(weeks), (rng.random(weeks) < 0.12).astype(float)
    flag[4::52], holidays[4::52] = 1, [1, 2, 3, 3]
    values = 40 * np.exp(-0.2 * holidays - 0.22 * flag + 0.05 * rng.normal(size=weeks))
    beta, variance = slopes_of(estimate(np.log(values), np.stack([holidays, flag], 1), (52,)), np.ones(2, bool))
    assert abs(beta[0] + 0.2) < 3 * np.sqrt(variance[0]) < 0.1
    assert abs(beta[1] + 0.22) < 3 * np.sqrt(variance[1]) < 0.15


def test_when_a_covariate_follows_the_season_but_not_exactly_then_its_effect_is_found():
    """A temperature of which the hour of the day explains most."""
    rng, hours = np.random.default_rng(1), 24 * 60
    temperature = 15 + 8 * np.sin(2 * np.pi * np.arange(hours) / 24) + 2 * rng.normal(size=hours)
    values = 100 + 3 * temperature + 5 * rng.normal(size=hours)
    beta, variance = slopes_of(estimate(values, temperature[:, None], (24,)), np.ones(1, bool))
    assert abs(beta[0] - 3) < 3 * np.sqrt(variance[0]) < 0.6


def test_when_no_covariate_varies_then_many_series_have_no_effect():
    values = np.random.default_rng(0).normal(size=(SHARING, 100))
    assert all(not one.gram.any() for one in estimate_all(values, np.ones((SHARING, 100, 1)), (7,)))
