"""Numbers in place of a missing value are found by the rest of their series, and values that may be meant are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tsattn.config import ReadOptions
from tsattn.data.cleaning.sentinels import find_sentinels, sentinels_of
from tsattn.data.reading.read import read

T = np.arange(400)
RNG = np.random.default_rng(0)
SENSOR = (30 + 8 * np.sin(T * 2 * np.pi / 24) + RNG.normal(0, 1, 400)).round(1)
CELSIUS = (8 + 14 * np.sin(T * 2 * np.pi / 200) + RNG.normal(0, 2, 400)).round(1)
FLOW = np.exp(RNG.normal(5, 1.2, 400)).round(1)
COUNTS = RNG.poisson(12, 400).astype(float)
PHASE, BLOCK, TWO = np.flatnonzero(T % 24 == 4), np.arange(60, 75), np.array([10, 200])


def hit(series: np.ndarray, at: np.ndarray, value: float) -> np.ndarray:
    series = series.copy()
    series[at] = value
    return series


@pytest.mark.parametrize("at", [PHASE, BLOCK, TWO], ids=["one phase", "a block", "twice"])
@pytest.mark.parametrize("code", [-9999.0, -999.0, 9999.0, 99999.0, 999.9, -999.9, -32768.0, 1e20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_when_a_code_lies_far_outside_a_series_then_it_is_a_sentinel(at, code, dtype):
    for series in (SENSOR, CELSIUS):
        values = hit(series, at, code).astype(dtype)
        found = find_sentinels(values, np.zeros(400, np.int32), 1)
        assert np.flatnonzero(found).tolist() == sorted(at)


@pytest.mark.parametrize("at", [PHASE, BLOCK], ids=["one phase", "a block"])
@pytest.mark.parametrize(
    ("series", "code"),
    [
        (SENSOR, -200.0),  # a code that is not of nines
        (SENSOR, 99.9),
        (CELSIUS, -99.9),
        (COUNTS, -999.0),
        (COUNTS, 999.0),
        (FLOW, -200.0),  # nearer than the flows' own range, but they never are negative
        (FLOW, -9999.0),
        (SENSOR, 65535.0),
        (SENSOR, -1000.0),  # no code at all, but exactly the same each time
        (SENSOR, 5000.0),
        (CELSIUS, 850.0),
    ],
)
def test_when_a_value_repeats_far_outside_a_measurement_then_it_is_a_sentinel(at, series, code):
    assert sentinels_of(hit(series, at, code)).tolist() == [code]


@pytest.mark.parametrize(("series", "at", "code"), [(SENSOR, [40], -777.0), (SENSOR, [40, 90], -99.9), (CELSIUS, [3, 90], -99.9)])
def test_when_a_negative_code_occurs_once_or_twice_far_below_a_series_then_it_is_a_sentinel(series, at, code):
    assert sentinels_of(hit(series, np.array(at), code)).tolist() == [code]


def test_when_a_negative_code_occurs_once_near_a_series_then_it_is_none():
    assert sentinels_of(hit(CELSIUS * 20, np.array([40]), -777.0)).tolist() == []


def test_when_there_are_two_codes_and_a_gross_error_then_both_codes_are_found():
    values = hit(hit(hit(SENSOR, PHASE, -9999), BLOCK, 9999), np.array([300]), 1e9)
    assert sorted(sentinels_of(values).tolist()) == [-9999, 9999]


def test_when_most_of_a_series_is_a_code_then_it_still_is_one():
    assert sentinels_of(hit(SENSOR, np.flatnonzero(T % 10 > 0), -200)).tolist() == [-200]


LEGITIMATE = {
    "counts that grow to 999": np.rint(np.linspace(400, 999, 300)),
    "counts around 999": RNG.integers(950, 1050, 300).astype(float),
    "one count of 999 among counts": hit(COUNTS, np.array([77]), 999),
    "frost": hit(CELSIUS, np.arange(90, 95), -20),
    "a temperature of -20 that repeats": hit((2 * CELSIUS).round(), PHASE, -20),
    "a price of 9999 among thousands": hit(RNG.integers(60, 120, 300) * 100.0, np.array([5, 50, 90]), 9999),
    "prices that end in nines": RNG.choice([499.0, 599.0, 799.0, 999.0, 1299.0], 300),
    "a price raised to 999": np.where(np.arange(300) < 200, RNG.choice([599.0, 649.0, 699.0, 749.0], 300), 999.0),
    "zeros": hit(SENSOR + 500, PHASE, 0),
    "a shop that is closed on Sundays": np.where(np.arange(300) % 7 == 6, 0, RNG.normal(500, 20, 300).round(2)),
    "one sale ever": hit(np.zeros(300), np.array([200]), 999),
    "rare bulk orders": hit(RNG.poisson(0.5, 300).astype(float), np.arange(0, 300, 30), 48),
    "returns": np.append(RNG.normal(0, 300, 300).round(1), -999.9),
    "a heavy tail": np.append(np.exp(RNG.normal(3, 2, 3000)).round(), [999, 999, 999]),
    "power below zero when it stands": hit(np.abs(RNG.normal(500, 200, 300)).round(1), PHASE[PHASE < 300], -5),
    "two levels": np.where(np.arange(300) % 2, 20.0, 60.0),
    "a new level": np.where(np.arange(300) < 200, SENSOR[:300], 999 + SENSOR[:300]),
    "too little to tell": np.array([1.0, 2.0, 3.0, -999.0]),
    "growth by ten orders of magnitude": np.exp(np.arange(300) / 13),
    "codes alone": np.full(50, -999.0),
}


@pytest.mark.parametrize("name", LEGITIMATE)
@pytest.mark.parametrize("sign", [1, -1])
def test_when_values_may_be_meant_then_none_is_a_sentinel(name, sign):
    if sign < 0 and name not in ("frost", "zeros", "two levels", "returns", "codes alone", "too little to tell"):
        pytest.skip("a negative code beside values that never are negative is one")
    values = sign * LEGITIMATE[name]
    assert sentinels_of(values).tolist() == []
    assert not find_sentinels(values, np.zeros(len(values), np.int64), 1).any()


def test_when_many_series_are_mixed_then_each_is_judged_by_itself():
    big = SENSOR * 300
    values = np.stack([hit(SENSOR, PHASE, 9999), hit(big, PHASE, 9999), hit(SENSOR, BLOCK, np.nan), np.full(400, np.nan)], 1)
    found = find_sentinels(values.ravel(), np.tile(np.arange(4), 400), 5).reshape(400, 4)
    assert np.flatnonzero(found[:, 0]).tolist() == PHASE.tolist()
    assert not found[:, 1:].any()


def frame(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"time": pd.date_range("2024-05-06", periods=len(values), freq="h"), "co": values})


@pytest.mark.parametrize(("at", "code"), [(PHASE, -9999.0), (BLOCK, -999.0), (PHASE, -200.0), (BLOCK, 5000.0)])
def test_when_a_file_holds_sentinels_then_it_is_read_as_with_empty_cells_and_the_report_says_so(at, code):
    panel, report = read(frame(hit(SENSOR, at, code)))
    empty, _ = read(frame(hit(SENSOR, at, np.nan)))
    np.testing.assert_array_equal(panel.target, empty.target)
    (repair,) = [one for one in report.repaired if "stands for a missing value" in one.what]
    assert repair.what == f"{code:g} stands for a missing value"
    assert (repair.count, repair.columns) == (len(at), 1)
    assert repair.where.startswith("column 'co', ")
    assert repair.where.endswith(f"row {at[0] + 1}")
    assert report.missing == len(at)


def test_when_the_user_names_the_missing_markers_then_no_other_value_is_taken_for_one():
    panel, report = read(frame(hit(SENSOR, PHASE, -200.0)), ReadOptions(missing=("n/a",)))
    assert panel.target.min() == -200
    assert not any("stands for" in one.what for one in report.repaired)


CIRCLE = RNG.integers(0, 36, 400) * 10.0
PHASES = (T // 6 % 8 + 1).astype(float)


@pytest.mark.parametrize("at", [PHASE, TWO], ids=["one phase", "twice"])
@pytest.mark.parametrize("series", [CIRCLE, CIRCLE - 180], ids=["0 to 360", "-180 to 180"])
def test_when_a_code_lies_outside_the_circle_that_angles_fill_then_it_is_a_sentinel(series, at):
    assert sentinels_of(hit(series, at, 999.0)).tolist() == [999.0]


def test_when_values_do_not_fill_a_circle_then_a_code_three_times_as_large_is_a_value():
    assert not len(sentinels_of(hit(np.round(CIRCLE / 2 + 180), TWO, 999.0)))
    assert not len(sentinels_of(hit(CIRCLE, TWO, 980.0)))


@pytest.mark.parametrize("at", [[40], TWO, PHASE], ids=["once", "twice", "one phase"])
def test_when_a_code_has_two_digits_more_than_phases_then_it_is_a_sentinel(at):
    assert sentinels_of(hit(PHASES, at, 999.0)).tolist() == [999.0]


def test_when_counts_are_few_or_only_a_tenth_of_a_code_then_the_code_occurring_once_is_a_value():
    assert not len(sentinels_of(hit(PHASES[:30], [12], 999.0)))
    assert not len(sentinels_of(hit(COUNTS, [40], 999.0)))
    assert not len(sentinels_of(hit(np.zeros(400), [40], 999.0)))


RAIN = np.round(RNG.integers(0, 8, 400) / 100, 2)


def test_missing_rain_in_inches_is_a_sentinel_and_a_price_is_not():
    assert sentinels_of(hit(RAIN, PHASE, 99.99)).tolist() == [99.99]
    assert not len(sentinels_of(hit(RAIN, np.array([10]), 99.99)))
    prices = RNG.choice([0.99, 1.99, 2.99, 3.49], 400)
    assert not len(sentinels_of(hit(prices, PHASE, 99.99)))
    assert not len(sentinels_of(hit(np.round(RAIN * 100, 0), PHASE, 99.99)))
