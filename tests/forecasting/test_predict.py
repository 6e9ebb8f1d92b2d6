"""The predict loop: batches, failures, quantiles, known covariates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tsattn.data.panel import Panel, Schema
from tsattn.data.windows import Origins, WindowBatch, last_origins, rolling_origins
from tsattn.errors import ConfigError, DataError, TsattnError
from tsattn.forecasting import predict as loop
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.predict import _exactly_constant, check_known, predict


def with_known(rows: int, future: int, alias: str = "D") -> Panel:
    """Two daily items of 10 observed rows with `future` rows to come, one known covariate; `rows` of them hold it."""
    panel = Panel.from_arrays([np.arange(10.0 + future)] * 2, freq=alias, item_ids=["north", "south"])
    known = np.full((len(panel.target), 1), np.nan, np.float32)
    target = panel.target.copy()
    for first in panel.indptr[:-1]:
        known[first : first + 10 + rows] = 1
        target[first + 10 : first + 10 + future] = np.nan
    schema = Schema(known=("holiday",), known_features=("holiday",))
    return replace(panel, target=target, known=known, origin=panel.indptr[:-1] + 10, schema=schema)


def test_every_item_is_forecast_from_its_own_end(echo: Echo, hourly: Panel) -> None:
    forecast, failures = predict(echo, hourly, horizon=5)
    assert failures == ()
    assert forecast.item_ids == ("a", "b", "c")
    assert forecast.values.shape == (3, 5, 3)
    for i in range(3):
        assert forecast.cutoffs[i] == hourly.timestamps(i)[-1]
        assert forecast.timestamps[i, 0] - forecast.cutoffs[i] == np.timedelta64(1, "h")


def test_business_days_stay_business_days(echo: Echo) -> None:
    forecast, _ = predict(echo, Panel.from_arrays([np.arange(5.0)], freq="B"), horizon=6)  # Monday to Friday
    assert np.is_busday(forecast.timestamps.astype("datetime64[D]")).all()
    assert forecast.timestamps[0, 0] == np.datetime64("2000-01-10")


@pytest.mark.parametrize("context", [16, None])
def test_the_batch_size_changes_nothing(hourly: Panel, context: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    origins = rolling_origins(hourly, 4, 6)
    forecaster = Echo(context=context) if context else SeasonalNaive()
    whole, _ = predict(forecaster, hourly, horizon=4, origins=origins)
    for size, cells in ((1, loop._CELLS), (4, loop._CELLS), (512, 900)):
        monkeypatch.setattr(loop, "_CELLS", cells)
        parts, _ = predict(forecaster, hourly, horizon=4, origins=origins, batch=size)
        np.testing.assert_allclose(parts.values, whole.values, rtol=1e-6)
        assert parts.item_ids == whole.item_ids
        assert (parts.timestamps == whole.timestamps).all()


def test_batches_are_cut_so_that_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch, hourly: Panel) -> None:
    sizes = []

    class Watch(SeasonalNaive):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            sizes.append(len(batch) * (batch.context + batch.horizon))
            return super().predict(batch)

    monkeypatch.setattr(loop, "_CELLS", 1000)
    predict(Watch(), hourly, horizon=4, origins=rolling_origins(hourly, 4, 6))
    assert max(sizes) <= 1000
    assert len(sizes) > 3


def test_an_item_without_one_observed_value_fails_and_the_others_are_forecast(echo: Echo) -> None:
    panel = Panel.from_arrays([np.arange(5.0), np.full(4, np.nan), np.array([2.0])], freq="D", item_ids=["a", "void", "c"])
    forecast, failures = predict(echo, panel, horizon=2)
    assert forecast.item_ids == ("a", "c")
    assert [(f.item_id, f.reason) for f in failures] == [("void", "has no observed value")]


def test_what_is_observed_after_the_origin_does_not_count(echo: Echo) -> None:
    panel = Panel.from_arrays([np.r_[np.nan, np.nan, 1.0, 2.0]], freq="D")
    _, failures = predict(echo, panel, horizon=1, origins=Origins(np.array([0]), np.array([2])))
    assert len(failures) == 1


def test_a_panel_of_nothing_but_failures_gives_an_empty_forecast(echo: Echo) -> None:
    forecast, failures = predict(echo, Panel.from_arrays([np.full(3, np.nan)]), horizon=2)
    assert len(forecast) == 0
    assert forecast.values.shape == (0, 2, 3)
    assert len(failures) == 1


def test_one_forecast_that_is_not_finite_does_not_end_the_others(echo: Echo, hourly: Panel) -> None:
    class Odd(Echo):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            values = super().predict(batch)
            values[batch.item == 1, 2] = np.nan
            return values

    forecast, failures = predict(Odd(name="odd"), hourly, horizon=4)
    assert forecast.item_ids == ("a", "c")
    assert failures[0].item_id == "b"
    assert "odd" in failures[0].reason


def test_other_quantiles_are_interpolated_and_extrapolated(echo: Echo, hourly: Panel) -> None:
    own, _ = predict(echo, hourly, horizon=3)
    wide, _ = predict(echo, hourly, horizon=3, quantiles=(0.01, 0.1, 0.3, 0.5, 0.9))
    assert wide.quantiles == (0.01, 0.1, 0.3, 0.5, 0.9)
    np.testing.assert_array_equal(wide.values[..., [1, 3, 4]], own.values)
    assert (wide.values[..., 0] < own.values[..., 0]).all()


@pytest.mark.parametrize("wrong", [{"quantiles": (0.5, 0.1)}, {"quantiles": ()}, {"horizon": 0}, {"batch": 0}])
def test_requests_that_make_no_sense_are_refused(echo: Echo, hourly: Panel, wrong: dict) -> None:
    with pytest.raises(ConfigError):
        predict(echo, hourly, **{"horizon": 2, **wrong})


def test_crossed_quantiles_are_put_in_order(echo: Echo, hourly: Panel) -> None:
    class Crossed(Echo):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            return super().predict(batch)[..., ::-1]

    straight, _ = predict(echo, hourly, horizon=2)
    mended, _ = predict(Crossed(), hourly, horizon=2)
    np.testing.assert_array_equal(mended.values, straight.values)


def test_an_answer_of_the_wrong_shape_is_an_error_that_names_the_forecaster(hourly: Panel) -> None:
    class Short(Echo):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            return super().predict(batch)[:, 1:]

    with pytest.raises(TsattnError, match="echo returned shape"):
        predict(Short(), hourly, horizon=3)


def test_known_covariates_that_reach_to_the_horizon_are_enough(echo: Echo) -> None:
    forecast, _ = predict(echo, with_known(3, 3), horizon=3)
    assert len(forecast) == 2


@pytest.mark.parametrize(
    ("rows", "future", "said"), [(1, 3, "2 rows from 2000-01-14 to 2000-01-15"), (2, 2, "at 2000-01-15"), (0, 0, "3 rows")]
)
def test_when_a_known_covariate_is_missing_then_the_error_names_item_column_and_rows(
    echo: Echo, rows: int, future: int, said: str
) -> None:
    with pytest.raises(DataError) as error:
        predict(echo, with_known(rows, future), horizon=3)
    for word in ("north", "south", "holiday", said):
        assert word in error.value.message
    assert "3 steps" in error.value.hint


def test_the_error_names_numbered_steps_and_hours_as_people_write_them() -> None:
    for alias, said in (("step", "at 12"), ("h", "at 2000-01-03 12:00:00")):
        panel = with_known(2, 2, alias)
        with pytest.raises(DataError, match=said):
            check_known(panel, last_origins(panel), 3)


def test_many_items_with_missing_rows_are_counted_not_listed() -> None:
    panel = with_known(0, 0).select(np.array([0]))
    many = Origins(np.zeros(50, np.int64), np.full(50, 10))
    with pytest.raises(DataError, match="and 47 more"):
        check_known(panel, many, 3)


def test_a_forecaster_that_reads_the_target_alone_needs_no_known_covariates() -> None:
    forecast, _ = predict(SeasonalNaive(), with_known(0, 0), horizon=3)
    assert len(forecast) == 2


def with_an_end(rows: int) -> Panel:
    """The panel with 3 future rows, `rows` of them known, whose first item ended five days before the other without any."""
    panel = with_known(rows, 3)
    start, known, origin = panel.start.copy(), panel.known.copy(), panel.origin.copy()
    start[0] -= np.timedelta64(5, "D")
    known[origin[0] : panel.indptr[1]] = np.nan
    return replace(panel, start=start, known=known)


def test_when_a_series_ended_before_the_others_without_future_rows_then_it_fails_and_the_others_are_forecast(echo: Echo) -> None:
    forecast, failures = predict(echo, with_an_end(3), horizon=3)
    assert forecast.item_ids == ("south",)
    (failure,) = failures
    assert failure.item_id == "north"
    assert failure.reason == "ended at 2000-01-07, before other series, and has no future rows of holiday"
    assert not failure.ended
    panel = with_an_end(3)
    panel.start[0] -= np.timedelta64(3, "D")
    (failure,) = predict(echo, replace(panel, dated=True), horizon=3)[1]
    assert failure.ended, "more than a week of days before the others"


def test_when_a_live_series_lacks_future_rows_beside_one_that_ended_then_the_error_names_the_live_one(echo: Echo) -> None:
    with pytest.raises(DataError) as caught:
        predict(echo, with_an_end(0), horizon=3)
    assert "south" in caught.value.message
    assert "north" not in caught.value.message
    assert "--future FILE" in caught.value.hint
    assert "blank target in the data file" in caught.value.hint


def test_when_an_origin_lies_before_the_end_of_a_series_that_ended_then_it_is_forecast(echo: Echo) -> None:
    panel = with_an_end(3)
    forecast, failures = predict(echo, panel, horizon=3, origins=Origins(np.array([0, 1]), panel.origin - 3))
    assert forecast.item_ids == ("north", "south")
    assert not failures


def test_when_the_future_rows_end_early_then_the_hint_names_the_horizon_that_they_allow(echo: Echo) -> None:
    with pytest.raises(DataError) as caught:
        predict(echo, with_known(2, 3), horizon=3)
    assert "--horizon 2;" in caught.value.hint
    with pytest.raises(DataError) as caught:
        predict(echo, with_known(0, 0), horizon=3)
    assert "--horizon" not in caught.value.hint


def test_when_a_history_is_constant_then_rounding_is_removed_and_a_real_difference_stays():
    past = np.ones((1, 20), np.float32)
    values = np.array([[[0.99999994, 1.0, 1.5]]], np.float32)
    assert _exactly_constant(values, past).tolist() == [[[1.0, 1.0, 1.5]]]
    past[0, 3] = 1.1
    assert _exactly_constant(values, past).tolist() == values.tolist()
    assert _exactly_constant(values, np.full((1, 5), np.nan, np.float32)).tolist() == values.tolist()
