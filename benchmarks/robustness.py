"""Loss of accuracy when the history is corrupted by outliers, noise or missing blocks. Targets are not corrupted.

    python -m benchmarks.robustness --data PATH --model models/mine [--set ett1/H/short] [--baseline auto-arima] [--items 20]

The corruption of a window depends on its item and origin only, so every forecaster gets the same. Seasonal naive is always
scored. AutoARIMA needs the extra `stats`, and takes hours on whole sets: reduce them by --items and --windows.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import forecaster
from benchmarks.program import run
from benchmarks.sets import full_name, load_set
from tsattn.data.windows import WindowBatch
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.frame import Forecaster

RECENT = 512  # newest steps, whose standard deviation is the unit below
SIZE = 10.0  # distance of an outlier
NOISE = 0.5  # standard deviation of the noise
BLOCK, MISSING = 24, 0.2  # steps of a missing block; share of missing steps


def _outliers(share: float) -> Callable[[np.ndarray, float, np.random.Generator], np.ndarray]:
    def damage(newest_first: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
        hit, sign = rng.random((2, len(newest_first)))
        return newest_first + np.where(hit < share, np.where(sign < 0.5, -SIZE, SIZE) * spread, 0)

    return damage


def _noise(newest_first: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    return newest_first + NOISE * spread * rng.standard_normal(len(newest_first))


def _missing(newest_first: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    blocks = rng.random(-(-len(newest_first) // BLOCK)) < MISSING
    gone = np.repeat(blocks, BLOCK)[: len(newest_first)]
    gone[0] = False  # keep the newest value, so that a short series can be forecast
    return np.where(gone, np.nan, newest_first)


DAMAGE: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "none": lambda newest_first, spread, rng: newest_first,
    "outliers 1 %": _outliers(0.01),
    "outliers 5 %": _outliers(0.05),
    "noise": _noise,
    "missing blocks": _missing,
}


class Damaged:
    """Forecaster that gets a corrupted history."""

    def __init__(self, inner: Forecaster, damage: str, seed: int) -> None:
        self.inner, self.damage, self.seed = inner, damage, seed
        self.name = f"{inner.name} | {damage}"
        self.quantiles, self.context = inner.quantiles, inner.context
        self.pass_steps = getattr(inner, "pass_steps", 1)
        self.covariates = bool(getattr(inner, "covariates", True))
        self.raw_history = True  # corrupt before cleaning

    def predict(self, batch: WindowBatch) -> np.ndarray:
        past = np.stack([self._damaged(*row) for row in zip(batch.past_target, batch.item, batch.origin, strict=True)])
        return self.inner.predict(dataclasses.replace(batch, past_target=past.astype(np.float32)))

    def _damaged(self, past: np.ndarray, item: int, origin: int) -> np.ndarray:
        # one draw per step, newest first, so that the corruption does not depend on the length of the history
        newest_first = past[::-1].astype(np.float64)
        recent = newest_first[:RECENT]
        spread = float(np.nanstd(recent)) if np.isfinite(recent).any() else 0.0
        rng = np.random.default_rng([self.seed, int(item), int(origin)])
        steps = np.full(max(len(past), 1 << 15), np.nan)
        steps[: len(past)] = newest_first
        return DAMAGE[self.damage](steps, spread, rng)[: len(past)][::-1]


def degrade(
    data: str, name: str, models: Sequence[str], items: int | None = None, windows: int | None = None, seed: int = 0
) -> list[dict[str, Any]]:
    """Return WQL and MASE of each model under each corruption, and their ratios to the scores without it."""
    panel, horizon, whole, season = load_set(data, name)
    if items is not None and items < len(panel):
        panel = panel.select(np.linspace(0, len(panel) - 1, items).astype(np.int64))
    rows = []
    for model in models:
        inner = forecaster(model, panel, season)
        each = [Damaged(inner, damage, seed) for damage in DAMAGE]
        found = backtest(each, panel, horizon=horizon, windows=min(whole, windows or whole), season_length=season)
        scores = {d.damage: {metric: found.score(d.name, metric) for metric in ("WQL", "MASE")} for d in each}
        for damage, score in scores.items():
            ratio = {f"{metric} ratio": value / scores["none"][metric] for metric, value in score.items()}
            rows.append({"set": name, "model": inner.name, "damage": damage, **score, **ratio})
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help="a set; repeatable; default: ett1/H/short and m4_hourly/H/short")
    parser.add_argument("--model", action="append", default=[], help="a model folder; repeatable")
    parser.add_argument("--baseline", action="append", default=[], help="a baseline, such as auto-arima; repeatable")
    parser.add_argument("--items", type=int, help="number of series of each set, evenly spaced")
    parser.add_argument("--windows", type=int, help="number of windows of each series")
    parser.add_argument("--seed", type=int, default=0, help="seed of the corruption")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, report = Console(stderr=options.json), []
    for name in map(full_name, options.set or ("ett1/H/short", "m4_hourly/H/short")):
        models = list(dict.fromkeys([*options.model, "seasonal-naive", *options.baseline]))
        rows = degrade(options.data, name, models, options.items, options.windows, options.seed)
        console.print(render(name, rows))
        report += rows
    if options.json:
        print(json.dumps(report, indent=2))
    return 0


def render(name: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table with one row per corruption: WQL of each model, and its ratio to that without corruption."""
    table = Table(title=f"{name}: WQL × ratio to WQL without corruption")
    table.add_column("damage")
    models = list(dict.fromkeys(row["model"] for row in rows))
    for model in models:
        table.add_column(model, justify="right")
    for damage in DAMAGE:
        own = {row["model"]: row for row in rows if row["damage"] == damage}
        table.add_row(damage, *(f"{own[model]['WQL']:.4f} × {own[model]['WQL ratio']:.2f}" for model in models))
    return table


if __name__ == "__main__":
    run(main)
