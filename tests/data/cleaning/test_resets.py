"""Resets of series that grow between them: found where no further one is expected soon, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from tsattn.data.cleaning.prepare import LEVEL_SHIFT, RESET, prepare
from tsattn.data.cleaning.resets import continued, find_resets

YEAR = 8766.0  # of hours


def sawtooth(resets: list[int], length: int = 720, drop: float = 50.0, noise: float = 0.0) -> np.ndarray:
    """A disk that fills by 0.1 to 0.3 an hour and is cleaned at some steps: (L,)."""
    rng = np.random.default_rng(0)
    steps = rng.uniform(0.1, 0.3, length)
    steps[resets] -= drop
    return (200 + np.cumsum(steps) + rng.normal(0, noise, length)).astype(np.float32)


def places(values: np.ndarray, horizon: int = 48, periods: tuple[int, ...] = (24, 168), year: float = YEAR) -> list[int]:
    return [one.at for one in find_resets(values[None], periods, year=year, horizon=horizon)]


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("resets", [[600], [710], [200, 460, 690], [200, 460, 719], [300, 600]])
def test_the_growth_goes_on_across_resets(resets: list[int], noise: float) -> None:
    values = sawtooth(resets, noise=noise)
    found = find_resets(values[None], (24, 168), year=YEAR, horizon=48)
    assert [one.at for one in found] == resets
    grown = continued(values[None], found)[0]
    np.testing.assert_array_equal(grown[resets[-1] :], values[resets[-1] :])
    steps = np.diff(grown)
    assert steps[np.array(resets) - 1] == pytest.approx(0.2, abs=0.2 + 4 * noise)
    np.testing.assert_allclose(
        np.delete(steps, np.array(resets) - 1), np.delete(np.diff(values), np.array(resets) - 1), atol=1e-3
    )


def test_a_tank_that_is_filled_falls_on() -> None:
    values = -sawtooth([200, 460, 690])
    assert places(values) == [200, 460, 690]
    assert np.diff(continued(values[None], find_resets(values[None], (24,), year=YEAR, horizon=48))[0]).max() < 0


def test_a_counter_that_restarts_is_found_with_gaps_in_it() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(400 * (1 + 0.6 * np.sin(2 * np.pi * np.arange(720) / 24)))
    values = np.cumsum(counts).astype(np.float32)
    values[500:] -= values[499]
    values[[100, 498, 503]] = np.nan
    assert places(values) == [500]


@pytest.mark.parametrize(
    "values",
    [
        sawtooth([]),
        sawtooth([718]),  # an error of measurement, perhaps
        sawtooth(list(range(24, 720, 24)), drop=4.8),  # each day
        sawtooth(list(range(100, 720, 40)), drop=8.0),  # again within the horizon
        sawtooth([130, 310, 500]),  # the next one is due within the horizon
        np.where(np.arange(720) < 700, 100.0, 100 + 900 * 0.9 ** (np.arange(720) - 700))
        + np.random.default_rng(0).normal(0, 1, 720),
        sawtooth([96])[:150],  # the next one may come as soon as the first
        sawtooth([100, 300, 400, 690])[:40],
        np.where(np.arange(720) % 130 < 60, 40.0, 0.0) + np.random.default_rng(0).normal(0, 0.1, 720),  # on and off
        np.random.default_rng(0).normal(0, 1, 720).cumsum() - 200 * (np.arange(720) >= 600),  # no growth
        100 * np.exp(0.002 * np.arange(720)) / np.where(np.arange(720) >= 600, 4, 1),  # a price after a split
        np.full(720, 3.0),
        np.full(720, np.nan),
    ],
    ids=lambda values: "",
)
def test_other_series_are_left_alone(values: np.ndarray) -> None:
    past = values.astype(np.float32)[None]
    assert find_resets(past, (24, 168), year=YEAR, horizon=48) == []
    assert continued(past, []) is past


def test_sums_of_a_month_or_a_year_to_date_are_left_alone_at_their_end() -> None:
    days = np.arange("2023-01-10", "2024-01-20", dtype="datetime64[D]")
    first = (days == days.astype("datetime64[M]")).nonzero()[0]
    month = sawtooth(first[1:].tolist(), len(days), drop=6.0)
    assert places(month, 14, (7,), 365.25) == []
    assert places(month, 7, (7,), 365.25) == first[1:].tolist()  # the month goes on for so long
    year = sawtooth(list(range(12, 100, 12)), 100, drop=2.4)
    assert places(year, 6, (12,), 12.0) == []


def test_preparing_continues_the_growth_and_records_the_resets() -> None:
    past = sawtooth([200, 460, 690])[None]
    made = prepare(past, (24, 168), year=YEAR, horizon=48)
    assert made.cleaning.of(RESET).ago.tolist() == [520, 260, 30]
    assert len(made.cleaning.of(LEVEL_SHIFT)) == 0
    assert np.diff(made.past[0]).min() > 0
    np.testing.assert_array_equal(prepare(past, (24, 168), year=YEAR, level_shifts=False, horizon=48).past, past)


@pytest.mark.parametrize("amplitude", [0.2, 0.5, 1.0])
def test_a_disk_with_a_daily_cycle_that_is_cleaned_once_grows_on(amplitude: float) -> None:
    found, t = 0, np.arange(720)
    for seed in range(20):
        values = 40 + 0.05 * t + amplitude * np.sin(2 * np.pi * t / 24) + np.random.default_rng(seed).normal(0, 0.05, len(t))
        values[650:] -= 30
        found += places(values.astype(np.float32)) == [650]
    assert found >= 19


def test_a_price_that_crashes_after_a_steady_rise_is_left_alone() -> None:
    taken = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        logs = np.cumsum(0.003 + 0.008 * rng.normal(size=500))
        logs[480:] -= rng.uniform(0.2, 0.5)
        taken += bool(places(100 * np.exp(logs).astype(np.float32), horizon=30, periods=(5,), year=252.0))
    assert taken <= 1
