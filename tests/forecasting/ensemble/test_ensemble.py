"""Ensembles: nothing leaks, the better member gets the weight, short and odd histories stay sane, widths cover."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.forecasting.echo import Echo
from tests.forecasting.windows import NAN, batch_of
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, gather, last_origins
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import MEMBERS, member
from tsattn.forecasting.baselines.simple import Naive, SeasonalNaive
from tsattn.forecasting.ensemble.calibration import Shrinkage
from tsattn.forecasting.ensemble.ensemble import Ensemble, combine
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.forecasting.predict import predict
from tsattn.forecasting.quantiles import normal_scores

MEDIAN = 4


@dataclass
class Level:
    """A stand-in for a network: the mean of its context, with a spread that is `wide` times what was seen."""

    wide: float = 1.0
    context: int | None = 32
    name: str = "network"
    quantiles: tuple[float, ...] = DEFAULT_QUANTILES
    covariates: bool = False
    calls: int = 0

    def predict(self, batch: WindowBatch) -> np.ndarray:
        self.calls += 1
        seen = ~np.isnan(batch.past_target)
        count = np.maximum(seen.sum(1), 1)
        past = np.where(seen, batch.past_target, 0.0).astype(np.float64)
        mean = past.sum(1) / count
        spread = np.sqrt((np.where(seen, past - mean[:, None], 0.0) ** 2).sum(1) / count)
        one = mean[:, None] + self.wide * spread[:, None] * normal_scores(self.quantiles)
        return np.repeat(one[:, None], batch.horizon, 1).astype(np.float32)


def waves(rng: np.random.Generator, count: int, length: int, noise: float = 0.3) -> list[np.ndarray]:
    t = np.arange(length)
    return [10 + 3 * np.sin(2 * np.pi * (t / 24 + rng.random())) + noise * rng.normal(size=length) for _ in range(count)]


def test_the_better_member_gets_the_weight() -> None:
    ensemble = combine(Level(), ("naive", "seasonal-naive"))
    ensemble.predict(batch_of(*waves(np.random.default_rng(0), 3, 400), horizon=24, freq="h"))
    assert ensemble.report().weights["seasonal-naive"] > 0.95
    assert ensemble.report().windows == 3


@pytest.mark.parametrize("pooled", [True, False])
def test_when_noise_grows_with_the_level_then_the_interval_follows_it(pooled) -> None:
    rng, t = np.random.default_rng(5), np.arange(614)
    whole = np.exp(3 + 0.002 * t + rng.normal(0, 0.1, (60, 614)))
    batch = batch_of(*whole[:, :600], horizon=64)
    batch = replace(batch, cutoff=np.zeros(60) if pooled else None)
    found = combine(Level(context=600), ("seasonal-mean", "holt", "ridge"), season_length=7).predict(batch)[:, :14]
    truth = whole[:, 600:]
    assert 0.76 < ((truth >= found[..., 0]) & (truth <= found[..., -1])).mean() < 0.86


def test_equally_good_members_share() -> None:
    ensemble = combine(Level(), ("ridge",), shrinkage=Shrinkage(favour=1.0))
    ensemble.predict(batch_of(*np.random.default_rng(1).normal(5, 1, (20, 400)), horizon=12))
    assert 0.2 < ensemble.report().weights["ridge"] < 0.8


def test_where_little_is_known_the_network_counts_for_more() -> None:
    noise = np.random.default_rng(1).normal(5, 1, (20, 400))
    alone = combine(Level(), ("ridge",))
    alone.predict(batch_of(*noise, horizon=12))
    pooled = combine(Level(), ("ridge",))
    pooled.predict(replace(batch_of(*noise, horizon=12), cutoff=np.zeros(20, "datetime64[us]")))
    assert alone.report().weights["ridge"] < 0.15 < pooled.report().weights["ridge"]


def test_the_ensemble_is_about_as_good_as_its_best_member_wherever_that_is() -> None:
    rng = np.random.default_rng(2)
    kinds = {
        "waves": (waves(rng, 10, 500), "h"),
        "walks": (list(rng.normal(size=(10, 500)).cumsum(1)), "h"),
        "noise": (list(rng.normal(4, 1, (10, 500))), "h"),
    }
    for series, freq in kinds.values():
        panel = Panel.from_arrays(series, freq=freq)
        alone = [member(name, None, DEFAULT_QUANTILES) for name in MEMBERS]
        ensemble = combine(Level())
        scores = backtest([Level(), *alone, ensemble], panel, horizon=24, windows=4)
        best = min(scores.score(name, "WQL") for name in scores.models[:-1])
        assert scores.score(ensemble.name, "WQL") < 1.06 * best


def test_garbage_after_the_origin_changes_not_a_bit() -> None:
    rng = np.random.default_rng(3)
    kept = Panel.from_arrays(waves(rng, 4, 420), freq="h")
    cut = kept.indptr[:-1] + np.array([380, 300, 390, 360])
    spoiled = replace(kept, target=kept.target.copy())
    for end, stop in zip(cut, kept.indptr[1:], strict=True):
        spoiled.target[end:stop] = 1e30
    origins = Origins(np.arange(4), cut)
    values = [predict(combine(Level()), panel, horizon=24, origins=origins)[0].values for panel in (kept, spoiled)]
    np.testing.assert_array_equal(*values)


def test_no_window_of_a_batch_learns_from_a_later_one() -> None:
    panel = Panel.from_arrays(waves(np.random.default_rng(4), 3, 420), freq="h")
    early, late = panel.indptr[:-1] + 300, panel.indptr[:-1] + 372
    spoiled = replace(panel, target=panel.target.copy())
    for start in early:
        spoiled.target[start : start + 72] *= -40
    both = Origins(np.tile(np.arange(3), 2), np.concatenate([early, late]))
    values = [predict(combine(Level()), p, horizon=24, origins=both)[0].values for p in (panel, spoiled)]
    np.testing.assert_array_equal(values[0][:3], values[1][:3])
    assert not np.array_equal(values[0][3:], values[1][3:])


def test_held_back_windows_hide_what_followed_and_keep_known_covariates_at_their_rows() -> None:
    seen: list[WindowBatch] = []

    class Spy(Echo):
        def predict(self, batch: WindowBatch) -> np.ndarray:
            seen.append(batch)
            return super().predict(batch)

    panel = Panel.from_arrays([np.arange(100.0, 160.0)], freq="h", start="2024-01-01")
    batch = gather(panel, Origins(np.array([0]), np.array([50])), 50, 8)
    Ensemble(Spy(context=20), [Naive(quantiles=(0.1, 0.5, 0.9))], origins=3).predict(batch)
    target = np.concatenate([one.past_target for one in seen])
    known = np.concatenate([one.known for one in seen])
    for row, shift in enumerate((0, 8, 16, 24)):
        np.testing.assert_array_equal(target[row], np.arange(130, 150) - shift)
        np.testing.assert_array_equal(known[row], batch.known[0, 30 - shift : 58 - shift])
    assert all(np.isnan(one.future_target).all() for one in seen[1:])


def test_the_network_runs_in_few_calls() -> None:
    network = Level()
    combine(network, ("naive",), origins=5).predict(batch_of(*waves(np.random.default_rng(5), 80, 300), horizon=24))
    assert network.calls == 1


def test_when_the_history_is_too_short_then_the_network_stands_alone() -> None:
    network, batch = Level(), batch_of([3.0, 4.0, 5.0], horizon=6)
    ensemble = combine(network)
    np.testing.assert_array_equal(ensemble.predict(batch), np.maximum(network.predict(batch), 0))
    report = ensemble.report()
    assert (report.alone, report.weights["network"], str(report)) == (1, 1.0, "weights: network 1")


def test_a_short_series_leans_on_the_other_items() -> None:
    rng = np.random.default_rng(6)
    panel = Panel.from_arrays([*waves(rng, 8, 400), *waves(rng, 1, 50)], freq="h")
    batch = replace(gather(panel, last_origins(panel), 400, 24), cutoff=np.zeros(9, "datetime64[us]"))
    found = combine(Level(), ("seasonal-naive",)).predict(batch)[-1, :, MEDIAN]
    np.testing.assert_allclose(found, SeasonalNaive().predict(batch)[-1, :, MEDIAN], atol=0.3)


@pytest.mark.parametrize("wide", [0.4, 1.0, 3.0])
def test_widths_are_calibrated(wide: float) -> None:
    rng = np.random.default_rng(7)
    series = rng.normal(50, 5, (60, 400))
    panel = Panel.from_arrays(list(series), freq="h")
    ensemble = combine(Level(wide=wide, context=100), ("naive",))
    scores = backtest([ensemble], panel, horizon=12, windows=1)
    assert 0.75 < scores.score(ensemble.name, "coverage") < 0.86  # 720 values: a standard error of 0.015


ODD = {
    "constant": np.full(300, 5.0),
    "zero": np.zeros(300),
    "one spike": np.where(np.arange(300) == 200, 1e6, 1.0),
    "three points": np.array([1.0, 2.0, 4.0]),
    "one point": np.array([7.0]),
    "all missing but two": np.where(np.isin(np.arange(300), (10, 250)), 3.0, NAN),
    "missing at the end": np.where(np.arange(300) < 270, np.sin(np.arange(300)), NAN),
    "huge": np.random.default_rng(8).normal(size=300).cumsum() * 1e12,
    "tiny": np.random.default_rng(8).normal(size=300).cumsum() * 1e-12,
    "step": np.where(np.arange(300) < 250, 1.0, 100.0),
    "counts": np.random.default_rng(9).poisson(0.3, 300).astype(float),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("horizon", [1, 30])
def test_odd_input_stays_sane(kind: str, horizon: int) -> None:
    y = ODD[kind]
    found = combine(Level()).predict(batch_of(y, horizon=horizon, freq="h"))[0]
    assert found.shape == (horizon, 9)
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= -1e-6 * np.nanmax(np.abs(y))).all()
    reach = np.nanmax(y) - np.nanmin(y) + 1e-30
    assert found[:, MEDIAN].min() >= np.nanmin(y) - 3 * reach
    assert found[:, MEDIAN].max() <= np.nanmax(y) + 3 * reach
    if np.nanmin(y) >= 0:
        assert found.min() >= 0


def test_the_scale_changes_nothing() -> None:
    walk = np.random.default_rng(8).normal(size=300).cumsum()
    plain, huge, tiny = (combine(Level()).predict(batch_of(walk * s, horizon=12, freq="h")) / s for s in (1, 1e12, 1e-12))
    np.testing.assert_allclose(huge, plain, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(tiny, plain, rtol=1e-3, atol=1e-3)


def test_a_straight_line_drifts_on_and_a_sine_waves_on() -> None:
    t = np.arange(424)
    line, wave = 2.0 + 0.25 * t, 4 + np.sin(2 * np.pi * t / 24)
    found = combine(Level()).predict(batch_of(line[:400], wave[:400], horizon=24, freq="h"))[..., MEDIAN]
    np.testing.assert_allclose(found[0], line[400:], rtol=0.005)
    np.testing.assert_allclose(found[1], wave[400:], atol=0.02)


def test_unknown_members_are_named_and_none_means_the_network_itself() -> None:
    network = Level()
    assert combine(network, ()) is network
    with pytest.raises(ConfigError) as error:
        combine(network, ("rigde",))
    assert "'ridge'" in error.value.hint
    with pytest.raises(ConfigError, match="origin"):
        combine(network, origins=0)


def test_every_member_is_a_forecaster_of_its_own_name() -> None:
    batch = batch_of(*waves(np.random.default_rng(10), 2, 200), horizon=7, freq="h")
    for name in MEMBERS:
        one = member(name, None, (0.2, 0.5, 0.8))
        assert (one.name, one.quantiles) == (name, (0.2, 0.5, 0.8))
        assert one.predict(batch).shape == (2, 7, 3)


def test_the_long_cycle_is_the_week_of_hours_and_stays_out_where_there_is_none() -> None:
    week = np.tile(np.arange(168.0), 3)
    ensemble = combine(Level(), ("seasonal-naive", "long-cycle"))
    found = ensemble.predict(batch_of(week, horizon=24, freq="h"))[0, :, MEDIAN]
    np.testing.assert_allclose(found, np.arange(24.0), atol=0.5)
    assert ensemble.report().weights["long-cycle"] > 0.95
    other = combine(Level(), ("seasonal-naive", "long-cycle"))
    assert np.isfinite(other.predict(batch_of(np.arange(60.0), horizon=6, freq="MS"))).all()
    assert other.report().weights["long-cycle"] == 0


def prices(rng: np.random.Generator, count: int, length: int) -> list[np.ndarray]:
    """Random walks in logarithms, their volatility three times as large in some months as in the others."""
    month = np.arange(length) // 40
    size = [np.where(rng.random(month[-1] + 1) < 0.4, 3.0, 1.0)[month] for _ in range(count)]
    return [50 * np.exp(0.01 * (one * rng.standard_normal(length)).cumsum()) for one in size]


def test_intervals_of_prices_widen_after_turbulent_weeks() -> None:
    panel = Panel.from_arrays(prices(np.random.default_rng(21), 12, 700), freq="B")
    kept: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"with": [], "without": []}

    def keep(name: str, origins: Origins, truth: np.ndarray, values: np.ndarray) -> None:
        recent = np.array([np.diff(np.log(panel.target[row - 15 : row])).std() for row in origins.row])
        inside = ((truth >= values[..., 0]) & (truth <= values[..., -1])).mean(1)
        kept[name].append((recent, inside))

    forecasters = {"with": combine(Level(), ("naive", "garch")), "without": combine(Level(), ("naive",))}
    for name, one in forecasters.items():
        one.name = name  # type: ignore[misc]
    scores = backtest(list(forecasters.values()), panel, horizon=5, windows=10, step=20, on_windows=keep)
    gap = {}
    for name, parts in kept.items():
        recent, inside = (np.concatenate(some) for some in zip(*parts, strict=True))
        order = recent.argsort()
        gap[name] = inside[order[:40]].mean() - inside[order[-40:]].mean()
    assert gap["with"] < gap["without"] - 0.05
    assert scores.score("with", "WQL") < 0.99 * scores.score("without", "WQL")


def test_the_garch_models_leave_series_with_a_season_bit_identical() -> None:
    batch = batch_of(*waves(np.random.default_rng(22), 3, 400), horizon=24, freq="h")
    names = ("ridge", "seasonal-naive", "state-space")
    without, with_them = (combine(Level(), some).predict(batch) for some in (names, (*names, "garch")))
    np.testing.assert_array_equal(with_them, without)
