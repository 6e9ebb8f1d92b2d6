"""Calendar of months and quarters: counted right, found where a series follows it, and nothing found where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.covariates import case_of
from tsattn.forecasting.baselines.simple import SeasonalMean
from tsattn.forecasting.ensemble.calendar_screen import find_events
from tsattn.forecasting.ensemble.covariate_regression import CovariateRegression, with_covariates
from tsattn.forecasting.ensemble.ensemble import combine
from tsattn.forecasting.ensemble.holdout import Pools
from tsattn.forecasting.ensemble.monthly_events import NAMES, counts_in
from tsattn.forecasting.predict import predict

AHEAD = 12
WORK, EASTER = NAMES.index("one more working day"), NAMES.index("days from Good Friday to Easter Monday")


def months(count: int, step: int = 1) -> np.ndarray:
    """The first months of `count` steps before 2024, and of those ahead."""
    return np.datetime64("2024-01") + step * np.arange(-count, AHEAD)


def output(days: np.ndarray, step: int = 1, count: int = 1, seed: int = 0, noise: float = 0.02) -> np.ndarray:
    """Values (S, N) with growth and a season, 4 % more for each working day and 15 % less for the days of Easter."""
    rng, place = np.random.default_rng(seed), np.arange(len(days))
    season = 0.1 * np.sin(2 * np.pi * place * step / 12)
    counts = counts_in(days, step)
    effect = 0.04 * counts[WORK] - 0.15 * counts[EASTER]
    return 1000 * np.exp(0.003 * place + season + effect + noise * rng.normal(size=(count, len(days))))


def names(values: np.ndarray, days: np.ndarray, season: int = 12) -> tuple[str, ...]:
    rows = np.arange(len(values))
    on = np.broadcast_to(days.astype("datetime64[D]"), values.shape)
    return find_events(values[:, :-AHEAD].astype(np.float32), on, Pools(((rows, rows),)), (season,)).names


def forecaster() -> CovariateRegression:
    made = with_covariates(combine(SeasonalMean(None), ("ridge", "state-space", "seasonal-naive")))
    assert isinstance(made, CovariateRegression)
    return made


def test_counts_of_months_are_those_of_the_calendar():
    found = dict(zip(NAMES, counts_in(np.array(["2024-02", "2024-03", "2023-02", "1900-02"], "datetime64[M]"), 1), strict=True))
    np.testing.assert_allclose(found["one more working day"], [21 - 145 / 7, 21 - 155 / 7, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found["one more Sunday"], [4 - 29 / 7, 5 - 31 / 7, 0, 0], atol=1e-12)
    np.testing.assert_array_equal(found["29 February"], [1, 0, 0, 0])
    # Easter Sunday is 31 March 2024
    np.testing.assert_array_equal(found["days from Good Friday to Easter Monday"], [0, 3 / 4, 0, 0])
    np.testing.assert_array_equal(found["two weeks before Easter"], [0, 1, 0, 0])


def test_counts_of_quarters_are_the_sums_of_their_months():
    quarters = np.array(["2023-10", "2023-12", "2024-01", "2024-02", "2024-04"], "datetime64[M]")
    parts = sum(counts_in(quarters + k, 1) for k in range(3))
    np.testing.assert_allclose(counts_in(quarters, 3), parts, atol=1e-12)


@pytest.mark.parametrize("count", [1, 5])
def test_when_months_follow_working_days_and_easter_then_both_are_found(count):
    days = months(120)
    assert set(names(output(days, count=count), days)) == {NAMES[WORK], NAMES[EASTER]}


def test_when_quarters_follow_working_days_and_easter_then_both_are_found():
    days = months(60, 3)
    assert set(names(output(days, 3), days, 4)) == {NAMES[WORK], NAMES[EASTER]}
    # of quarters that begin in February, one always holds Easter
    assert names(output(days + 1, 3), days + 1, 4) == (NAMES[WORK],)


def test_when_one_series_of_many_follows_working_days_then_it_is_found():
    days = months(120)
    others = 100 * np.exp(0.03 * np.random.default_rng(1).normal(size=(12, len(days))))
    assert names(others, days) == ()
    assert NAMES[WORK] in names(np.concatenate([output(days), others]), days)


@pytest.mark.parametrize("kind", ["noise", "walk", "season", "heavy tails", "counts"])
def test_when_months_follow_no_calendar_then_hardly_any_series_shows_one(kind):
    found = []
    for seed in range(30):
        rng, days = np.random.default_rng(seed), months((60, 120, 240)[seed % 3])
        shape = (1, len(days))
        values = {
            "noise": rng.normal(100, 10, shape),
            "walk": np.cumsum(rng.normal(size=shape), 1),
            "season": 100 * np.exp(np.resize(0.2 * rng.normal(size=12), len(days)) + 0.03 * rng.normal(size=shape)),
            "heavy tails": 100 * np.exp(0.1 * rng.standard_t(2, shape)),
            "counts": rng.poisson(0.4, shape),
        }[kind]
        found.append(names(values, days) != ())
    assert sum(found) <= 1


def test_when_the_history_is_shorter_than_five_years_then_nothing_is_searched():
    days = months(59)
    assert names(output(days), days) == ()


@pytest.mark.parametrize("alias", ["MS", "ME"])
def test_when_working_days_differ_then_the_forecast_follows_them(alias):
    days = months(120)
    start = str(days[0].astype("datetime64[D]") if alias == "MS" else (days[0] + 1).astype("datetime64[D]") - 1)
    case = case_of(output(days, count=3), np.zeros((3, len(days), 0)), AHEAD, alias, [], start=start)
    truth, errors = output(days, noise=0.0)[0, -AHEAD:], []
    for dates in (True, False):
        made = forecaster()
        made.days = dates
        errors.append(np.abs(predict(made, case.panel, horizon=AHEAD)[0].median / truth - 1).mean())
        effects = {effect.name: effect for effect in made.effects(case.panel)}
        if dates:
            assert effects[NAMES[WORK]].effect == pytest.approx(np.expm1(0.04), abs=0.01)
            assert effects[NAMES[EASTER]].effect == pytest.approx(np.expm1(-0.15), abs=0.03)
            assert effects[NAMES[EASTER]].ahead == 2  # Easter Sunday is 31 March 2024, and Easter Monday lies in April
    assert errors[0] < 0.6 * errors[1]


def test_when_no_count_is_found_then_the_forecast_is_the_same_as_without_dates():
    days = months(120)
    values = 100 + 10 * np.random.default_rng(0).normal(size=(3, len(days)))
    case = case_of(values, np.zeros((3, len(days), 0)), AHEAD, "MS", [], start=str(days[0]))
    without = forecaster()
    without.days = False
    made = [predict(one, case.panel, horizon=AHEAD)[0].values for one in (forecaster(), without)]
    np.testing.assert_array_equal(*made)
