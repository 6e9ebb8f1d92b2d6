"""Forecast: what is refused, and the tables made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.errors import TsattnError
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.frame import Forecast
from tsattn.forecasting.predict import predict


def forecast(alias: str = "h", tz: str | None = None, start: str = "2024-10-26T22:00", horizon: int = 4) -> Forecast:
    freq = Freq.parse(alias)
    first = np.datetime64(start, "us") if freq.has_clock else np.datetime64(99, "us")
    stamps = freq.advance(np.array([first])[:, None], np.arange(horizon + 1))
    values = np.arange(3 * horizon, dtype=np.float32).reshape(1, horizon, 3)
    return Forecast(("a",), stamps[:, 0], stamps[:, 1:], (0.1, 0.5, 0.9), values, freq, tz)


def test_the_table_has_a_row_for_each_step_and_a_column_for_each_quantile() -> None:
    frame = forecast().to_pandas()
    assert list(frame.columns) == ["item_id", "cutoff", "timestamp", "0.1", "0.5", "0.9"]
    assert frame["0.5"].tolist() == [1, 4, 7, 10]
    assert frame["item_id"].tolist() == ["a"] * 4
    assert str(frame["timestamp"][0]) == "2024-10-26 23:00:00"
    assert frame["cutoff"].nunique() == 1


def test_several_items_keep_their_own_rows() -> None:
    joined = Forecast.concat([forecast(), replace(forecast(), item_ids=("b",), values=forecast().values + 100)])
    frame = joined.to_pandas()
    assert frame["item_id"].tolist() == ["a"] * 4 + ["b"] * 4
    assert frame.loc[frame["item_id"] == "b", "0.9"].tolist() == [102, 105, 108, 111]


def test_zoned_hours_cross_the_autumn_change_without_a_doubled_or_lost_step() -> None:
    frame = forecast(tz="Europe/Berlin", horizon=4).to_pandas()  # from 22:00 UTC
    assert [str(t) for t in frame["timestamp"]] == [
        "2024-10-27 01:00:00+02:00",
        "2024-10-27 02:00:00+02:00",
        "2024-10-27 02:00:00+01:00",
        "2024-10-27 03:00:00+01:00",
    ]
    assert frame["timestamp"].is_unique


def test_zoned_days_stay_at_local_midnight_across_the_change() -> None:
    frame = forecast("D", "Europe/Berlin", "2024-10-26", 3).to_pandas()
    assert [str(t) for t in frame["timestamp"]] == [
        "2024-10-27 00:00:00+02:00",
        "2024-10-28 00:00:00+01:00",
        "2024-10-29 00:00:00+01:00",
    ]


def test_a_midnight_that_the_change_skips_is_an_hour_later() -> None:
    frame = forecast("D", "America/Sao_Paulo", "2018-11-03", 2).to_pandas()
    assert [str(t) for t in frame["timestamp"]] == ["2018-11-04 01:00:00-02:00", "2018-11-05 00:00:00-02:00"]


@pytest.mark.parametrize(("tz", "shown"), [("+0530", "2024-10-27 04:30:00+05:30"), ("Z", "2024-10-26 23:00:00+00:00")])
def test_offsets_go_out_as_they_came_in(tz: str, shown: str) -> None:
    assert str(forecast(tz=tz).to_pandas()["timestamp"][0]) == shown


def test_series_without_a_clock_have_plain_integers() -> None:
    frame = forecast("step").to_pandas()
    assert frame["cutoff"].tolist() == [99] * 4
    assert frame["timestamp"].tolist() == [100, 101, 102, 103]


def test_timestamps_before_1700_and_after_2262_survive() -> None:
    for start in ("1652-01-01", "2300-01-01"):
        assert str(forecast("YS", start=start).to_arrow()["timestamp"][0].as_py().year) == str(int(start[:4]) + 1)


def test_a_forecast_of_no_item_is_an_empty_table() -> None:
    one = forecast()
    none = replace(one, item_ids=(), cutoffs=one.cutoffs[:0], timestamps=one.timestamps[:0], values=one.values[:0])
    assert len(none) == 0
    assert none.to_arrow().num_rows == 0
    assert none.to_arrow().schema == one.to_arrow().schema


def test_the_median_is_interpolated_where_it_was_not_forecast() -> None:
    one = forecast()
    assert (one.median == one.quantile(0.5)).all()
    assert one.middle[0] == "median"
    outer = replace(one, quantiles=(0.1, 0.9), values=one.values[..., [0, 2]])
    np.testing.assert_allclose(outer.median, one.median, rtol=1e-6)
    high = replace(one, quantiles=(0.9,), values=one.values[..., [2]])
    assert high.middle[0] == "0.9 quantile"
    assert (high.middle[1] == one.quantile(0.9)).all()


def test_values_that_are_not_finite_or_cross_are_refused_and_the_item_named() -> None:
    one = forecast()
    with pytest.raises(TsattnError, match="forecast of a is not finite"):
        replace(one, values=np.full_like(one.values, np.inf))
    with pytest.raises(TsattnError, match="cross"):
        replace(one, values=one.values[..., ::-1])
    with pytest.raises(TsattnError, match="shape"):
        replace(one, values=one.values[:, 1:])


def test_forecasts_that_differ_in_kind_are_not_concatenated() -> None:
    with pytest.raises(TsattnError, match="horizon"):
        Forecast.concat([forecast(), forecast(horizon=5)])
    with pytest.raises(TsattnError, match="tz"):
        Forecast.concat([forecast(), forecast(tz="UTC")])
    with pytest.raises(TsattnError, match="no forecast"):
        Forecast.concat([])


def test_when_a_forecast_is_shown_then_it_is_one_short_line(hourly: Panel) -> None:
    made, _ = predict(Naive(), hourly, horizon=3)
    assert (
        repr(made) == f"<Forecast of {len(hourly)} series, 3 steps of h, quantiles 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9>"
    )
