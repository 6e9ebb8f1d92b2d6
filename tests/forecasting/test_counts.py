"""Pasts of counts are recognised, and forecasts of small counts are whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.forecasting.windows import NAN, batch_of
from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, last_origins
from tsattn.forecasting import predict as loop
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.counts import LEAST, are_counts, are_small_counts, limits_of, whole_where
from tsattn.forecasting.ensemble import ensemble as weighting
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.predict import predict, predict_windows
from tsattn.forecasting.sample_paths import predict_paths


@dataclass
class Between:
    """A stand-in for a network: its quantiles lie between whole numbers."""

    name: str = "network"
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    context: int | None = 64
    covariates: bool = False

    def predict(self, batch: WindowBatch) -> np.ndarray:
        return np.tile(np.array([0.1, 0.3, 1.4], np.float32), (len(batch), batch.horizon, 1))


def demand(count: int, rate: float = 0.25, length: int = 300) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.poisson(rate, length).astype(float) for _ in range(count)]


@pytest.mark.parametrize(
    ("past", "wanted"), [([0, 2, 1], True), ([0, 2.5, 1], False), ([-1, 2, 1], False), ([np.nan, 3], True), ([np.nan], False)]
)
def test_when_a_past_holds_whole_numbers_of_zero_or_more_then_it_is_of_counts(past: list[float], wanted: bool) -> None:
    assert are_counts(np.array([past])).tolist() == [wanted]


@pytest.mark.parametrize(
    ("past", "wanted"),
    [
        ([0, 1, 2] * LEAST, True),
        ([0, 1, NAN] * LEAST, True),
        ([0, 1, 2] * (LEAST // 3 - 1), False),  # too few to know
        ([0, 1, 2.5] * LEAST, False),
        ([0, 1, -2] * LEAST, False),
        ([0, 10, 200] * LEAST, False),  # rounding does not matter
        ([NAN] * LEAST, False),
    ],
)
def test_when_a_long_past_holds_counts_of_few_then_they_are_small(past: list[float], wanted: bool) -> None:
    assert are_small_counts(np.array([past], np.float32)).tolist() == [wanted]


def test_when_only_some_windows_are_counts_then_only_their_values_are_rounded() -> None:
    values = np.full((3, 2, 4, 1), 1.4, np.float32)  # (K, B, H, Q)
    made = whole_where(np.array([True, False]), values)
    assert made.dtype == np.float32
    assert (made[:, 0] == 1).all()
    assert (made[:, 1] == np.float32(1.4)).all()
    assert not np.signbit(whole_where(np.array([True]), np.array([[[-0.2]]]))).any()  # 0, not -0


def test_when_a_series_is_of_small_counts_then_all_asked_quantiles_are_whole_numbers() -> None:
    panel = Panel.from_arrays([*demand(1), 0.5 * demand(1)[0]], freq="D", item_ids=["sales", "kilograms"])
    made, _ = predict(Between(), panel, horizon=3, quantiles=(0.05, 0.5, 0.8, 0.99))
    sales, weights = made.values
    assert (sales == np.rint(sales)).all()
    assert (sales[:, 1] == 0).all()
    assert (weights != np.rint(weights)).any()


def test_when_a_caller_wants_the_values_as_they_are_then_they_are_not_rounded() -> None:
    panel = Panel.from_arrays(demand(1), freq="D")
    for whole, wanted in ((True, 0.0), (False, 0.3)):
        ((_, _, values),) = predict_windows(Between(), panel, last_origins(panel), 3, (0.5,), whole=whole)
        assert values == pytest.approx(wanted)


def test_when_demand_is_rare_then_whole_numbers_have_the_smaller_error(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = Panel.from_arrays(demand(10), freq="D")
    whole = backtest([Between()], panel, horizon=14, windows=3).score("network", "MASE")
    monkeypatch.setattr(loop, "are_small_counts", lambda past: np.zeros(len(past), bool))
    assert whole < 0.95 * backtest([Between()], panel, horizon=14, windows=3).score("network", "MASE")


def test_when_an_ensemble_weighs_its_members_then_it_scores_them_as_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(*demand(5), horizon=14, freq="D")

    def weight() -> float:
        ensemble = combine(Between(), ("historic-quantiles",))
        ensemble.predict(batch)
        return ensemble.report().weights["network"]  # type: ignore[attr-defined]

    rounded = weight()
    monkeypatch.setattr(weighting, "are_small_counts", lambda past: np.zeros(len(past), bool))
    assert rounded > weight() + 0.05


def ratings(length: int = 300) -> np.ndarray:
    return np.random.default_rng(5).choice([1.0, 2, 3, 4, 5], length, p=[0.06, 0.09, 0.15, 0.3, 0.4])


def percentages(length: int = 300) -> np.ndarray:
    return np.clip(60 + np.random.default_rng(6).normal(0, 40, length), 0, 100)


DAYS = np.arange(300.0)


@pytest.mark.parametrize(
    ("past", "lower", "upper"),
    [
        (ratings(), 1, 5),
        (ratings() - 3, -2, 2),
        (percentages(), 0, 100),
        (percentages() / 100, 0, 1),
        (np.where(DAYS % 7 < 5, 40, 12), 12, 40),  # seats of a bus
        (demand(1, 0.25)[0], 0, np.inf),  # the next value may be the first 3
        (demand(1, 3)[0], 0, np.inf),
        (np.floor(DAYS / 30), 0, np.inf),  # a trend rises on
        (np.minimum(DAYS, 9) - 5, -np.inf, np.inf),  # so may a level that was reached once
        (ratings()[: LEAST - 1], -np.inf, np.inf),
        (np.where(DAYS % 7 < 2, 2.99, 3.49), -np.inf, np.inf),  # prices change
        (np.full(300, NAN), -np.inf, np.inf),
    ],
)
def test_when_values_pile_up_at_an_end_throughout_a_past_then_it_is_a_limit(past, lower, upper) -> None:
    low, high = limits_of(np.array([past], np.float32))
    assert (low.tolist(), high.tolist()) == ([lower], [upper])


def test_when_demand_has_no_limit_then_none_is_found_by_chance() -> None:
    rng = np.random.default_rng(7)
    for rate in (0.1, 0.3, 1.0, 3.0):
        for length in (60, 200, 700):
            _, upper = limits_of(rng.poisson(rate, (200, length)).astype(np.float32))
            assert np.isfinite(upper).mean() <= 0.07


@dataclass
class Outside(Between):
    """A forecaster of values that ratings cannot have."""

    def predict(self, batch: WindowBatch) -> np.ndarray:
        return np.tile(np.array([-1.2, 4.8, 7.3], np.float32), (len(batch), batch.horizon, 1))


def test_when_ratings_are_forecast_then_neither_quantiles_nor_paths_leave_their_limits() -> None:
    panel = Panel.from_arrays([ratings(), 10 + DAYS], freq="D", item_ids=["stars", "trend"])
    made, _ = predict(Outside(context=None), panel, horizon=3, quantiles=(0.01, 0.1, 0.5, 0.9, 0.99))
    assert (made.values[0] == np.array([1, 1, 5, 5, 5])).all()
    assert made.values[1].max() > 7  # the trend has no limit
    paths, _ = predict_paths(Outside(context=None), panel, horizon=3, paths=200)
    assert (paths.values[0].min(), paths.values[0].max()) == (1, 5)
    assert paths.values[1].max() > 7


def test_when_a_past_is_of_counts_then_no_quantile_and_no_path_is_negative() -> None:
    panel = Panel.from_arrays([demand(1, 40.0)[0]], freq="D")
    made, _ = predict(Outside(), panel, horizon=3)
    paths, _ = predict_paths(Outside(), panel, horizon=3, paths=200)
    assert made.values.min() == paths.values.min() == 0
