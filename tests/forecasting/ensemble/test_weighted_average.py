"""Weighted average of a trained network and the zero-shot ensemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.ensemble.ensemble import EnsembleReport
from tsattn.forecasting.ensemble.weighted_average import WeightedAverage
from tsattn.forecasting.frame import DEFAULT_QUANTILES


@dataclass
class Level:
    """Forecasts `level` at all steps, with quantiles one unit apart, and records what it was given."""

    level: float
    name: str = "level"
    context: int | None = None
    covariates: bool | str = False
    pass_steps: int = 1
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    given: WindowBatch | None = None

    def predict(self, batch: WindowBatch) -> np.ndarray:
        self.given = batch
        shape = (len(batch), batch.horizon, 9)
        return np.broadcast_to(self.level + np.arange(-4, 5), shape).astype(np.float32)

    def report(self) -> EnsembleReport:
        return EnsembleReport({"zero-shot": 0.75, "ridge": 0.25}, windows=2, alone=0, width=1.0)


def test_when_two_forecasts_are_averaged_then_each_quantile_is() -> None:
    made = WeightedAverage(Level(10), Level(20), 0.25).predict(batch_of(np.arange(50.0), horizon=4, freq="h"))
    np.testing.assert_allclose(made[0, 0], 12.5 + np.arange(-4, 5))
    assert made.shape == (1, 4, 9)
    assert made.dtype == np.float32


@pytest.mark.parametrize(("bad", "wanted"), [(0, 20), (1, 10)])
def test_when_one_part_has_no_finite_forecast_then_the_other_stands(bad: int, wanted: float) -> None:
    parts = [Level(10), Level(20)]
    parts[bad].level = float("nan")
    made = WeightedAverage(parts[0], parts[1], 0.5).predict(batch_of(np.arange(50.0), horizon=2, freq="h"))
    np.testing.assert_allclose(made[0, :, 4], wanted)


def test_when_the_parts_read_different_pasts_then_each_gets_its_own() -> None:
    network, ensemble = Level(1, context=16, pass_steps=4), Level(2, pass_steps=6)
    average = WeightedAverage(network, ensemble, 0.5)
    assert (average.context, average.pass_steps, average.covariates) == (None, 12, False)
    average.predict(batch_of(np.arange(50.0), horizon=12, freq="h"))
    assert network.given is not None
    assert ensemble.given is not None
    assert (network.given.context, ensemble.given.context) == (16, 50)
    np.testing.assert_array_equal(network.given.past_target[0], np.arange(34.0, 50.0))


@pytest.mark.parametrize(
    ("one", "other", "both"), [(True, "known", True), (False, "known", "known"), (False, False, False), (True, False, True)]
)
def test_when_one_part_reads_covariates_then_the_average_asks_for_them(one: bool, other: bool | str, both: bool | str) -> None:
    assert WeightedAverage(Level(1, covariates=one), Level(2, covariates=other), 0.5).covariates == both


def test_when_asked_then_the_weights_of_all_parts_sum_to_one() -> None:
    report = WeightedAverage(Level(1, name="sales"), Level(2), 0.25).report()
    assert report.weights == {"sales": 0.75, "zero-shot": 0.1875, "ridge": 0.0625}
    assert str(report) == "weights: sales 0.75, zero-shot 0.19, ridge 0.062"
