"""Hold-out origins: how many a history has room for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.forecasting.ensemble.holdout import most_origins, pools_of, shifts_of

HORIZON = 12


def origins(*lengths: int, dated: bool = True) -> list[int]:
    """Return the number of hold-out origins of each series of a panel."""
    batch = batch_of(*(np.arange(float(length)) for length in lengths), horizon=HORIZON, freq="h")
    if dated:
        batch = replace(batch, cutoff=np.zeros(len(lengths), np.int64))
    shifts = shifts_of(batch, 4, most=most_origins(len(batch), pools_of(batch)))
    assert len(shifts) == max(4, *(shifts > 0).sum(0))
    return (shifts > 0).sum(0).tolist()


@pytest.mark.parametrize(("count", "most"), [(1, 8), (2, 8), (3, 5), (4, 4), (9, 4)])
def test_when_few_series_share_their_errors_then_each_has_more_origins(count: int, most: int) -> None:
    assert origins(*[600] * count) == [most] * count


@pytest.mark.parametrize(("length", "most"), [(20, 4), (200, 4), (4 * 6 * HORIZON, 6), (4 * 8 * HORIZON - 1, 7)])
def test_further_origins_lie_in_the_last_quarter_of_a_history(length: int, most: int) -> None:
    assert origins(length) == [most]


def test_when_one_of_two_histories_is_short_then_the_other_still_has_more_origins() -> None:
    assert origins(600, 100) == [8, 4]


def test_when_series_share_no_errors_then_each_counts_as_alone() -> None:
    assert origins(*[600] * 6, dated=False) == [8] * 6


def test_when_a_number_is_given_then_it_is_that_number() -> None:
    batch = batch_of(np.arange(600.0), horizon=HORIZON)
    np.testing.assert_array_equal(shifts_of(batch, 3)[:, 0], HORIZON * np.arange(1, 4))
