from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from tests import tiny
from tsattn.errors import DataError
from tsattn.workflows.plan import plan
from tsattn.workflows.validation_folds import folds_of, relative_error


@pytest.mark.parametrize("length", [60, 120, 400])
def test_when_folds_are_cut_then_they_follow_each_other_up_to_the_test_tail(length):
    panel = tiny.waves((length, length // 2))
    made = plan(panel, horizon=6)
    folds = folds_of(panel, made)
    assert (folds[-1].end == made.test_start).all()
    for one, other in pairwise(folds):
        assert (one.end == other.cut).all()
    assert (folds[0].cut - panel.indptr[:-1])[0] >= 0.6 * (made.test_start[0] - panel.indptr[0])


def test_when_series_are_too_short_to_choose_by_then_the_error_says_what_to_do():
    panel = tiny.waves((30,))
    with pytest.raises(DataError, match="too few to compare settings"):
        folds_of(panel, dataclasses.replace(plan(panel, horizon=6), test_start=np.array([20])))


def test_when_errors_are_relative_then_it_is_the_geometric_mean_of_the_comparable_ones():
    rows = [{"MASE": 0.5, "WQL": 0.8}, {"MASE": 1.0, "WQL": 1.0}]
    assert relative_error(rows) == pytest.approx(0.4**0.5)
    assert relative_error([{"MASE": 0.5, "WQL": float("nan")}, {"MASE": 1.0, "WQL": 0.0}]) == pytest.approx(0.5)
    assert np.isnan(relative_error([{"MASE": 0.5, "WQL": 0.8}, {"MASE": float("nan"), "WQL": 0.0}]))
