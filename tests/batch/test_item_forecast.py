"""Bad items get a flagged fallback, and nothing that is not finite or absurd gets through."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests import tiny
from tsattn.batch.item_forecast import forecast_items
from tsattn.data.panel import Panel, Schema
from tsattn.forecasting.baselines.simple import SeasonalNaive


def unaided(_: Panel) -> SeasonalNaive:
    return SeasonalNaive(None)


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
    found = forecast_items(Odd(5, np.inf, 1e9, 0, 0), panel, 6, None, 3, "fallback", unaided=unaided)
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
    found = forecast_items(Odd(5, 5), panel, 2, None, 3, "skip", unaided=unaided)
    assert (found.forecast.item_ids, found.fallbacks, len(found.failures)) == (("series_0",), (), 1)


class WithKnown(Odd):
    """An `Odd` that reads known covariates."""

    covariates = True


def lacking(*gaps: tuple[int, list[int]]) -> Panel:
    """Two hourly series with the known covariates k and l; l is missing at some steps of some series."""
    rng = np.random.default_rng(0)
    panel = dataclasses.replace(
        tiny.with_covariates(items=2),
        known=rng.standard_normal((len(tiny.with_covariates(items=2).target), 2)).astype(np.float32),
        schema=Schema(
            known=("k", "l"), past=("p",), static=("s",), known_features=("k", "l"), past_features=("p",), static_features=("s",)
        ),
    )
    for item, steps in gaps:
        panel.known[panel.origin[item] + np.array(steps), 1] = np.nan
    return panel


def test_when_an_item_lacks_known_covariates_then_only_these_steps_are_forecast_without_them():
    seen = []

    def unaided(panel):
        seen.append(panel.schema.known_features)
        return Odd(-1, -1)

    panel = lacking((1, [3, 4]))
    found = forecast_items(WithKnown(5, 5), panel, 6, None, 3, "fallback", unaided=unaided)
    assert seen == [("k",)], "k is known at every step"
    assert found.forecast.median.tolist() == [[5] * 6, [5, 5, 5, -1, -1, 5]]
    assert [bad.item_id for bad in found.fallbacks] == ["item1"]
    table = found.table()
    assert table["fallback"].to_pylist() == [False] * 9 + [True, True, False]
    assert table["reason"].to_pylist()[9].startswith("lacks known covariates in its future rows: l at 2 rows from 2024-")
    assert table["reason"].to_pylist()[8] is None


def test_when_items_lack_different_covariates_or_all_steps_then_each_gets_the_rest_of_them():
    panel = lacking((0, [0, 1, 2, 3]), (1, [2]))
    panel.known[panel.origin[1] + 3, 0] = np.nan
    found = forecast_items(
        WithKnown(5, 5), panel, 4, None, 3, "fallback", unaided=lambda few: Odd(*[-len(few.schema.known_features)] * 2)
    )
    assert found.forecast.median.tolist() == [[-1] * 4, [5, 5, 0, 0]]
    assert found.table()["fallback"].to_pylist() == [True] * 4 + [False, False, True, True]


def test_when_a_forecast_is_not_finite_with_covariates_or_without_then_the_next_simpler_one_is_taken():
    panel = lacking((0, [3]), (1, [3]))
    found = forecast_items(WithKnown(np.inf, 5), panel, 4, None, 3, "fallback", unaided=lambda _: Odd(-1, np.inf))
    assert found.forecast.median[0].tolist() == [-1] * 4
    assert "lacks known covariates" in found.fallbacks[0].reason
    assert found.fallbacks[1].reason == "odd gave a forecast that is not finite"
    assert found.table()["fallback"].to_pylist() == [True] * 8


def test_when_items_that_lack_known_covariates_are_to_be_skipped_then_they_are():
    found = forecast_items(WithKnown(5, 5), lacking((1, [3])), 4, None, 3, "skip", unaided=unaided)
    assert (found.forecast.item_ids, found.fallbacks, len(found.failures)) == (("item0",), (), 1)
