"""Score a network, each ensemble member and the ensemble on the open sets.

    python -m benchmarks.members --data PATH --model models/mine --set ett1/H/short [--before]

A model is a model folder or the name of a baseline. With --before, the test windows are dropped and as many windows before
them are scored; use it to choose settings. Times are wall-clock seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import forecaster, plain
from benchmarks.program import run
from benchmarks.published import SETS
from benchmarks.sets import full_name, load_set
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import MEMBERS, member
from tsattn.forecasting.ensemble.ensemble import DEFAULT, Ensemble, combine

COLUMNS = ("MASE", "WQL", "coverage", "seconds")


def score(
    data: str, name: str, model: str, members: Sequence[str], origins: int | None, before: bool, every: int = 1
) -> tuple[list[dict[str, Any]], str]:
    """Return scores of the network, each member and the ensemble on one set, and the ensemble's report."""
    panel, horizon, windows, season = load_set(data, name)
    if before:
        panel = panel.before(panel.origin - horizon * windows)
    network = forecaster(model, panel, season)
    panel = panel.select(np.arange(0, len(panel), every))
    ensemble = combine(network, members, origins=origins)
    alone = [member(one, season, network.quantiles) for one in members if one in MEMBERS]
    result = backtest([network, *alone, ensemble], panel, horizon=horizon, windows=windows, season_length=season)
    rows = [{"set": name, **plain(row), "seconds": result.seconds[str(row["model"])]} for row in result.table()]
    weights = ensemble.report() if isinstance(ensemble, Ensemble) else None
    return rows, f"{name}: {weights}, width {weights.width:.3f}, alone {weights.alone} of {weights.windows}" if weights else name


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the ensemble's loss relative to its best member on each set, and its coverage."""
    out: list[dict[str, Any]] = []
    for name in dict.fromkeys(row["set"] for row in rows):
        *others, ensemble = [row for row in rows if row["set"] == name]
        ratios = {metric: ensemble[metric] / min(row[metric] for row in others) for metric in ("MASE", "WQL")}
        out.append({"set": name, "coverage": ensemble["coverage"], **ratios})
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.members", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with the sets' CSV files")
    parser.add_argument("--model", required=True, help="a model folder or a baseline")
    parser.add_argument("--set", action="append", help=f"a set; repeatable; default: {', '.join(SETS)}")
    parser.add_argument("--members", default=",".join(DEFAULT), help=f"some of {', '.join(DEFAULT)}")
    parser.add_argument("--origins", type=int, help="hold-out origins per window; by default as many as a forecast has")
    parser.add_argument("--before", action="store_true", help="drop the test windows and score the windows before them")
    parser.add_argument("--every", type=int, default=1, help="use every n-th item only")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, report = Console(stderr=options.json, soft_wrap=True), []
    for name in map(full_name, options.set or SETS):
        members = [member for member in options.members.split(",") if member]
        rows, weights = score(options.data, name, options.model, members, options.origins, options.before, options.every)
        report.extend(rows)
        console.print(render(name, rows), weights)
    results = summary(report)
    for line in results:
        ratios = f"MASE {line['MASE']:.3f}, WQL {line['WQL']:.3f}"
        console.print(f"{line['set']}: relative to best member: {ratios}; coverage {line['coverage']:.3f}")
    console.print(f"mean 80 % coverage of the sets: {np.mean([line['coverage'] for line in results]):.3f}")
    if options.json:
        print(json.dumps({"rows": report, "summary": results}, indent=2))
    return 0


def render(name: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Return the table of one set, with the ensemble in bold."""
    table = Table(title=name)
    table.add_column("model")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for row in rows:
        cells = [f"{row['MASE']:.4f}", f"{row['WQL']:.5f}", f"{row['coverage']:.3f}", f"{row['seconds']:.1f}"]
        table.add_row(row["model"], *cells, style="bold" if row is rows[-1] else "")
    return table


if __name__ == "__main__":
    run(main)
