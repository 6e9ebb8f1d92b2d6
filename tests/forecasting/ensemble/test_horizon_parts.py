"""Parts of the horizon cover it, near ones are short, and values between them change without a jump."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tsattn.forecasting.ensemble.horizon_parts import between, edges_of


@pytest.mark.parametrize("horizon", [1, 7, 8, 9, 48, 64, 192])
def test_when_a_horizon_is_cut_into_parts_then_they_cover_it_and_a_longer_one_begins_alike(horizon: int) -> None:
    edges = edges_of(horizon, 8)
    assert edges[0] == 0
    assert edges[-1] == horizon
    assert all(a < b for a, b in itertools.pairwise(edges))
    assert edges_of(2 * horizon, 8)[: len(edges) - 1] == edges[:-1]


def test_when_values_of_parts_are_interpolated_then_their_middles_keep_them_and_weights_add_up_to_one() -> None:
    edges = edges_of(64, 4)
    mix = between(edges)
    assert mix.sum(0) == pytest.approx(np.ones(64))
    made = np.array([1.0, 0, 0, 0, 0]) @ mix
    assert made[:2] == pytest.approx(1)
    assert (np.diff(made) <= 0).all()
    assert np.abs(np.diff(made)).max() < 0.3
