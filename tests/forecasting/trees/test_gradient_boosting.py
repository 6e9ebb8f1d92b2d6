"""Gradient boosting through LightGBM's C interface: the same trees as those of its Python package."""

from __future__ import annotations

import json
import sys

import lightgbm
import numpy as np
import pytest

from tsattn.forecasting.trees import gradient_boosting
from tsattn.forecasting.trees.gradient_boosting import boosted, unavailable

SETTINGS = {
    "objective": "l1",
    "num_leaves": 7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 3,
}


def rows(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (count, 3)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, (np.nan_to_num(x[:, 0]) ** 2 + rng.normal(0, 0.1, count)).astype(np.float32)


def test_when_trees_are_fitted_then_they_are_those_of_the_python_package():
    x, y = rows()
    mine, its = boosted(x, y, SETTINGS, 20), lightgbm.train(SETTINGS, lightgbm.Dataset(x, y), 20)
    np.testing.assert_array_equal(mine.predict(x), its.predict(x, num_threads=1))
    assert [tree["num_leaves"] for tree in json.loads(mine.dumped())["tree_info"]] == [
        tree["num_leaves"] for tree in its.dump_model()["tree_info"]
    ]
    assert np.abs(mine.predict(x) - y).mean() < 0.5 * np.abs(y - np.median(y)).mean()


def test_when_rows_are_not_contiguous_or_of_another_kind_then_the_forecast_is_the_same():
    x, y = rows()
    whole = boosted(x, y, SETTINGS, 5).predict(x)
    wide = np.repeat(x, 2, 1)[:, ::2]
    np.testing.assert_array_equal(boosted(wide, y.astype(np.float64), SETTINGS, 5).predict(x.astype(np.float64)), whole)


def test_when_a_dump_is_longer_than_the_buffer_then_it_is_whole(monkeypatch):
    x, y = rows()
    trees = boosted(x, y, SETTINGS, 20)
    whole = trees.dumped()
    monkeypatch.setattr(gradient_boosting, "_BUFFER", 10)
    assert trees.dumped() == whole
    assert len(whole) > 1_000


def test_when_no_split_gains_then_there_are_fewer_rounds_and_a_forecast():
    x, _ = rows()
    np.testing.assert_allclose(boosted(x, np.full(len(x), 2.0), SETTINGS, 20).predict(x), 2.0)


@pytest.mark.parametrize(("x", "y"), [(np.zeros((0, 2)), np.zeros(0)), (np.zeros((5, 2)), np.zeros(4))])
def test_when_rows_and_targets_do_not_match_then_the_error_says_how_many_there_are(x, y):
    with pytest.raises(RuntimeError, match=f"{len(x)} rows, {len(y)} targets"):
        boosted(x, y, SETTINGS, 1)


def test_when_a_setting_is_wrong_or_a_column_is_missing_then_there_is_an_error_instead_of_a_crash():
    x, y = rows()
    with pytest.raises(RuntimeError, match="LightGBM"):
        boosted(x, y, {**SETTINGS, "objective": "nothing"}, 1)
    with pytest.raises(RuntimeError, match="3 columns, not 2"):
        boosted(x, y, SETTINGS, 1).predict(x[:, :2])


def test_when_lightgbm_is_missing_then_the_reason_says_what_to_install(monkeypatch):
    assert unavailable() == ""
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert "pip install lightgbm" in unavailable()


def test_when_its_library_cannot_be_loaded_then_the_reason_names_the_system_package(monkeypatch, tmp_path):
    broken = tmp_path / "lib_lightgbm.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(gradient_boosting, "_path", lambda: broken)
    assert "libgomp1" in unavailable()
