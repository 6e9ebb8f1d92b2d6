"""Front-end × encoder × decoder at equal numbers of parameters and equal training time.

    python -m benchmarks.family --data PATH --minutes 3 [--set ett1/H/short] [--seeds 3] [--only lstm/full/direct]

Each network gets the width that brings its number of parameters closest to that of lstm/full/direct (at --width, which may be
smaller than the default to train more steps in the same time), and the same CPU minutes. A pilot run of a few steps determines
how many steps fit, so other load on the machine does not matter. Otherwise as benchmarks/scratch.py. No model is saved.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import evaluate
from benchmarks.program import run
from benchmarks.scratch import COLUMNS
from benchmarks.sets import full_name, load_set
from tsattn.config import DECODERS, ENCODERS, ModelConfig, TrainConfig, from_mapping, to_mapping
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.events import Listener
from tsattn.nn.inputs import InputSpec
from tsattn.nn.network import Network
from tsattn.training.dataset import PanelSource
from tsattn.training.fit import fit
from tsattn.training.run_options import RunOptions
from tsattn.workflows import candidates, model_selection
from tsattn.workflows.plan import plan

FRONT_ENDS = ("lstm", "gru", "none")
PILOT = 12  # steps
WIDEST = 640


def family(only: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return the networks as fields of ModelConfig. only: names such as lstm/full/direct. Raises ConfigError for unknown ones."""
    made = [
        {"front_end": front_end, "encoder": encoder, "decoder": decoder}
        for front_end, encoder, decoder in itertools.product(FRONT_ENDS, ENCODERS, DECODERS)
    ]
    wrong = set(only) - {"/".join(parts.values()) for parts in made}
    if wrong:
        raise ConfigError(f"unknown network {', '.join(sorted(wrong))}", f"use a name such as {'/'.join(made[0].values())}")
    return [parts for parts in made if not only or "/".join(parts.values()) in only]


def parameters(config: ModelConfig, spec: InputSpec) -> int:
    """Return the number of parameters of a network, without allocating it."""
    with torch.device("meta"):
        return sum(p.numel() for p in Network(config, spec).parameters())


def width_for(config: ModelConfig, spec: InputSpec, wanted: int) -> int:
    """Return the width that brings the number of parameters closest to `wanted`."""
    widths = range(2 * config.heads, WIDEST, 2 * config.heads)
    return min(
        widths, key=lambda w: abs(parameters(from_mapping(ModelConfig, {**to_mapping(config), "width": w}, "w"), spec) - wanted)
    )


def settings_of(data: str, name: str, parts: dict[str, str], seconds: float, width: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return fields of ModelConfig and TrainConfig for a network on a set, as large as lstm/full/direct at `width`."""
    panel, horizon, windows, _ = load_set(data, name)
    usual = plan(panel, horizon=horizon, test_windows=windows, model={"width": width})
    made = plan(panel, horizon=horizon, test_windows=windows, model=parts)
    spec = PanelSource(panel, usual.model, usual.train).spec
    model = {**parts, "width": width_for(made.model, spec, parameters(usual.model, spec))}
    each = step_time(panel, horizon, windows, model)
    return model, {"steps": max(20, int(seconds / (1 + TrainConfig.finish) / each)), "patience": 1000}


def step_time(panel: Panel, horizon: int, windows: int, model: dict[str, Any] | None = None) -> float:
    """Return the CPU seconds of a training step, from a pilot run. model: fields of ModelConfig."""
    made = plan(panel, horizon=horizon, test_windows=windows, model=model, train={"steps": PILOT, "finish": 0.0})
    clock = Clock()
    with tempfile.TemporaryDirectory() as state:
        fit(panel.before(made.test_start), made.model, made.train, RunOptions(state=Path(state), on_progress=clock))
    return clock.step


class Clock:
    """CPU time of a training step: the median over the later half of the reported steps."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, now: object) -> None:
        self.times.append(time.process_time())

    @property
    def step(self) -> float:
        """CPU seconds of a step."""
        spent = np.diff(self.times)
        return float(np.median(spent[len(spent) // 2 :]))


def score(data: str, name: str, seed: int, given: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    """Train a network on a set before its test windows, and score it on them."""
    panel, horizon, windows, _ = load_set(data, name)
    made = plan(panel, horizon=horizon, test_windows=windows, model=parts, train={"seed": seed, **given})
    began = time.process_time()
    with tempfile.TemporaryDirectory() as state:
        best, _ = model_selection.run(
            model_selection.Run(panel.before(made.test_start), made, Path(state), False, Listener()), None, "scratch"
        )
    busy, fitted = time.process_time() - began, best.fitted
    result = evaluate(data, name, [candidates.forecaster_of(best, panel, horizon)])
    scores = {metric: result.score(best.name, metric) for metric in COLUMNS}
    return {**scores, "busy": busy, "steps": fitted.steps, "best": fitted.best_step, "parameters": fitted.parameters}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.family", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help="a set; repeatable; default: ett1/H/short and m4_hourly/H/short")
    parser.add_argument("--only", action="append", default=[], help="a network, such as lstm/full/direct; repeatable")
    parser.add_argument("--minutes", type=float, default=3.0, help="CPU minutes of each training")
    parser.add_argument(
        "--width", type=int, default=ModelConfig.width, help="width of lstm/full/direct, which sets the number of parameters"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of runs, with seeds 0, 1, …")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, report = Console(stderr=options.json), []
    for name in map(full_name, options.set or ("ett1/H/short", "m4_hourly/H/short")):
        rows = []
        for parts in family(options.only):
            model, train = settings_of(options.data, name, parts, 60 * options.minutes, options.width)
            for seed in range(options.seeds):
                found = score(options.data, name, seed, train, model)
                rows.append({"network": "/".join(parts.values()), "width": model["width"], "seed": seed, **found})
                shown = ("network", "seed", "MASE", "WQL", "parameters", "steps", "busy")
                console.print({key: rows[-1][key] for key in shown})
        console.print(render(name, rows))
        report.append({"set": name, "runs": rows})
    if options.json:
        print(json.dumps(report, indent=2))
    return 0


def render(name: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return a table of means and standard deviations over the seeds, lowest WQL first."""
    table = Table(title=f"{name}: front-end / encoder / decoder")
    for column in ("network", "parameters", "width", "steps", "MASE", "WQL", "80 % coverage"):
        table.add_column(column, justify="left" if column == "network" else "right")
    lines = []
    for network in dict.fromkeys(row["network"] for row in rows):
        own = [row for row in rows if row["network"] == network]
        values = np.array([[row[column] for column in ("MASE", "WQL", "coverage")] for row in own])
        spread = values.std(0, ddof=min(1, len(own) - 1))
        cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(values.mean(0), spread, strict=True)]
        steps = f"{np.mean([row['steps'] for row in own]):.0f}"
        lines.append((values[:, 1].mean(), [network, str(own[0]["parameters"]), str(own[0]["width"]), steps, *cells]))
    for _, cells in sorted(lines):
        table.add_row(*cells)
    return table


if __name__ == "__main__":
    run(main)
