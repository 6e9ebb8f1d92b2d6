"""Known covariates without training, on synthetic data with known effects.

    python -m benchmarks.covariates [--only shops,load,noise,closed] [--json]

Measures whether effects are recovered, whether they improve forecasts, and whether useless columns are harmless. The model in
the package, with all ensemble members, forecasts each set with and without the covariates. Seeded. About two minutes on one
core.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.program import run
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel, Schema
from tsattn.data.windows import last_origins
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.metrics import seasonal_errors
from tsattn.forecasting.predict import predict

REGIONS = {"north": 1.35, "south": 1.7, "west": 1.5}  # factor of a promotion by region
RESPONSE = 1279.0 / 12  # MW per degree


@dataclasses.dataclass(frozen=True)
class Case:
    """Synthetic panel, the targets after its end (S, H), and the known covariates of these steps (S, H, K)."""

    panel: Panel
    truth: np.ndarray

    @property
    def future(self) -> np.ndarray:
        rows = self.panel.origin[:, None] + np.arange(self.truth.shape[1])
        return self.panel.known[rows]

    def without(self) -> Panel:
        """Return the panel with the target alone."""
        schema = dataclasses.replace(self.panel.schema, known=(), known_features=(), static=(), static_features=())
        no_static, rows = self.panel.static[:, :0], self.panel.known[:, :0]
        return dataclasses.replace(self.panel, known=rows, static=no_static, schema=schema)


def case_of(
    target: np.ndarray,
    known: np.ndarray,
    horizon: int,
    freq: str,
    names: Sequence[str],
    static: dict[str, np.ndarray] | None = None,
    start: str = "2023-01-02",
) -> Case:
    """Make a case from targets (S, N) and known covariates (S, N, K); the last `horizon` steps are the future."""
    series, rows = target.shape
    indptr = np.arange(series + 1) * rows
    past = target.astype(np.float32).copy()
    past[:, rows - horizon :] = np.nan
    fixed = static or {}
    schema = Schema(known=tuple(names), known_features=tuple(names), static=tuple(fixed), static_features=tuple(fixed))
    panel = Panel(
        freq=Freq.parse(freq),
        item_ids=tuple(f"s{i:02d}" for i in range(series)),
        indptr=indptr.astype(np.int64),
        start=np.full(series, np.datetime64(start), "datetime64[us]"),
        target=past.reshape(-1),
        origin=(indptr[1:] - horizon).astype(np.int64),
        known=known.reshape(series * rows, known.shape[2]).astype(np.float32),
        static=np.stack(list(fixed.values()), 1).astype(np.float32) if fixed else np.zeros((series, 0), np.float32),
        schema=schema,
    )
    return Case(panel, target[:, rows - horizon :])


def autoregression(rng: np.random.Generator, shape: tuple[int, ...], weight: float) -> np.ndarray:
    """Return AR(1) noise (…, N) with innovations of unit variance."""
    out = rng.normal(size=shape)
    for t in range(1, shape[-1]):
        out[..., t] += weight * out[..., t - 1]
    return out


def shops(seed: int = 0, count: int = 30, days: int = 730, horizon: int = 28) -> Case:
    """Daily sales with weekly and yearly seasons, and five-day promotions whose factor depends on the region."""
    rng, rows = np.random.default_rng(seed), days + horizon
    t, region = np.arange(rows), np.arange(count) % len(REGIONS)
    week = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.6, 1.3])[t % 7]
    promo = (rng.random((count, rows // 5 + 1)) < 0.25).repeat(5, 1)[:, :rows].astype(float)
    factor = np.array(list(REGIONS.values()))[region][:, None]
    level = np.exp(rng.normal(4.5, 0.5, (count, 1))) * (1 + 0.2 * np.sin(2 * np.pi * t / 365))
    sales = level * week * factor**promo * np.exp(0.1 * autoregression(rng, (count, rows), 0.5))
    fixed = {f"region={name}": region == i for i, name in enumerate(REGIONS)}
    return case_of(np.round(sales), promo[..., None], horizon, "D", ["promo"], fixed)


def load(seed: int = 0, days: int = 150, horizon: int = 48, count: int = 6) -> Case:
    """Hourly loads with daily and weekly seasons, and a response to temperature."""
    rng, rows = np.random.default_rng(seed), 24 * days + horizon
    t = np.arange(rows)
    temperature = 12 + 8 * np.sin(2 * np.pi * t / 8766) + 4 * np.sin(2 * np.pi * (t - 8) / 24)
    temperature = temperature + 0.6 * autoregression(rng, (count, rows), 0.98)
    daily = 600 * np.sin(2 * np.pi * (t - 6) / 24) + 400 * (t // 24 % 7 < 5)
    mw = 5000 + daily + RESPONSE * temperature + 60 * autoregression(rng, (count, rows), 0.9)
    return case_of(mw, temperature[..., None], horizon, "h", ["temperature"])


def noise(seed: int = 0, count: int = 1, days: int = 200, horizon: int = 28) -> Case:
    """Daily sales with two unrelated columns: a rare event, and random numbers."""
    made = shops(seed, count, days, horizon)
    rng, rows = np.random.default_rng(seed + 1000), days + horizon
    useless = np.stack([(rng.random((count, rows)) < 0.1).astype(float), rng.normal(size=(count, rows))], -1)
    target = np.concatenate([made.panel.target.reshape(count, rows)[:, :days], made.truth], 1)
    return case_of(target, useless, horizon, "D", ["lottery", "numbers"])


def closed(seed: int = 0, count: int = 6, days: int = 500, horizon: int = 28) -> Case:
    """Daily sales of shops that are closed on some days, with sales of zero."""
    made = shops(seed, count, days, horizon)
    rng, rows = np.random.default_rng(seed + 2000), days + horizon
    shut = (rng.random((count, rows)) < 0.03).astype(float)
    shut[:, [days + 3, days + 12]] = 1
    target = np.concatenate([made.panel.target.reshape(count, rows)[:, :days], made.truth], 1)
    target = np.where(shut > 0, 0.0, target)
    promo = made.panel.known.reshape(count, rows, 1)
    return case_of(target, np.concatenate([promo, shut[..., None]], -1), horizon, "D", ["promo", "closed"])


def scaled_errors(case: Case, values: np.ndarray, season: int) -> np.ndarray:
    """Return absolute errors of medians (S, H), divided by the seasonal naive error of each history."""
    size = seasonal_errors(case.panel, last_origins(case.panel), season)
    return np.abs(case.truth - values) / size[:, None]


def rounded(*values: float) -> list[float]:
    """Round scores with covariates and without."""
    return [round(float(value), 4) for value in values]


def medians(forecaster: Forecaster, panel: Panel, horizon: int) -> np.ndarray:
    """Return the medians (S, H)."""
    return predict(forecaster, panel, horizon=horizon)[0].median


def measure_shops(new: Callable[[], Any]) -> dict[str, Any]:
    case, forecaster = shops(), new()
    horizon = case.truth.shape[1]
    with_, without = (
        scaled_errors(case, medians(f, panel, horizon), 7) for f, panel in ((forecaster, case.panel), (new(), case.without()))
    )
    promo = case.future[..., 0] > 0
    effect = forecaster.effects(case.panel)[0]
    return {
        "effects": [str(effect), *map(str, effect.groups)],
        "off by": {g.name: round((1 + g.effect) / REGIONS[g.name.partition("=")[2]] - 1, 4) for g in effect.groups},
        "MASE on promo days": rounded(with_[promo].mean(), without[promo].mean()),
        "gain on promo days": 1 - with_[promo].mean() / without[promo].mean(),
        "MASE": rounded(with_.mean(), without.mean()),
    }


def measure_load(new: Callable[[], Any]) -> dict[str, Any]:
    case, forecaster = load(), new()
    horizon = case.truth.shape[1]
    warmer = case.panel.known.copy()
    warmer[case.panel.origin[:, None] + np.arange(horizon)] += 12
    base = medians(forecaster, case.panel, horizon)
    effects = forecaster.effects(case.panel)
    moved = medians(new(), dataclasses.replace(case.panel, known=warmer), horizon) - base
    without = medians(new(), case.without(), horizon)
    return {
        "effects": list(map(str, effects)),
        "12 degrees more (1,279 MW)": float(moved.mean()),
        "MASE": rounded(*(scaled_errors(case, values, 24).mean() for values in (base, without))),
    }


def measure_noise(new: Callable[[], Any], seeds: int = 10) -> dict[str, Any]:
    losses = []
    for seed in range(seeds):
        case = noise(seed)
        horizon = case.truth.shape[1]
        losses.append([scaled_errors(case, medians(new(), panel, horizon), 7).mean() for panel in (case.panel, case.without())])
    with_, without = np.array(losses).T
    return {
        "MASE": rounded(with_.mean(), without.mean()),
        "loss": with_.mean() / without.mean() - 1,
        "worst": (with_ / without - 1).max(),
    }


def measure_closed(new: Callable[[], Any]) -> dict[str, Any]:
    case, forecaster = closed(), new()
    values = medians(forecaster, case.panel, case.truth.shape[1])
    shut = case.future[..., 1] > 0
    plain = medians(new(), case.without(), case.truth.shape[1])
    return {
        "effects": list(map(str, forecaster.effects(case.panel))),
        "largest forecast of a closed day": float(values[shut].max()),
        "mean sales": float(np.nanmean(case.panel.target)),
        "MASE": rounded(*(scaled_errors(case, v, 7).mean() for v in (values, plain))),
    }


CASES: dict[str, Callable[[Callable[[], Any]], dict[str, Any]]] = {
    "shops": measure_shops,
    "load": measure_load,
    "noise": measure_noise,
    "closed": measure_closed,
}


def main(arguments: Sequence[str] | None = None) -> int:
    from tsattn import api

    parser = argparse.ArgumentParser(prog="python -m benchmarks.covariates", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(CASES), help=f"some of {', '.join(CASES)}")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    console = Console(stderr=options.json, soft_wrap=True)
    report = {}
    for name in options.only.split(","):
        began = time.perf_counter()
        found = CASES[name](lambda: api.load("zero-shot").forecaster)
        report[name] = {**found, "seconds": time.perf_counter() - began}
        for key, value in report[name].items():
            console.print(f"{name:7} {key}: {value}", highlight=False, markup=False)
    if options.json:
        print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main))
