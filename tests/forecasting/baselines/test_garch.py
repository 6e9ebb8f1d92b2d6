"""Random walks whose volatility clusters: the interval follows the volatility; other series get no forecast from a member."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forecasting.ensemble.test_ensemble import batch_of
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.garch import FEWEST, Garch
from tsattn.forecasting.baselines.simple import Naive

NAN = float("nan")
MEDIAN = 4


def returns(rng: np.random.Generator, length: int, reaction: float = 0.1, persistence: float = 0.97) -> tuple[np.ndarray, float]:
    """GARCH(1,1) returns with normal shocks and a long-run standard deviation of 1, and that of the next one."""
    found, variance = np.zeros(length), 1.0
    for i in range(length):
        found[i] = np.sqrt(variance) * rng.standard_normal()
        variance = 1 - persistence + reaction * found[i] ** 2 + (persistence - reaction) * variance
    return found, float(np.sqrt(variance))


def price(changes: np.ndarray) -> np.ndarray:
    return 50 * np.exp(0.01 * changes.cumsum())


def forecast(*series: np.ndarray, horizon: int = 10, freq: str = "B", only: bool = False) -> np.ndarray:
    return Garch(only=only).predict(batch_of(*series, horizon=horizon, freq=freq))


def widths(values: np.ndarray) -> np.ndarray:
    return values[..., 8] - values[..., 0]


def test_the_interval_of_the_next_step_follows_the_volatility():
    rng = np.random.default_rng(0)
    made = [returns(rng, 800) for _ in range(40)]
    found = forecast(*(changes.cumsum() for changes, _ in made), horizon=1)
    ratio = np.log(widths(found)[:, 0] / (2 * 1.2816)) - np.log([sigma for _, sigma in made])
    assert np.std(np.log([sigma for _, sigma in made])) > 0.2
    assert np.std(ratio) < 0.12
    assert abs(ratio.mean()) < 0.05


def test_the_variance_returns_to_its_long_run_value():
    rng = np.random.default_rng(1)
    usual = returns(rng, 700)[0]
    turbulent, quiet = (np.concatenate([usual, size * rng.standard_normal(30)]).cumsum() for size in (3.0, 0.3))
    high, low = (widths(forecast(y, horizon=60)[0]) for y in (turbulent, quiet))
    assert high[0] > 4 * low[0]
    assert high[-1] < 3 * low[-1]
    assert high[39] < 0.9 * np.sqrt(40) * high[0]
    assert low[39] > 1.2 * np.sqrt(40) * low[0]


def test_when_the_variance_is_constant_then_the_interval_grows_with_the_root_of_the_horizon():
    y = np.random.default_rng(2).standard_normal(900).cumsum()
    found = widths(forecast(y, horizon=50)[0])
    np.testing.assert_allclose(found / found[0], np.sqrt(np.arange(1, 51)), rtol=0.05)


def test_when_prices_cluster_then_intervals_cover_after_quiet_and_turbulent_weeks_alike_and_beat_naive():
    rng = np.random.default_rng(3)
    panel = Panel.from_arrays([price(returns(rng, 900)[0]) for _ in range(15)], freq="B")
    inside, recent = [], []

    def keep(name, origins, truth, values):
        if name == "garch":
            inside.append(((truth >= values[..., 0]) & (truth <= values[..., -1])).mean(1))
            ends = [panel.target[row - 15 : row] for row in origins.row]
            recent.append([np.diff(np.log(end)).std() for end in ends])

    scores = backtest([Naive(), Garch()], panel, horizon=5, windows=12, step=20, on_windows=keep)
    covered, order = np.concatenate(inside), np.concatenate(recent).argsort()
    assert scores.score("garch", "WQL") < 0.985 * scores.score("naive", "WQL")
    quiet, turbulent = covered[order[:60]].mean(), covered[order[-60:]].mean()
    assert turbulent > 0.7
    assert abs(quiet - turbulent) < 0.12


def test_when_changes_scale_with_the_level_then_intervals_do_and_stay_positive():
    y = price(3 * returns(np.random.default_rng(4), 600)[0])
    found, scaled = forecast(y, horizon=60)[0], forecast(1000 * y, horizon=60)[0]
    np.testing.assert_allclose(scaled, 1000 * found, rtol=1e-3)
    assert found.min() > 0
    assert (found[-1, 8] - found[-1, MEDIAN]) > 1.3 * (found[-1, MEDIAN] - found[-1, 0])
    np.testing.assert_allclose(found[:, MEDIAN], y[-1], rtol=1e-4)


def test_when_changes_do_not_scale_with_the_level_then_the_interval_is_symmetric():
    y = returns(np.random.default_rng(5), 600)[0].cumsum()
    y += 10 - y.min()
    found = forecast(y, horizon=20)[0]
    np.testing.assert_allclose(found[-1, 8] - found[-1, MEDIAN], found[-1, MEDIAN] - found[-1, 0], rtol=0.05)
    assert np.isfinite(forecast(y - 100)).all()


def test_when_the_newest_values_are_missing_then_the_interval_grows_from_the_last_observation():
    y = np.random.default_rng(6).standard_normal(400).cumsum()
    whole = forecast(y, horizon=12)[0]
    cut = np.concatenate([y, np.full(4, NAN)])
    np.testing.assert_allclose(forecast(cut, horizon=8)[0], whole[4:], atol=0.01)


def test_a_change_over_a_gap_counts_as_the_sum_of_its_steps():
    y = np.random.default_rng(7).standard_normal(1000).cumsum()
    sparse = np.where(np.arange(1000) % 3 == 0, y, NAN)
    np.testing.assert_allclose(widths(forecast(sparse)[0])[:3], widths(forecast(y)[0])[:3], rtol=0.15)


def test_one_crash_is_no_new_regime():
    changes = returns(np.random.default_rng(8), 500, reaction=0.06)[0]
    changes[-10] = -30.0
    before, after = (widths(forecast(price(some))[0])[0] / price(some)[-1] for some in (changes[:-10], changes))
    assert after < 2.5 * before


def seasonal(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(700)
    return 50 + 10 * np.sin(2 * np.pi * t / 5) + rng.standard_normal(700) * (1 + (t // 60) % 2)


SERIES = {
    "a season": seasonal,
    "noise around a level": lambda rng: 50 + returns(rng, 700)[0],
    "a smooth series": lambda rng: returns(rng, 700)[0].cumsum().cumsum(),
    "a random walk of constant variance": lambda rng: 500 + rng.standard_normal(700).cumsum(),
    "a short walk": lambda rng: returns(rng, FEWEST)[0].cumsum(),
    "bursts between rests": lambda rng: np.where(np.arange(700) % 70 < 28, returns(rng, 700)[0].cumsum(), 0.0),
    "a constant": lambda rng: np.full(700, 5.0),
}


@pytest.mark.parametrize("kind", SERIES)
def test_a_member_has_no_forecast_of_a_series_without_volatility_clusters_or_with_another_pattern(kind):
    rng = np.random.default_rng(9)
    series = [SERIES[kind](rng) for _ in range(10)]
    assert np.isnan(forecast(*series, only=True)).all((1, 2)).mean() >= 0.9
    assert np.isfinite(forecast(*series)).all()


def test_a_member_forecasts_prices_whose_volatility_clusters():
    rng = np.random.default_rng(10)
    batch = batch_of(*(price(returns(rng, 700)[0]) for _ in range(10)), horizon=5, freq="B")
    assert np.isfinite(Garch(only=True).predict(batch)).all()
    assert np.median(Garch().support(batch)) > 0.7


@pytest.mark.parametrize(
    "y",
    [
        np.zeros(100),
        np.where(np.arange(200) % 7, 0.0, 3.0),
        1e30 * np.arange(1.0, 200),
        np.concatenate([np.full(150, NAN), [4.0]]),
        np.arange(3.0),
    ],
)
def test_when_series_are_odd_then_forecasts_are_finite(y):
    found = forecast(y)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()


def test_when_a_long_season_hides_in_noisy_changes_then_a_member_has_no_forecast():
    rng, t = np.random.default_rng(11), np.arange(960)
    day = returns(rng, 96)[0].cumsum()
    series = [(day - np.linspace(day[0], day[-1], 96))[t % 96] + 0.3 * returns(rng, 960)[0] for _ in range(4)]
    assert np.isnan(forecast(*series, freq="15min", only=True)).all()
