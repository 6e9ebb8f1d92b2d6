"""Bad items get a flagged fallback, and nothing that is not finite or absurd gets through."""

from __future__ import annotations

import numpy as np

from tests import tiny
from tsattn.batch.item_forecast import forecast_items
from tsattn.data.panel import Panel


class Odd:
    """A forecaster that answers with one number for each item, whatever it sees."""

    name, quantiles, context, covariates = "odd", (0.1, 0.5, 0.9), None, False

    def __init__(self, *answers: float) -> None:
        self.answers = np.array(answers, np.float32)

    def predict(self, batch):
        return np.broadcast_to(self.answers[batch.item][:, None, None], (len(batch), batch.horizon, 3)).copy()


def test_when_forecasts_are_bad_then_those_items_alone_fall_back_with_the_reason():
    series = [np.arange(60) % 24 + 1.0, np.arange(60) % 24 + 1.0, np.arange(60) % 24 + 1.0, [7.0], [np.nan, np.nan]]
    panel = Panel.from_arrays([np.asarray(s, np.float32) for s in series], freq="h")
    found = forecast_items(Odd(5, np.inf, 1e9, 0, 0), panel, 6, None, 3, "fallback")
    assert found.forecast.item_ids == ("series_0", "series_1", "series_2", "series_3")
    assert {bad.item_id: bad.reason.split(":")[0] for bad in found.fallbacks} == {
        "series_1": "odd gave a forecast that is not finite",
        "series_2": "the model's forecast is absurd",
        "series_3": "has 1 observed value, fewer than 3",
    }
    assert [(bad.item_id, bad.reason) for bad in found.failures] == [("series_4", "has no value")]
    assert np.all(found.forecast.values[0] == 5)
    assert np.all(found.forecast.median[1] == np.arange(60, 66) % 24 + 1)
    table = found.table()
    assert table["fallback"].to_pylist() == [False] * 6 + [True] * 18
    assert table.column_names[:4] == ["item_id", "cutoff", "timestamp", "0.1"]


def test_when_bad_items_are_to_be_skipped_then_they_are():
    panel = Panel.from_arrays([np.arange(50, dtype=np.float32), np.ones(1, np.float32)], freq="D")
    found = forecast_items(Odd(5, 5), panel, 2, None, 3, "skip")
    assert (found.forecast.item_ids, found.fallbacks, len(found.failures)) == (("series_0",), (), 1)


def test_when_an_item_lacks_known_covariates_then_the_others_are_forecast(saved_with_covariates):
    from tsattn.model import runtime

    panel = tiny.with_covariates()
    panel.known[panel.origin[1]] = np.nan
    found = forecast_items(runtime.load(saved_with_covariates), panel, 12, None, 3, "fallback")
    assert [bad.item_id for bad in found.fallbacks] == ["item1"]
    assert "lacks known covariates" in found.fallbacks[0].reason
