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
from tsattn.forecasting.counts import LEAST, are_counts, are_small_counts, whole_where
from tsattn.forecasting.ensemble import ensemble as weighting
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.predict import predict, predict_windows


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
