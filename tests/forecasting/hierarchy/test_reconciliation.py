"""Forecasts that add up, exactly, and better than before."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.forecasting.hierarchy.covariance import error_covariance
from tsattn.forecasting.hierarchy.reconciliation import added_up, reconciled
from tsattn.forecasting.hierarchy.structure import nested, of_formulas

RNG = np.random.default_rng(0)
TREE = nested([("n", "a"), ("n", "b"), ("s", "c"), ("s", "d"), ("online",)], ("region", "shop"))
SUMMING = np.concatenate([TREE.matrix(), np.eye(TREE.leaves)])


def covariance(errors: int = 6):
    return error_covariance(RNG.normal(size=(errors, len(TREE), 4)), np.linspace(1, 3, len(TREE)))


@pytest.mark.parametrize("method", ["mint", "bottom-up"])
def test_when_forecasts_are_reconciled_then_every_sum_is_exact(method):
    points = RNG.normal(1e6, 1e5, (len(TREE), 4))
    made = reconciled(points, TREE, covariance(), method, np.zeros(TREE.leaves, bool))
    np.testing.assert_allclose(made[: TREE.sums], TREE.added(made[TREE.sums :]), rtol=1e-12)


def test_when_mint_has_no_correlations_then_it_is_the_textbook_projection():
    points = RNG.normal(10, 1, (len(TREE), 3))
    made = reconciled(points, TREE, covariance(0), "mint", np.zeros(TREE.leaves, bool))
    weight = np.diag(1 / np.linspace(1, 3, len(TREE)) ** 2)
    leaves = np.linalg.solve(SUMMING.T @ weight @ SUMMING, SUMMING.T @ weight @ points)  # (S' W⁻¹ S)⁻¹ S' W⁻¹ y
    np.testing.assert_allclose(made, SUMMING @ leaves, rtol=1e-6)


def test_when_mint_has_correlations_then_it_is_the_textbook_projection_too():
    points, found = RNG.normal(10, 1, (len(TREE), 3)), covariance(40)
    made = reconciled(points, TREE, found, "mint", np.zeros(TREE.leaves, bool))
    weight = np.linalg.inv(found.combined(np.eye(len(TREE)), np.eye(len(TREE))))
    leaves = np.linalg.solve(SUMMING.T @ weight @ SUMMING, SUMMING.T @ weight @ points)
    np.testing.assert_allclose(made, SUMMING @ leaves, rtol=1e-5)


def test_when_forecasts_add_up_already_then_they_stay():
    points = added_up(RNG.normal(10, 1, (TREE.leaves, 3)), TREE)
    np.testing.assert_allclose(reconciled(points, TREE, covariance(), "mint", np.zeros(TREE.leaves, bool)), points, rtol=1e-7)


def test_when_counts_may_not_be_negative_then_no_leaf_is_and_the_sums_hold():
    points = np.concatenate([np.full((TREE.sums, 2), -50.0), np.full((TREE.leaves, 2), 1.0)])
    made = reconciled(points, TREE, covariance(), "mint", np.ones(TREE.leaves, bool))
    assert made.min() == 0
    np.testing.assert_array_equal(made[: TREE.sums], TREE.added(made[TREE.sums :]))


def test_when_a_series_is_in_no_sum_then_it_keeps_its_forecast():
    tree, _ = of_formulas(["ab=a+b"], ["a", "b", "c"])
    points = np.array([[10.0], [1.0], [2.0], [7.0]])
    found = error_covariance(RNG.normal(size=(20, 4, 3)), np.ones(4))
    made = reconciled(points, tree, found, "mint", np.zeros(3, bool))
    assert made[3, 0] == 7
    assert made[1, 0] + made[2, 0] == pytest.approx(made[0, 0])
    assert made[1, 0] > 1
    assert made[0, 0] < 10


def test_when_a_leaf_is_tiny_beside_its_sum_then_it_keeps_its_digits():
    made = added_up(np.array([[123456789.0], [0.123456789], [1.0], [1.0], [1.0]]), TREE)
    assert made[TREE.sums + 1, 0] == 0.12345679
    assert made[0, 0] == pytest.approx(made[TREE.sums :, 0].sum(), rel=1e-15)


def test_when_a_leaf_is_certain_at_a_step_then_it_stays_exactly_there_and_the_others_take_the_difference():
    points, found = RNG.normal(10, 1, (len(TREE), 3)), covariance(40)
    points[TREE.sums] = 0.0  # the first leaf
    certain = np.zeros((TREE.leaves, 3), bool)
    certain[0, 1] = True
    made = reconciled(points, TREE, found, "mint", np.zeros(TREE.leaves, bool), certain)
    assert made[TREE.sums, 1] == 0
    assert made[TREE.sums, 0] != 0
    np.testing.assert_allclose(made[: TREE.sums], TREE.added(made[TREE.sums :]), rtol=1e-12)
    free = reconciled(points, TREE, found, "mint", np.zeros(TREE.leaves, bool))
    np.testing.assert_allclose(made[:, [0, 2]], free[:, [0, 2]], rtol=1e-9)
