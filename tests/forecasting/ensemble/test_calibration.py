"""From losses at held-back origins to what members are believed."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.ensemble.calibration import relative

FLOOR = np.full(1, 1e-9)


def told(*losses: list[float], share: list[float] | None = None) -> tuple[list[float], float]:
    """Log ratios of the members, and the evidence, for one series: a list of the members' losses at each origin."""
    shares = np.ones(len(losses)) if share is None else np.array(share)
    ratio, evidence = relative(np.array(losses)[..., None], shares[:, None], FLOOR)
    return ratio[:, 0].tolist(), float(evidence[0])


def test_when_losses_keep_one_ratio_then_it_is_the_answer_however_hard_the_origins_are():
    ratio, evidence = told([1.0, 2.0], [10.0, 20.0], [0.1, 0.2])
    np.testing.assert_allclose(ratio, [0.0, np.log(2)], atol=1e-12)
    assert evidence == 3


def test_when_one_origin_outweighs_all_others_then_the_others_are_heard_too():
    """Half by the sums, 25 to 12; half by the origins, of which the first member wins three by half."""
    ratio, _ = told([1.0, 2.0], [1.0, 2.0], [22.0, 6.0], [1.0, 2.0])
    by_sum, by_origin = np.log([25 / 12, 1.0]), np.array([np.log(22 / 6), 3 * np.log(2)]) / 4
    np.testing.assert_allclose(ratio, (by_sum + by_origin - by_origin.min()) / 2)


def test_when_nothing_was_scored_or_a_member_was_silent_then_that_is_told():
    assert told([1.0, 2.0], share=[0.0]) == ([0.0, 0.0], 0.0)
    ratio, _ = told([1.0, np.nan], [2.0, 3.0])
    assert ratio[0] == 0
    assert np.isnan(ratio[1])
    ratio, evidence = told([np.nan, np.nan], [1.0, 2.0], share=[0.0, 0.5])
    np.testing.assert_allclose(ratio, [0.0, np.log(2)])
    assert evidence == 0.5


def test_when_a_member_is_perfect_then_the_others_are_told_apart_up_to_a_bound():
    ratio, _ = told([0.0, 0.0, 1.0])
    np.testing.assert_allclose(ratio, [0.0, 0.0, np.log(5)])
