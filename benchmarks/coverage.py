"""Coverage of intervals on synthetic series, by kind and length, with and without ensemble.

    python -m benchmarks.coverage [--series 40] [--kinds intermittent yearly] [--lengths 200] [--members network all] [--seed 0]

The series depend on the seed, so that nothing can be tuned to them. The coverage of N = 200 series × 14 steps has a standard
error of about 1.5 points, since the errors of one series are correlated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.program import run
from tsattn import load
from tsattn.data.panel import Panel
from tsattn.forecasting.predict import predict

STEPS = 14
LENGTHS = (60, 200, 600)
INTERVALS = (0.5, 0.8, 0.95, 0.98)
AIMS = {0.8: (0.77, 0.83), 0.95: (0.93, 0.97), 0.98: (0.96, 0.99)}
LEVELS = tuple(sorted({round(0.5 + sign * share / 2, 10) for share in INTERVALS for sign in (-1, 1)} | {0.5}))
Make = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def _walk(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return 100 + rng.normal(0, 1, len(t)).cumsum()


def _autoregressive(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    x, noise = np.zeros(len(t)), rng.normal(0, 1, len(t))
    for i in range(1, len(t)):
        x[i] = 0.7 * x[i - 1] + noise[i]
    return 20 + x


def _week(rng: np.random.Generator, t: np.ndarray, noise: float) -> np.ndarray:
    return 50 + rng.normal(0, 5, 7)[t % 7] + rng.normal(0, noise, len(t))


def _year(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return 100 + 15 * np.sin(2 * np.pi * (t / 12 + rng.random())) + 0.1 * t + rng.normal(0, 4, len(t))


def _intermittent(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return np.where(rng.random(len(t)) < 0.3, rng.geometric(0.25, len(t)), 0).astype(float)


def _counts(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return rng.poisson(np.exp(rng.normal(1.5, 0.4, 7))[t % 7]).astype(float)


def _growth(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    return np.exp(3 + 0.002 * t + rng.normal(0, 0.2, 7)[t % 7] + rng.normal(0, 0.1, len(t)))


def _volatile(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    size = np.exp(0.7 * np.sin(2 * np.pi * (t / 60 + rng.random())))
    return 50 + size * rng.normal(0, 1, len(t))


def _shifted(rng: np.random.Generator, t: np.ndarray) -> np.ndarray:
    after = len(t) - STEPS - rng.integers(10, 40)
    return 50 + rng.normal(0, 2, len(t)) + np.where(t >= after, rng.choice([-25, 25]), 0)


KINDS: dict[str, tuple[str, Make]] = {
    "noise": ("D", lambda rng, t: rng.normal(10, 1, len(t))),
    "random walk": ("D", _walk),
    "autoregressive": ("D", _autoregressive),
    "trend": ("D", lambda rng, t: 10 + 0.1 * t + rng.normal(0, 2, len(t))),
    "seasonal": ("D", lambda rng, t: _week(rng, t, 1.0)),
    "seasonal, strong noise": ("D", lambda rng, t: _week(rng, t, 6.0)),
    "yearly": ("MS", _year),
    "intermittent": ("D", _intermittent),
    "counts": ("D", _counts),
    "growth": ("D", _growth),
    "changing variance": ("D", _volatile),
    "after a level shift": ("D", _shifted),
}


def made(kind: str, length: int, count: int, seed: int) -> tuple[Panel, np.ndarray]:
    """Return `count` series of a kind without their last STEPS, and the last STEPS (count, STEPS)."""
    freq, make = KINDS[kind]
    rng = np.random.default_rng([seed, list(KINDS).index(kind), length])
    whole = np.stack([make(rng, np.arange(length + STEPS)) for _ in range(count)])
    panel = Panel.from_arrays(list(whole[:, :length]), freq=freq, start=np.datetime64("2000-01-01"))
    return panel, whole[:, length:].astype(np.float32)


def coverage(values: np.ndarray, truth: np.ndarray) -> dict[float, float]:
    """Return the share of truth (N, H) within each of INTERVALS, of quantiles (N, H, Q) at LEVELS.

    A truth that ties with a bound counts as far as the bound's level needs it: of demand that is 0 on 70 % of the days, an exact
    0.1 quantile is 0, and no truth lies below it. Intervals of such kinds hold 90 % or more when every quantile is right.
    """

    def level(q: float) -> float:
        bound = values[..., LEVELS.index(round(q, 10))]
        return float(np.clip(q, (truth < bound).mean(), (truth <= bound).mean()))

    return {share: level(0.5 + share / 2) - level(0.5 - share / 2) for share in INTERVALS}


def measured(
    kinds: Sequence[str], lengths: Sequence[int], members: Sequence[str], count: int, seed: int, model: str
) -> list[dict[str, Any]]:
    """Return one row per kind, length and ensemble: coverage of each interval, and mean width of the 80 % interval."""
    forecasters = {name: load(model, members=name).forecaster for name in members}
    rows = []
    for kind in kinds:
        for length in lengths:
            panel, truth = made(kind, length, count, seed)
            for name, forecaster in forecasters.items():
                forecast, _ = predict(forecaster, panel, horizon=STEPS, quantiles=LEVELS)
                width = float((forecast.quantile(0.9) - forecast.quantile(0.1)).mean())
                found = {f"{share:.0%}": cover for share, cover in coverage(forecast.values, truth).items()}
                rows.append({"kind": kind, "length": length, "members": name, **found, "width": width})
    return rows


def _cell(share: float, cover: float) -> str:
    """Format coverage; * marks values outside AIMS."""
    low, high = AIMS.get(share, (0.0, 1.0))
    return f"{cover:.3f}{'' if low <= cover <= high else ' *'}"


def table(rows: Sequence[dict[str, Any]], count: int) -> Table:
    shown = Table("kind", "length", "members", *(f"{share:.0%}" for share in INTERVALS), "width", box=None)
    aims = ", ".join(f"{low}-{high} ({share:.0%})" for share, (low, high) in AIMS.items())
    shown.title = f"coverage of {STEPS} steps of {count} series; * = outside {aims}"
    for row in rows:
        cells = [_cell(share, row[f"{share:.0%}"]) for share in INTERVALS]
        shown.add_row(row["kind"], str(row["length"]), row["members"], *cells, f"{row['width']:.3g}")
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=40, help="series of each kind and length")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS), metavar="KIND")
    parser.add_argument("--lengths", nargs="*", type=int, default=list(LENGTHS))
    parser.add_argument("--members", nargs="*", default=["network", "all"], help="ensembles to measure, as for --members")
    parser.add_argument("--model", default="zero-shot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    options = parser.parse_args()
    rows = measured(options.kinds, options.lengths, options.members, options.series, options.seed, options.model)
    if options.json:
        print(json.dumps(rows))
    else:
        Console(width=110).print(table(rows, options.series))
    return 0


if __name__ == "__main__":
    run(main)
