"""The sum of regression trees held as arrays."""

from __future__ import annotations

import numpy as np

from tsattn.forecasting.trees.forest import Forest


def forest() -> Forest:
    """x0 <= 1 (NaN left): 10, else x1 <= 0 (NaN right): 20, else 30; and a tree that is one leaf of value 1."""
    return Forest(
        feature=np.array([[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], np.int32),
        threshold=np.array([[1, 0, 0, 0, 0], [0] * 5], np.float32),
        left=np.array([[1, 1, 3, 3, 4], [0] * 5], np.int32),
        right=np.array([[2, 1, 4, 3, 4], [0] * 5], np.int32),
        missing_left=np.array([[True, False, False, False, False], [False] * 5]),
        value=np.array([[0, 10, 0, 20, 30], [1, 0, 0, 0, 0]], np.float32),
        depth=2,
    )


def test_when_rows_pass_the_trees_then_the_leaves_they_reach_are_added():
    nan = np.nan
    x = np.array([[1, 5], [2, 0], [2, 0.5], [nan, 5], [2, nan]], np.float32)
    np.testing.assert_array_equal(forest()(x), [11, 21, 31, 11, 31])


def test_when_there_are_more_rows_than_fit_at_once_then_each_has_the_value_it_has_alone(monkeypatch):
    x = np.random.default_rng(0).normal(0, 2, (100, 2)).astype(np.float32)
    whole = forest()(x)
    monkeypatch.setattr("tsattn.forecasting.trees.forest._CHUNK", 6)
    np.testing.assert_array_equal(forest()(x), whole)
    assert len(set(whole)) == 3
