"""statsforecast's models as Forecasters. A stand-in takes the library's place, so that the extra is not needed; where it is
installed, the real one is tried too."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tsattn.data.panel import Panel
from tsattn.data.windows import WindowBatch, gather, last_origins
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.baselines.simple import SeasonalNaive

NAN = float("nan")
NAMES = ("auto-ets", "auto-theta", "auto-arima")


def windows(*series: list[float], horizon: int = 3) -> WindowBatch:
    panel = Panel.from_arrays([np.array(s, float) for s in series], freq="MS")
    return gather(panel, last_origins(panel), int(panel.lengths.max()), horizon, covariates=False)


class Library:
    """Answers like statsforecast's models, remembers what it was asked, and fails on histories with a -13 in them."""

    def __init__(self) -> None:
        self.asked: list[SimpleNamespace] = []

    def model(self, season_length: int) -> Library:
        self.season_length = season_length
        return self

    def forecast(self, y: np.ndarray, h: int, level: list[float]) -> dict[str, np.ndarray]:
        self.asked.append(SimpleNamespace(y=y, h=h, level=level, season_length=self.season_length))
        if -13 in y:
            raise ZeroDivisionError
        found = {"mean": np.full(h, y[-1])}
        for wide in level:
            found[f"lo-{wide}"], found[f"hi-{wide}"] = found["mean"] - wide, found["mean"] + wide
        return found


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    stand_in, models, package = Library(), ModuleType("statsforecast.models"), ModuleType("statsforecast")
    for name in ("AutoETS", "AutoTheta", "AutoARIMA"):
        setattr(models, name, stand_in.model)
    package.models = models  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "statsforecast", package)
    monkeypatch.setitem(sys.modules, "statsforecast.models", models)
    return stand_in


@pytest.mark.parametrize("name", NAMES)
def test_quantiles_are_the_ends_of_intervals(name: str, library: Library) -> None:
    values = baseline(name, quantiles=(0.05, 0.1, 0.5, 0.9)).predict(windows(list(range(30))))
    np.testing.assert_allclose(values[0, 0], [29 - 90, 29 - 80, 29, 29 + 80])
    assert library.asked[0].level == [80, 90]
    assert library.asked[0].season_length == 12


def test_missing_values_are_interpolated_and_leading_ones_cut(library: Library) -> None:
    baseline("auto-ets").predict(windows([NAN, 1, 2, NAN, NAN, 5, 6, NAN]))
    assert library.asked[0].y.tolist() == [1, 2, 3, 4, 5, 6, 6]


def test_a_history_of_less_than_two_cycles_is_fitted_without_a_season(library: Library) -> None:
    baseline("auto-ets").predict(windows(list(range(24))))
    assert library.asked[0].season_length == 1


def test_where_the_library_fails_the_window_gets_seasonal_naive_and_is_counted(library: Library) -> None:
    batch = windows([-13, *range(29)], list(range(30)), [1, 2])
    forecaster = baseline("auto-arima")
    values = forecaster.predict(batch)
    plain = SeasonalNaive().predict(batch)
    np.testing.assert_array_equal(values[[0, 2]], plain[[0, 2]])
    assert (values[1] != plain[1]).any()
    assert forecaster.fallbacks == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", NAMES)
def test_the_real_library_forecasts_a_seasonal_series(name: str) -> None:
    pytest.importorskip("statsforecast", reason="an extra: pip install tsattn[stats]")
    season = 50 + 10 * np.sin(2 * np.pi * np.arange(60) / 12)
    forecaster = baseline(name, 12)
    values = forecaster.predict(windows((season[:48] + np.random.default_rng(0).normal(size=48)).tolist(), horizon=12))
    assert forecaster.fallbacks == 0  # type: ignore[attr-defined]
    assert np.abs(values[0, :, 4] - season[48:]).mean() < 4
