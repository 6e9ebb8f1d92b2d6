"""Train from scratch on the part of a set before its test windows, score on them: several seeds and their spread.

    python -m benchmarks.scratch --data PATH --set ett1/H/short --set m4_hourly/H/short --seeds 3 [--peer LSTM=FILE.parquet]

Everything is what `tsattn train` does with no option, but for the horizon and the test windows, which the set gives. The
test windows are looked at once, after training. `--peer` scores another program's forecasts by the same code.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import evaluate
from benchmarks.published import published
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.errors import TsattnError
from tsattn.forecast.baselines import baseline
from tsattn.forecast.scores import Backtest

COLUMNS = ("MASE", "WQL", "coverage")
BESIDE = ("TiRex (35M, xLSTM)", "PatchTST (per set)", "TFT (LSTM + attention, per set)")


def train_and_score(
    data: str, name: str, seed: int, given: dict[str, Any], keep: Path, model: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One run: fit, save, load, score. Seconds are of training and saving, by the wall clock.

    given, model: fields of TrainConfig and ModelConfig, instead of the plan's.
    """
    from tsattn.data.panel import Schema
    from tsattn.forecast.frame import DEFAULT_QUANTILES
    from tsattn.model import artifact, runtime
    from tsattn.model.card import Card
    from tsattn.model.fit import fit
    from tsattn.verbs.plan import plan

    panel, horizon, windows, _ = load_set(data, name)
    made = plan(panel, horizon=horizon, test_windows=windows, model=model, train={"seed": seed, **given})
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as state:
        network, fitted = fit(panel.before(made.test_start), made.model, made.train, state=Path(state))
    trained = time.perf_counter()
    spec = network.spec
    inputs = {"past": spec.past, "known": spec.known, "static": spec.static}
    label = f"tsattn, seed {seed}"
    card = Card(label, panel.freq.alias, horizon, DEFAULT_QUANTILES, inputs, Schema(), made.model, made.train, fitted)
    folder = keep / f"{name.replace('/', '-')}-{seed}"
    artifact.save(folder, network, card)
    saved = time.perf_counter()
    result = evaluate(data, name, [runtime.load(folder)])
    row = _row(result, label)
    return {**row, "train": trained - start, "save": saved - trained, "steps": fitted.steps, "best": fitted.best_step} | {
        "parameters": fitted.parameters,
        "stopped": fitted.stopped,
    }


def _row(result: Backtest, model: str) -> dict[str, Any]:
    return {"model": model, **{column: result.score(model, column) for column in COLUMNS}}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scratch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help="a set, repeatable; default: ett1/H/short and m4_hourly/H/short")
    parser.add_argument("--seeds", type=int, default=3, help="how many runs, seeds 0, 1, …")
    parser.add_argument("--steps", type=int, help="optimiser steps, instead of the plan's")
    parser.add_argument("--peer", action="append", default=[], help="NAME=FILE.parquet of another program's forecasts")
    parser.add_argument("--keep", type=Path, help="folder to keep the models in")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, report = Console(stderr=options.json), []
    for name in map(full_name, options.set or ("ett1/H/short", "m4_hourly/H/short")):
        with tempfile.TemporaryDirectory() as scratch:
            rows = []
            for seed in range(options.seeds):
                given = {"steps": options.steps} if options.steps else {}
                rows.append(train_and_score(options.data, name, seed, given, options.keep or Path(scratch)))
                console.print({key: round(value, 5) if isinstance(value, float) else value for key, value in rows[-1].items()})
        peers = peer_rows(options.data, name, options.peer)
        console.print(render(name, rows, peers))
        report.append({"set": name, "runs": rows, "peers": peers})
    if options.json:
        print(json.dumps(report, indent=2))
    return 0


def peer_rows(data: str, name: str, peers: Sequence[str]) -> list[dict[str, Any]]:
    """Seasonal naive, and each NAME=FILE whose forecasts are of this set, scored by the same code."""
    panel, _, _, season = load_set(data, name)
    models: list[Any] = [baseline("seasonal-naive", season)]
    for peer in peers:
        label, _, path = peer.partition("=")
        recorded = Recorded(Path(path), panel, label)
        models.append(recorded)
    result = evaluate(data, name, models)
    return [_row(result, model.name) for model in models]


def render(name: str, rows: list[dict[str, Any]], peers: list[dict[str, Any]]) -> Table:
    """Our runs, their mean and spread, the peers measured here, and published rows."""
    table = Table(title=f"{name}: trained from scratch before the test windows")
    for column in ("model", "MASE", "WQL", "80 % coverage", "seconds", "steps (best)"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row in rows:
        seconds = f"{row['train']:.0f} + {row['save']:.0f}"
        table.add_row(row["model"], *_scores(row), seconds, f"{row['steps']} ({row['best']})", style="bold")
    values = np.array([[row[column] for column in COLUMNS] for row in rows])
    cells = [f"{m:.4f} ± {s:.4f}" for m, s in zip(values.mean(0), values.std(0, ddof=min(1, len(rows) - 1)), strict=True)]
    table.add_row("mean ± standard deviation", *cells, f"{np.mean([r['train'] + r['save'] for r in rows]):.0f}", "", style="bold")
    for row in peers:
        table.add_row(row["model"], *_scores(row), "", "")
    for model, (mase, wql) in published(name).items():
        if model in BESIDE:
            table.add_row(f"{model}, published", f"{mase:.3f}", f"{wql:.4f}", "", "", "", style="dim")
    return table


def _scores(row: dict[str, Any]) -> list[str]:
    return [f"{row['MASE']:.4f}", f"{row['WQL']:.4f}", f"{row['coverage']:.3f}"]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TsattnError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
