"""The network at a coarser step: levels of means over a few steps, for long histories."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.ensemble.coarser_step import LEAST, CoarserStep, between, coarsened, step_of
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.prior_weights import prior_of
from tsattn.forecasting.frame import DEFAULT_QUANTILES

MEDIAN = 4
HORIZON = 48


@dataclass
class Latest:
    """A stand-in for a network that forecasts 16 steps a pass: the mean of its last `steps` values, plus a bias."""

    steps: int = 1
    bias: float = 0.0
    pass_steps: int = 16
    context: int | None = 64
    name: str = "network"
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    covariates: bool = False
    seen: list[WindowBatch] = field(default_factory=list)

    def predict(self, batch: WindowBatch) -> np.ndarray:
        self.seen.append(batch)
        level = np.nanmean(batch.past_target[:, -self.steps :], 1) + self.bias
        return np.asarray(level[:, None, None] + np.zeros((1, batch.horizon, 1)) + np.linspace(-1, 1, 9), np.float32)


def walk(length: int = 1200, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(10, 1, length)


def test_when_a_history_is_long_then_the_level_is_that_of_the_means() -> None:
    network = Latest()
    values = walk()
    made = CoarserStep(network).predict(batch_of(values, horizon=HORIZON, freq="h"))
    np.testing.assert_allclose(made, values[-4:].mean(), rtol=1e-5)
    batch = network.seen[0]
    assert (batch.context, batch.horizon, batch.season_lengths) == (64, 16, (6, 42))
    np.testing.assert_allclose(batch.past_target[0, -2:], [values[-8:-4].mean(), values[-4:].mean()], rtol=1e-5)


@pytest.mark.parametrize(("freq", "step"), [("D", 7), ("3h", 8), ("h", 4), ("15min", 4), ("step", 4)])
def test_when_a_season_is_as_short_as_a_mean_then_the_means_have_none(freq: str, step: int) -> None:
    assert step_of(batch_of(walk(30), horizon=HORIZON, freq=freq).season_lengths) == step


def test_when_the_network_reads_covariates_or_has_no_passes_then_there_is_no_forecast() -> None:
    for network in (Latest(covariates=True), Latest(pass_steps=0)):
        made = CoarserStep(network).predict(batch_of(walk(), horizon=HORIZON, freq="h"))
        assert np.isnan(made).all()
        assert not network.seen


def test_when_a_history_is_short_then_it_has_no_forecast_and_others_do() -> None:
    made = CoarserStep(Latest()).predict(batch_of(walk(), walk(LEAST - 1), walk(LEAST), horizon=HORIZON, freq="h"))
    assert np.isnan(made).all((1, 2)).tolist() == [False, True, False]


def test_when_the_fine_forecast_is_moved_then_it_keeps_its_shape() -> None:
    coarser, batch = CoarserStep(Latest()), batch_of(walk(), horizon=HORIZON, freq="h")
    wave = np.cos(np.arange(HORIZON) * np.pi)
    fine = np.asarray(20 + wave[None, :, None] + np.linspace(-2, 2, 9), np.float32)
    level = coarser.predict(batch)
    moved = coarser.corrected(fine, level, batch.season_lengths)
    np.testing.assert_allclose(moved, fine + (level[0, 0, 0] - 20), atol=1e-4)
    stacked = coarser.corrected(np.stack([fine, fine + 4]), np.stack([level, level]), batch.season_lengths)
    np.testing.assert_allclose(stacked[0], moved)
    np.testing.assert_allclose(stacked[1], moved, atol=1e-4)


def test_when_means_are_interpolated_then_a_straight_line_stays_one() -> None:
    means = np.arange(16.0).reshape(-1, 4).mean(1)[None]
    np.testing.assert_allclose(between(means, 4, 16)[0, 2:14], np.arange(16.0)[2:14])


def test_when_less_than_half_of_a_mean_is_seen_then_it_is_missing() -> None:
    values = np.array([1.0, 3.0, np.nan, np.nan, np.nan, 5.0, np.nan, 7.0])
    found = coarsened(batch_of(values, horizon=8, freq="h"), 4, 1).past_target[0]
    np.testing.assert_array_equal(found, np.array([2.0, 6.0], np.float32))


def test_when_only_the_coarser_level_is_right_then_the_ensemble_prefers_it() -> None:
    class Biased(Latest):
        """Wrong by 3 at the step of the series."""

        def predict(self, batch: WindowBatch) -> np.ndarray:
            return super().predict(batch) + np.float32(3.0 * (batch.season_lengths == (24, 168)))

    ensemble = combine(Biased(steps=12), ("coarser",), origins=2)
    made = ensemble.predict(batch_of(*(walk(1600, seed) for seed in range(4)), horizon=HORIZON, freq="h"))
    assert ensemble.report().weights["coarser"] > 0.5
    assert made[..., MEDIAN].mean() == pytest.approx(10, abs=0.5)


def test_before_any_evidence_it_counts_as_much_as_the_network() -> None:
    weights = prior_of((CoarserStep(Latest()), Naive()), batch_of(walk(), horizon=HORIZON, freq="h"), 0.02).weights
    assert weights[:, 0].tolist() == [1.0, 1.0, 0.02]
