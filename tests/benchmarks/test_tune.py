"""Data set on which a search has to beat the defaults."""

from __future__ import annotations

import numpy as np

from benchmarks.tune import GROWTH, NOISE, population


def test_the_population_is_deterministic_and_the_next_value_is_a_curve_of_the_last_alone() -> None:
    values = population(400)
    np.testing.assert_array_equal(values, population(400))
    last, following = values[:-1] / 1000, values[1:] / 1000
    rest = np.log(following / last) - GROWTH * (1 - last)
    assert abs(rest.std() - NOISE) < 0.003
    assert abs(np.corrcoef(rest[1:], rest[:-1])[0, 1]) < 0.15
    # a straight line of the last value leaves a good part of it, the curve nearly nothing
    assert np.corrcoef(last, following)[0, 1] ** 2 < 0.9
    assert 1 - (rest.std() / np.log(following / last).std()) ** 2 > 0.99
