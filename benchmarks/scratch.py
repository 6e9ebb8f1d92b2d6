"""Train on the part of a set before its test windows and score on them, with several seeds.

    python -m benchmarks.scratch --data PATH --set ett1/H/short --set m4_hourly/H/short --seeds 3 [--peer LSTM=FILE.parquet]
    python -m benchmarks.scratch --data PATH --start auto

Training is that of `tsattn train --from-scratch`, or with --start auto of plain `tsattn train`. The set determines the horizon
and the test windows, which are scored once, after training. --peer scores the forecasts of another program by the same code.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import evaluate
from benchmarks.program import run
from benchmarks.published import published
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.events import Listener
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.scores import Backtest

COLUMNS = ("MASE", "WQL", "coverage")
BESIDE = ("TiRex (35M, xLSTM)", "PatchTST (per set)", "TFT (LSTM + attention, per set)")


def train_and_score(
    data: str, name: str, seed: int, given: dict[str, Any], keep: Path, start: str, parts: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Train, save, load and score one model. Reports wall-clock and CPU seconds of training and saving.

    given, parts: fields of TrainConfig and ModelConfig that override the plan.
    """
    from tsattn.data.panel import Schema
    from tsattn.forecasting.frame import DEFAULT_QUANTILES
    from tsattn.model import artifact, runtime
    from tsattn.model.card import Card
    from tsattn.workflows import model_selection
    from tsattn.workflows.loaded_model import with_members
    from tsattn.workflows.plan import plan

    panel, horizon, windows, _ = load_set(data, name)
    made = plan(panel, horizon=horizon, test_windows=windows, model=parts, train={"seed": seed, **given})
    began, busy = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as state:
        work = model_selection.Run(panel.before(made.test_start), made, Path(state), False, Listener())
        best, judged = model_selection.run(work, model_selection.base_for(start, {}), start)
    trained, busy = time.perf_counter(), time.process_time() - busy
    network, fitted, spec = best.network, best.fitted, best.network.spec
    label = f"tsattn, seed {seed}"
    about = (label, panel.freq.alias, horizon, DEFAULT_QUANTILES, spec.widths, Schema(), network.config, best.train, fitted)
    card = Card(
        *about, members=best.members, zero_shot=best.zero_shot, trees=best.tree_share, tree_width=best.tree_width, start=best.name
    )
    folder = keep / f"{name.replace('/', '-')}-{seed}"
    artifact.save(folder, network, card, best.trees)
    saved = time.perf_counter()
    model = with_members(card, runtime.load(folder), None)
    row = {**_row(evaluate(data, name, [model]), model.name), "model": label, "kept": best.name, "members": bool(best.members)}
    row |= {"zero_shot": best.zero_shot, "trees": best.tree_share}
    row |= {"train": trained - began, "busy": busy, "save": saved - trained, "steps": fitted.steps, "best": fitted.best_step}
    return {**row, "parameters": fitted.parameters, "stopped": fitted.stopped, "judged": [str(one) for one in judged]}


def _row(result: Backtest, model: str) -> dict[str, Any]:
    return {"model": model, **{column: result.score(model, column) for column in COLUMNS}}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scratch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help="a set; repeatable; default: ett1/H/short and m4_hourly/H/short")
    parser.add_argument("--seeds", type=int, default=3, help="number of runs, with seeds 0, 1, …")
    parser.add_argument("--first-seed", type=int, default=0, help="first seed")
    parser.add_argument("--start", default="scratch", choices=("scratch", "shipped", "auto"), help="initial weights")
    parser.add_argument("--steps", type=int, help="optimiser steps; default: as planned by train")
    parser.add_argument("--peer", action="append", default=[], help="NAME=FILE.parquet of another program's forecasts")
    parser.add_argument("--keep", type=Path, help="folder to save the models in")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, report = Console(stderr=options.json), []
    for name in map(full_name, options.set or ("ett1/H/short", "m4_hourly/H/short")):
        with tempfile.TemporaryDirectory() as scratch:
            rows = []
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                given = {"steps": options.steps} if options.steps else {}
                rows.append(train_and_score(options.data, name, seed, given, options.keep or Path(scratch), options.start))
                console.print({key: round(value, 5) if isinstance(value, float) else value for key, value in rows[-1].items()})
        peers = peer_rows(options.data, name, options.peer)
        console.print(render(name, rows, peers))
        report.append({"set": name, "runs": rows, "peers": peers})
    if options.json:
        print(json.dumps(report, indent=2))
    return 0


def peer_rows(data: str, name: str, peers: Sequence[str]) -> list[dict[str, Any]]:
    """Score seasonal naive, and each NAME=FILE with forecasts of this set, by the same code."""
    panel, _, _, season = load_set(data, name)
    models: list[Any] = [baseline("seasonal-naive", season)]
    for peer in peers:
        label, _, path = peer.partition("=")
        recorded = Recorded(Path(path), panel, label)
        models.append(recorded)
    result = evaluate(data, name, models)
    return [_row(result, model.name) for model in models]


def render(name: str, rows: list[dict[str, Any]], peers: list[dict[str, Any]]) -> Table:
    """Return a table of our runs with mean and standard deviation, the peers measured here, and published results."""
    table = Table(title=f"{name}: trained before the test windows")
    for column in ("model", "MASE", "WQL", "80 % coverage", "seconds (CPU)", "steps (best)", "kept"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row in rows:
        seconds = f"{row['train']:.0f} + {row['save']:.0f} ({row['busy']:.0f})"
        kept = f"{row['kept']}{' + members' if row['members'] else ''}"
        table.add_row(row["model"], *_scores(row), seconds, f"{row['steps']} ({row['best']})", kept, style="bold")
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
    run(main)
