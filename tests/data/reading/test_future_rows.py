"""A file of future covariates beside wide data: of the same shape, or with a row per series and time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tsattn.config import ReadOptions
from tsattn.data.reading.future_rows import WithFuture
from tsattn.data.reading.read import read
from tsattn.errors import DataError


@pytest.fixture
def wide() -> pd.DataFrame:
    """Two series and a promo, 40 days; the last five are the plan."""
    t = np.arange(40)
    days = pd.date_range("2024-01-01", periods=40)
    return pd.DataFrame({"date": days, "north": 20 + t % 7, "south": 50.5 + t % 7, "promo": (t % 5 == 0).astype(int)})


def long(plan: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([plan[["date", "promo"]].assign(shop=name) for name in ("north", "south")])


@pytest.mark.parametrize("shape", ["narrow", "blank targets", "long", "long by time"])
def test_when_the_data_is_wide_then_the_plan_may_have_any_shape(wide, shape):
    history, plan = wide[:35], wide[35:]
    future = {
        "narrow": plan[["date", "promo"]],
        "blank targets": plan.assign(north=np.nan, south=np.nan),
        "long": long(plan),
        "long by time": long(plan).sort_values("date"),
    }[shape]
    panel, _ = read(WithFuture(history, future), ReadOptions())
    assert panel.item_ids == ("north", "south")
    assert panel.schema.known == ("promo",)
    assert panel.known_ahead().tolist() == [5, 5]
    for item in (0, 1):
        np.testing.assert_array_equal(panel.known[panel.origin[item] : panel.indptr[item + 1], 0], plan.promo)


def test_when_a_long_plan_differs_between_series_of_wide_data_then_the_error_names_the_row_and_the_way_out(wide):
    plan = long(wide[35:])
    plan.iloc[7, 1] = 9
    with pytest.raises(DataError, match="'promo' differs between series at 2024-02-07") as caught:
        read(WithFuture(wide[:35], plan), ReadOptions())
    assert "in long layout too" in caught.value.hint
