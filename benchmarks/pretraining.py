"""Ablations of pre-training: generators, number of series, parts and size of the network.

    python -m benchmarks.pretraining --data PATH --study generators --record runs.jsonl [--seeds 3] [--series 40000]

Each run is short, has a complete schedule, and uses synthetic series only. The network alone is scored, relative to seasonal
naive, on windows before the test windows of the open sets and on the smaller files in PATH. The loss on held-back synthetic
series is reported as well; it separates networks better than these few sets. Runs found in --record are not repeated, so a
study can be interrupted and continued.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.family import PILOT, Clock, parameters, width_for
from benchmarks.program import run
from benchmarks.sets import load_set
from tsattn import api
from tsattn.config import ModelConfig, TrainConfig
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.frame import DEFAULT_QUANTILES
from tsattn.model.card import Fitted
from tsattn.nn.inputs import InputSpec
from tsattn.nn.network import Network
from tsattn.synthetic.config import KINDS, SyntheticConfig
from tsattn.training.lightning import learn
from tsattn.training.run_options import RunOptions
from tsattn.training.synthetic_dataset import SyntheticSource
from tsattn.workflows import candidates, model_selection

# set -> (use every n-th item, windows before the test windows)
SETS = {"ett1/H/short": (1, 20), "ett1/15T/short": (1, 10), "m4_hourly/H/short": (6, 2)}
# file -> horizon, windows, season length
FILES = {
    "AirPassengers.csv": (12, 5, 12),
    "taylor.csv": (48, 10, 48),
    "seattle-weather.csv": (14, 20, 1),
    "stocks.csv": (6, 6, 1),
}
MIXTURE = SyntheticConfig()
MODEL = ModelConfig(context=1024, horizon=64, patch=32, width=96, heads=3, layers=3)
TRAIN = TrainConfig(batch=64, origins=12, learning_rate=2e-3, warmup=50, decay=0.5, average=0.99, patience=1000)
SCALES = (1 / 3, 1, 4)  # factors of the number of series
SIZES = {"0.4 M": (64, 2, 2), "0.8 M": (96, 3, 3), "1.9 M": (160, 5, 4)}  # width, heads, layers
PARTS: dict[str, dict[str, Any]] = {
    "LSTM + attention": {},
    "attention alone": {"front_end": "none"},
    "LSTM alone": {"encoder": "none"},
    "neither": {"front_end": "none", "encoder": "none"},
}
METRICS = ("MASE", "WQL")
COLUMNS = ("parameters", "series", "busy", "loss", *METRICS)


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run. seconds: CPU time of training; replaces `series` if set."""

    name: str
    seed: int
    series: int
    model: ModelConfig = MODEL
    synthetic: SyntheticConfig = MIXTURE
    seconds: float | None = None


def trials(study: str, series: int, seeds: int, seconds: float) -> Iterator[Trial]:
    """Yield the runs of a study, all runs of a seed before those of the next."""
    for seed in range(seeds):
        if study == "generators":
            yield Trial("all", seed, series)
            for kind in KINDS:
                yield Trial(f"without {kind}", seed, series, synthetic=dataclasses.replace(MIXTURE, **{kind: 0.0}))
        elif study == "scaling":
            for size, (width, heads, layers) in SIZES.items():
                model = dataclasses.replace(MODEL, width=width, heads=heads, layers=layers)
                for scale in SCALES:
                    yield Trial(f"{size}, {int(series * scale):,} series", seed, int(series * scale), model)
        else:
            spec = InputSpec(0, 0, 0, DEFAULT_QUANTILES)
            for name, parts in PARTS.items():
                model = dataclasses.replace(MODEL, **parts)
                width = width_for(model, spec, parameters(MODEL, spec))
                yield Trial(name, seed, 0, dataclasses.replace(model, width=width), seconds=seconds)


def train(trial: Trial) -> tuple[Network, Fitted, dict[str, Any]]:
    """Train a network on synthetic series. Returns it with its training record and costs."""
    steps = trial.series // TRAIN.batch if trial.seconds is None else int(trial.seconds / _step_time(trial))
    settings, began = dataclasses.replace(TRAIN, seed=trial.seed, steps=max(steps, 2 * TRAIN.warmup)), time.process_time()
    with tempfile.TemporaryDirectory() as state:
        network, fitted = learn(_source(trial, settings), trial.model, settings, RunOptions(state=Path(state)))
    spent = time.process_time() - began
    summary = {
        "series": settings.steps * settings.batch,
        "parameters": fitted.parameters,
        "busy": spent,
        "loss": fitted.validation,
    }
    return network, fitted, summary


def _step_time(trial: Trial) -> float:
    clock, settings = Clock(), dataclasses.replace(TRAIN, steps=PILOT)
    with tempfile.TemporaryDirectory() as state:
        learn(_source(trial, settings), trial.model, settings, RunOptions(state=Path(state), on_progress=clock))
    return clock.step


def _source(trial: Trial, settings: TrainConfig) -> SyntheticSource:
    return SyntheticSource(trial.synthetic, trial.model, settings)


def panels(data: str) -> Iterator[tuple[str, Panel, int, int, int]]:
    """Yield name, panel, horizon, windows and season length of each panel to score on."""
    for name, (every, windows) in SETS.items():
        panel, horizon, tested, season = load_set(data, name)
        panel = panel.before(panel.origin - horizon * tested)
        yield name, panel.select(np.arange(0, len(panel), every)), horizon, windows, season
    for name, (horizon, windows, season) in FILES.items():
        yield name, api.ingest(Path(data) / name).panel, horizon, windows, season


def judge(network: Network, fitted: Fitted, data: str) -> dict[str, float]:
    """Return each panel's scores relative to seasonal naive, and their geometric means."""
    entry, found = model_selection.Entry("network", network.eval(), TRAIN, fitted), {}
    for name, panel, horizon, windows, season in panels(data):
        made, naive = candidates.forecaster_of(entry, panel, horizon), SeasonalNaive(season)
        result = backtest([made, naive], panel, horizon=horizon, windows=windows, season_length=season)
        for metric in METRICS:
            found[f"{name} {metric}"] = result.score(made.name, metric) / result.score(naive.name, metric)
    for metric in METRICS:
        found[metric] = math.exp(np.mean([math.log(value) for key, value in found.items() if key.endswith(f" {metric}")]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretraining", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--study", required=True, choices=("generators", "scaling", "parts"))
    parser.add_argument("--record", required=True, type=Path, help="a JSON Lines file that runs are appended to")
    parser.add_argument("--series", type=int, default=40_000, help="series per run")
    parser.add_argument("--seconds", type=float, default=150.0, help="CPU seconds of each run of --study parts")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each kind, with seeds 0, 1, …")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    console = Console(soft_wrap=True)
    for trial in trials(options.study, options.series, options.seeds, options.seconds):
        key = {"study": options.study, "name": trial.name, "seed": trial.seed, "asked": trial.series or trial.seconds}
        if any(key.items() <= row.items() for row in _recorded(options.record)):
            continue
        network, fitted, spent = train(trial)
        row = {**key, **spent, **judge(network, fitted, options.data)}
        with options.record.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        console.print({name: row[name] for name in ("name", "seed", *COLUMNS)})
    console.print(render([row for row in _recorded(options.record) if row["study"] == options.study]))
    return 0


def _recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def render(rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table of means and standard deviations over the seeds."""
    table = Table(title="MASE and WQL relative to seasonal naive: geometric means of all sets")
    for column in ("run", "seeds", "parameters", "series", "seconds", "synthetic loss", *METRICS):
        table.add_column(column, justify="left" if column == "run" else "right")
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        values = np.array([[row.get(key, math.nan) for key in COLUMNS] for row in own])
        mean, spread = values.mean(0), values.std(0, ddof=min(1, len(own) - 1))
        scores = [f"{m:.4f} ± {s:.4f}" for m, s in zip(mean[3:], spread[3:], strict=True)]
        table.add_row(name, str(len(own)), f"{mean[0]:,.0f}", f"{mean[1]:,.0f}", f"{mean[2]:.0f}", *scores)
    return table


if __name__ == "__main__":
    run(main)
