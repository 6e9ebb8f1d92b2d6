"""Score models on the open GIFT-Eval sets, with the published results.

    python -m benchmarks.gift_eval --data PATH --set ett1/H/short --model models/mine

PATH is a folder with ETTm1.csv, M4-Hourly-train.csv and M4-Hourly-test.csv. A model is the name of a baseline, a model folder,
or a .parquet file of forecasts. Seasonal naive is always scored. If it differs from the published digits, the harness is wrong
and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.program import run
from benchmarks.published import ANCHORS, SETS, published
from benchmarks.recorded import Recorded
from benchmarks.sets import full_name, load_set
from tsattn.data.panel import Panel
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import BASELINES, baseline
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.metrics import quantile_coverage
from tsattn.forecasting.scores import Backtest

TOLERANCE = 5e-5  # half a unit of the fourth digit


def evaluate(data: str | Path, name: str, forecasters: Sequence[Forecaster], batch: int = 512, whole: bool = True) -> Backtest:
    """Score `forecasters` on the test windows of a set. whole: as for `predict_windows`."""
    panel, horizon, windows, season = load_set(data, name)
    return backtest(forecasters, panel, horizon=horizon, windows=windows, season_length=season, batch=batch, whole=whole)


def forecaster(name: str, panel: Panel, season: int, engine: str = "auto") -> Forecaster:
    """Return a Forecaster: a baseline by name, forecasts in a Parquet file, "zero-shot", or a model folder."""
    if name in BASELINES:
        return baseline(name, season)
    if name.endswith(".parquet"):
        return Recorded(Path(name), panel)
    from tsattn.model.runtime import load
    from tsattn.workspace import ZERO_SHOT, shipped

    ready = shipped()
    return load(ready.path if ready and name == ZERO_SHOT else Path(name), engine)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    console, report, wrong = Console(stderr=options.json), [], []
    for name in map(full_name, options.set or SETS):
        panel, _, _, season = load_set(options.data, name)
        names = list(dict.fromkeys(["seasonal-naive", *(options.model or ["naive", "drift", "seasonal-mean"])]))
        models = [forecaster(model, panel, season, options.engine) for model in names]
        result = evaluate(options.data, name, models, options.batch)
        console.print(render(name, result))
        for model, notes in result.notes.items():
            console.print(f"{model}: {'; '.join(notes)}")
        levels = quantile_coverage(result.overall)
        for i, row in enumerate(result.table()):
            at = dict(zip(map(str, result.quantiles), levels[i].round(4).tolist(), strict=True))
            report.append({"set": name, "windows": result.windows, **plain(row), "quantile_coverage": at})
        # as published: quantiles of counts neither rounded nor within the limits of the past
        plainly = evaluate(options.data, name, models[:1], options.batch, whole=False)
        found = (plainly.score("seasonal-naive", "MASE"), plainly.score("seasonal-naive", "WQL"))
        if name in ANCHORS and np.abs(np.subtract(found, ANCHORS[name])).max() >= TOLERANCE:
            wrong.append(f"{name}: seasonal naive scores {found[0]:.6f} / {found[1]:.6f}, published {ANCHORS[name]}")
    if options.json:
        print(json.dumps(report, indent=2))
    for line in wrong:
        print(f"WRONG {line}", file=sys.stderr)
    return 1 if wrong else 0


def plain(row: Mapping[str, str | float]) -> dict[str, str | float | None]:
    """Return a row of scores for JSON, with None for NaN."""
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in row.items()}


def render(name: str, result: Backtest) -> Table:
    """Return the table of a set, sorted by WQL, with our rows in bold."""
    table = Table(title=f"{name}, {result.windows} windows of {result.horizon} steps")
    table.add_column("model")
    for column in ("MASE", "WQL", "80 % coverage", "seconds"):
        table.add_column(column, justify="right")
    rows = [(row["model"], row["MASE"], row["WQL"], row["coverage"], result.seconds[str(row["model"])]) for row in result.table()]
    lines = [(wql, "bold", [str(m), f"{mase:.6f}", f"{wql:.6f}", f"{c:.3f}", f"{s:.2f}"]) for m, mase, wql, c, s in rows]
    for model, (mase, wql) in published(name).items():
        lines.append((wql, "dim", [model, f"{mase:.3f}", "–" if np.isnan(wql) else f"{wql:.4f}", "", ""]))
    for _, style, cells in sorted(lines, key=lambda line: (bool(np.isnan(line[0])), line[0])):
        table.add_row(*cells, style=style)
    return table


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gift_eval", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--set", action="append", help=f"a set; repeatable; default: {', '.join(SETS)}")
    parser.add_argument("--model", action="append", help="a baseline, a model folder or a .parquet file; repeatable")
    parser.add_argument("--engine", default="auto", help="engine of model folders: auto, onnx or torch")
    parser.add_argument("--batch", type=int, default=512, help="windows per batch")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    return parser


if __name__ == "__main__":
    run(main)
