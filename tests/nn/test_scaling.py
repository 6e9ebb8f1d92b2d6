"""Scaling and filling against NumPy and pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from tsattn.nn.scaling import MAD, forward_fill, masked_mean, masked_median, measure, measure_robust


def series(batch: int = 4, length: int = 50, missing: float = 0.2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal((batch, length)).cumsum(1) * 5 + 100
    y[rng.random(y.shape) < missing] = np.nan
    return y.astype(np.float32)


def measured(y: np.ndarray, period: list[int], prefix: int | None = None):
    seen = np.isfinite(y) & (np.arange(y.shape[1]) < (y.shape[1] if prefix is None else prefix))
    scale = measure(torch.from_numpy(np.nan_to_num(y)), torch.from_numpy(seen), torch.tensor(period))
    return {name: getattr(scale, name)[:, 0].numpy() for name in ("mean", "std", "step", "season", "count")}


def test_when_a_window_is_measured_then_its_units_are_those_of_its_observed_values():
    y, periods = series(), [7, 1, 24, 49]
    got = measured(y, periods)
    np.testing.assert_allclose(got["mean"], np.nanmean(y, 1), rtol=1e-6)
    np.testing.assert_allclose(got["std"], np.nanstd(y, 1), rtol=1e-5)
    np.testing.assert_array_equal(got["count"], np.isfinite(y).sum(1))
    for row, period in enumerate(periods):
        z = (y[row].astype(np.float64) - np.nanmean(y[row])) / np.nanstd(y[row])

        def naive(lag: int, z: np.ndarray = z) -> float:
            pairs = np.abs(z[lag:] - z[:-lag])
            return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else 1.0

        assert got["step"][row] == pytest.approx(naive(1), rel=1e-4)
        assert got["season"][row] == pytest.approx(min(naive(period), naive(16)), rel=1e-4)


def test_when_values_lie_beyond_the_prefix_then_they_do_not_count():
    y = series()
    changed = y.copy()
    changed[:, 30:] = 1e9
    first, second = measured(y, [7] * 4, 30), measured(changed, [7] * 4, 30)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


@pytest.mark.parametrize(
    ("y", "mean"),
    [
        ([np.nan] * 20, 0.0),
        ([np.nan] * 19 + [7.0], 7.0),
        ([5.0] * 20, 5.0),
        ([0.0] * 20, 0.0),
        ([1e12] * 10 + [3e12] * 10, 2e12),
        ([1e-12] * 10 + [3e-12] * 10, 2e-12),
        ([0.0] * 19 + [1.0], 0.05),
    ],
    ids=["all missing", "one value", "constant", "zero", "huge", "small", "a step at the end"],
)
def test_when_a_window_is_odd_then_its_units_are_finite_and_positive(y, mean):
    got = measured(np.float32([y]), [4])
    assert got["mean"][0] == pytest.approx(mean, rel=1e-5)
    for name in ("std", "step", "season"):
        assert np.isfinite(got[name][0])
        assert got[name][0] > 0


def test_when_values_are_masked_then_their_mean_is_that_of_the_rest():
    x, mask = torch.arange(12.0).view(3, 4), torch.tensor([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]).bool()
    assert masked_mean(x, mask)[:, 0].tolist() == [1.0, 0.0, 9.5]


@pytest.mark.parametrize("length", [1, 2, 3, 31, 32, 33, 100])
def test_when_values_are_missing_then_filling_agrees_with_pandas(length):
    y = series(6, length, missing=0.6, seed=length)
    y[0], y[1, : length // 2] = np.nan, np.nan
    seen = np.isfinite(y)
    got = forward_fill(torch.from_numpy(np.where(seen, y, -1.0)), torch.from_numpy(seen), y.shape[1]).numpy()
    wanted = pd.DataFrame(y.T).ffill().to_numpy().T
    np.testing.assert_array_equal(got, np.where(np.isfinite(wanted), wanted, -1.0))


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_when_values_are_masked_then_their_median_is_that_of_the_rest(length):
    y = series(6, length, missing=0.5, seed=length)
    y[0] = np.nan
    seen = np.isfinite(y)
    got = masked_median(torch.from_numpy(np.where(seen, y, 1e9).astype(np.float32)), torch.from_numpy(seen))[:, 0].numpy()
    for row in range(6):
        assert got[row] == pytest.approx(np.nanmedian(y[row]) if seen[row].any() else 0.0, rel=1e-6)


def test_when_scaling_is_robust_then_a_few_wild_values_hardly_move_it():
    rng = np.random.default_rng(0)
    y = (50 + 4 * rng.standard_normal((3, 400))).astype(np.float32)
    wild = y.copy()
    wild[:, ::20] = 1e6
    seen, period = torch.ones(3, 400, dtype=torch.bool), torch.ones(3, dtype=torch.int64)
    plain, hit = (measure_robust(torch.from_numpy(x), seen, period) for x in (y, wild))
    np.testing.assert_allclose(plain.mean[:, 0], np.median(y, 1), rtol=1e-6)
    np.testing.assert_allclose(plain.std[:, 0], MAD * np.median(np.abs(y - np.median(y, 1, keepdims=True)), 1), rtol=1e-5)
    np.testing.assert_allclose(plain.std, 4, rtol=0.1)
    assert float((hit.mean - plain.mean).abs().max()) < 1
    assert float((hit.std / plain.std).max()) < 1.2
    assert float(measure(torch.from_numpy(wild), seen, period).std.min()) > 1e5


def test_when_over_half_of_the_values_are_alike_then_the_deviation_stands_in_for_the_mad():
    y = torch.tensor([[0.0] * 15 + [4.0] * 5])
    scale = measure_robust(y, torch.ones_like(y, dtype=torch.bool), torch.ones(1, dtype=torch.int64))
    assert float(scale.mean) == 0
    assert float(scale.std) == pytest.approx(2.0)
