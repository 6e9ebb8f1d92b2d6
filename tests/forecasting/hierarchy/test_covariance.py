"""The covariance of errors: correlations shrunk by how well they are known."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.hierarchy.covariance import error_covariance

RNG = np.random.default_rng(0)


def dense(covariance) -> np.ndarray:
    return covariance.combined(np.eye(len(covariance.deviation)), np.eye(len(covariance.deviation)))


def test_when_errors_share_a_cause_then_their_correlation_is_believed_and_noise_is_not():
    common = RNG.normal(size=(30, 1, 8))
    shared = error_covariance(common + 0.3 * RNG.normal(size=(30, 5, 8)), np.ones(5))
    apart = error_covariance(RNG.normal(size=(30, 5, 8)), np.ones(5))
    assert shared.shrinkage < 0.2 < 0.6 < apart.shrinkage
    assert dense(shared)[0, 1] > 0.7
    assert np.abs(dense(apart) - np.eye(5)).max() < 0.2


def test_when_there_are_no_errors_then_the_matrix_is_diagonal():
    made = error_covariance(np.zeros((0, 3, 4)), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(dense(made), np.diag([1.0, 4.0, 9.0]))


def test_when_it_is_never_made_as_a_whole_then_products_are_those_of_the_whole_matrix():
    errors = RNG.normal(size=(6, 4, 5))
    errors[:, 3] = np.nan  # a series born after the hold-out origins
    made = error_covariance(errors, np.array([1.0, 2.0, 0.5, 3.0]))
    whole = dense(made)
    np.testing.assert_allclose(np.diag(whole), made.variance)
    left = RNG.normal(size=(2, 4))
    np.testing.assert_allclose(made.times(left), left @ whole)
    np.testing.assert_allclose(made.combined(left, left), left @ whole @ left.T)
    assert (whole[3, :3] == 0).all()
