"""Jobs with the model in the package read known covariates, and an item without its future rows falls back alone."""

from __future__ import annotations

import numpy as np

from benchmarks.covariates import shops
from tsattn.batch.item_forecast import forecast_items
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.covariate_regression import with_covariates
from tsattn.forecasting.ensemble.ensemble import combine


def test_when_one_item_lacks_its_known_covariates_then_it_falls_back_and_the_others_read_theirs():
    case = shops(count=3, days=200, horizon=14)
    case.panel.known[case.panel.origin[0] + np.arange(5)] = 1
    case.panel.known[case.panel.origin[1] + 3] = np.nan
    reads = with_covariates(combine(SeasonalMean(None), ("ridge",)))
    made = forecast_items(reads, case.panel, 14, None, 1, "fallback", unaided=lambda _: SeasonalMean(None))
    assert [bad.item_id for bad in made.fallbacks] == ["s01"]
    on = case.future[0, :, 0] > 0
    without = combine(SeasonalMean(None), ("ridge",))
    plain = forecast_items(without, case.without(), 14, None, 1, "fallback", unaided=lambda _: without)
    assert (made.forecast.median[0, on] > 1.1 * plain.forecast.median[0, on]).all()
