"""Changes of unit within a series are reported, and level shifts, trends, seasons and noise are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tsattn
from tsattn.data.cleaning.unit_changes import find_unit_changes
from tsattn.data.panel import Panel

DAYS = 600
AT = 330


def temperature(seed: int = 0) -> np.ndarray:
    """Daily °C of two years."""
    rng, t = np.random.default_rng(seed), np.arange(DAYS)
    weather = np.convolve(rng.normal(0, 3, DAYS + 4), np.ones(5) / 5, "valid")
    return 14 - 10 * np.cos(2 * np.pi * t / 365.25) + weather


def found(*series: np.ndarray, freq: str = "D") -> list[tuple[int, int, str]]:
    panel = Panel.from_arrays([np.asarray(one, float) for one in series], freq=freq, start="2023-01-01")
    return [(one.item, one.row - int(panel.indptr[one.item]), one.conversion.said) for one in find_unit_changes(panel)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("factor", "offset", "said"),
    [
        (1.8, 32, "from °C to °F"),
        (1, 273.15, "from °C to K"),
        (1000, 0, "to a unit 1,000 times smaller"),
        (0.01, 0, "to a unit 100 times larger"),
    ],
)
def test_when_the_unit_changes_then_the_change_and_its_row_are_found(factor, offset, said, seed):
    plain = temperature(seed) + (0 if offset else 30)
    changed = np.where(np.arange(DAYS) >= AT, factor * plain + offset, plain)
    (one,) = found(plain, changed)
    assert one[:2] == (1, AT)
    assert one[2].startswith(said)


def test_when_values_are_missing_at_the_change_then_it_is_the_first_value_after_them():
    values = np.where(np.arange(DAYS) >= AT, 1.8 * temperature() + 32, temperature())
    values[AT - 3 : AT + 2] = np.nan
    assert [row for _, row, _ in found(values)] == [AT + 2]


@pytest.mark.parametrize("seed", range(10))
def test_when_only_the_level_shifts_or_only_the_spread_grows_then_nothing_is_found(seed):
    rng, late = np.random.default_rng(seed), np.arange(DAYS) >= AT
    shifted = temperature(seed) + np.where(late, 1.8 * 17 + 32 - 17, 0)  # the level of °F with the spread of °C
    spread = 20 + rng.normal(0, 2, DAYS) * np.where(late, 1.8, 1)
    doubled = rng.normal(100, 10, DAYS) * np.where(late, 2, 1)
    growing = 100 * np.exp(np.arange(DAYS) / 60 + rng.normal(0, 0.2, DAYS))
    switched = np.where(rng.random(DAYS) < 0.5, 20.0, 68.0) + rng.normal(0, 1, DAYS)
    rare = rng.poisson(0.3, DAYS) * rng.gamma(2, 20, DAYS)
    assert found(temperature(seed), shifted, spread, doubled, growing, switched, rare) == []


def test_when_the_new_unit_lasts_for_a_few_values_only_then_nothing_is_found():
    values = temperature()
    values[AT : AT + 10] = 1.8 * values[AT : AT + 10] + 32
    assert found(values) == []


def test_a_warning_names_the_series_the_date_and_the_conversion_and_the_values_stay():
    plain = temperature()
    values = np.where(np.arange(DAYS) >= AT, 1.8 * plain + 32, plain).round(1)
    frame = pd.DataFrame({"day": pd.date_range("2023-01-01", periods=DAYS), "north": plain, "south": values})
    read = tsattn.ingest(frame)
    (said,) = [one for one in read.report.warnings if "converted" in one]
    assert said.startswith("'south': from 2023-11-27 on, level and spread look converted from °C to °F")
    np.testing.assert_allclose(read.panel.history(1), values, rtol=1e-6)


def heat(years: int, off: float, seed: int = 0) -> np.ndarray:
    """Hourly heat demand, whose plant runs at the level `off` each August."""
    rng = np.random.default_rng(seed)
    stamps = pd.date_range("2023-01-01", f"{2022 + years}-12-31 23:00", freq="h")
    season = (
        50 + 30 * np.cos(2 * np.pi * stamps.dayofyear.to_numpy() / 365.25) + 6 * np.sin(2 * np.pi * stamps.hour.to_numpy() / 24)
    )
    demand = season + rng.normal(0, 2, len(stamps))
    return np.where(stamps.month == 8, off + rng.exponential(0.3, len(stamps)), demand)


@pytest.mark.parametrize("years", [1, 2, 3])
@pytest.mark.parametrize("off", [0.5, 1.5, 3.0])
def test_when_demand_is_off_in_august_then_nothing_is_found(years, off):
    assert found(heat(years, off), freq="h") == []


def test_when_the_unit_changes_and_changes_back_then_both_are_found():
    plain, t = temperature(), np.arange(DAYS)
    assert len(found(np.where((t >= 150) & (t < 400), 1.8 * plain + 32, plain))) == 2
