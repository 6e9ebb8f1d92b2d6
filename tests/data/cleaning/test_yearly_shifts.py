"""Level shifts of weeks and months that a yearly season hides: found soon, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.windows import batch_of
from tsattn.data.cleaning.prepare import LEVEL_SHIFT, prepared
from tsattn.data.cleaning.yearly_shifts import find_yearly_shifts

WEEKS, MONTHS = 365.25 / 7, 12.0


def series(length: int = 277, year: float = WEEKS, seed: int = 0, noise: float = 0.03, growth: float = 0.03) -> np.ndarray:
    """Series with a yearly wave of a tenth, a dip in one week of the year, growth and noise."""
    rng, t = np.random.default_rng(seed), np.arange(length)
    wave = 1 + 0.1 * np.cos(2 * np.pi * t / year)
    dip = np.where((year > MONTHS) & (t % round(year) == 51), 0.6, 1.0)
    return np.asarray(5000 * wave * dip * np.exp(growth * t / year + noise * rng.normal(size=length)))


def shifted(values: np.ndarray, ago: int, factor: float = 1.3) -> np.ndarray:
    return values * np.where(np.arange(len(values)) >= len(values) - ago, factor, 1.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ago", [8, 20, 40])
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_when_the_level_of_weeks_shifted_then_its_date_and_size_are_found(seed, ago, factor):
    values = shifted(series(seed=seed), ago, factor)
    (found,) = find_yearly_shifts(values.astype(np.float32)[None], WEEKS)
    assert abs(found.at - (len(values) - ago)) <= 2
    assert found.size == pytest.approx(np.log(factor), abs=0.06)


def test_a_shift_is_found_in_months_too():
    values = shifted(series(72, MONTHS), 7)
    (found,) = find_yearly_shifts(values.astype(np.float32)[None], MONTHS)
    assert found.at == 65


def autoregressive(seed: int, weight: float = 0.9) -> np.ndarray:
    z = np.random.default_rng(seed).normal(0, 0.06, 277)
    for t in range(1, 277):
        z[t] += weight * z[t - 1]
    return np.asarray(series(noise=0.0) * np.exp(z))


@pytest.mark.parametrize(
    "values",
    [
        series(),
        series(growth=0.3),
        shifted(series(), 3),  # too few values
        shifted(series(), 6) / shifted(np.ones(277), 2),  # back since two weeks
        shifted(series(), 12, 0.5) / shifted(np.ones(277), 1, 0.5),
        shifted(series(), 20, 1.05),  # small
        shifted(series(), 60),  # a year ago: the newest season shows it
        shifted(series(150), 20),  # too few years before it
        shifted(series(), 20) - 6000,  # a quantity that may be negative
        *(autoregressive(seed) for seed in range(5)),
        *(100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.05, 277))) for seed in range(5)),
    ],
)
def test_when_a_level_has_not_shifted_beyond_doubt_then_nothing_is_found(values):
    assert find_yearly_shifts(values.astype(np.float32)[None], WEEKS) == []


@pytest.mark.parametrize("level", [1.0, 1.3, 1.6])
@pytest.mark.parametrize(("months", "months_since"), [(6, 8), (12, 0), (12, 3), (18, 0)])
def test_when_the_year_before_was_a_slump_then_its_end_is_no_shift(months, months_since, level):
    values = series(62 + 5 + months + months_since, MONTHS)
    share = np.concatenate([np.ones(62), np.full(5, 0.1), np.linspace(0.15, level, months), np.full(months_since, level)])
    assert find_yearly_shifts((values * share).astype(np.float32)[None], MONTHS) == []


def test_when_steps_are_days_or_unknown_then_nothing_is_found():
    values = shifted(series(), 20).astype(np.float32)[None]
    assert find_yearly_shifts(values, 365.25) == find_yearly_shifts(values, 0.0) == []


def test_values_before_a_shift_are_scaled_and_it_is_recorded():
    values = shifted(series(), 20).astype(np.float32)
    batch = prepared(batch_of(values, freq="W-MON"))
    (found,) = find_yearly_shifts(values[None], WEEKS)
    np.testing.assert_allclose(batch.past_target[0, : found.at - 60], values[: found.at - 60] * np.exp(found.size), rtol=1e-5)
    np.testing.assert_array_equal(batch.past_target[0, found.at :], values[found.at :])
    assert batch.cleaning.of(LEVEL_SHIFT).ago.tolist() == [len(values) - found.at]
