"""Compare `tsattn tune` with `tsattn train` on data for which the default settings are not the best.

    python -m benchmarks.tune [--rows 600] [--trials 20] [--steps N] [--batch N] [--max-time 30m] [--json]

The data is a population that grows by Ricker's law (1954), N' = N exp(r (1 − N) + noise), r = 2.7, which is chaotic. The next
value is a function of the last one; earlier values carry no information, and there is no season. The defaults are made for the
opposite: a long context, tokens of 16 or 32 steps, a mixture of seasonal cycles. The data is seeded. Both models are scored on
the same held-back windows.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tsattn import api
from tsattn.cli.options import seconds
from tsattn.errors import TsattnError
from tsattn.events import Listener

GROWTH, NOISE, HORIZON = 2.7, 0.02, 4


def population(rows: int, seed: int = 0) -> np.ndarray:
    """Return Ricker's map (rows,), float64, with growth GROWTH and lognormal noise NOISE, after a burn-in of 100 steps."""
    rng = np.random.default_rng(seed)
    made = np.empty(rows + 100)
    made[0] = rng.uniform(0.2, 1.8)
    for t in range(1, len(made)):
        made[t] = made[t - 1] * np.exp(GROWTH * (1 - made[t - 1]) + NOISE * rng.standard_normal())
    return np.asarray(1000 * made[100:])


def compare(rows: int, trials: int, training: dict[str, Any], max_time: float | None, listener: Listener) -> dict[str, Any]:
    """Train and tune on the same file, and score both on the same held-back windows."""
    with tempfile.TemporaryDirectory(prefix="tsattn-bench-") as folder:
        data = Path(folder) / "population.csv"
        values = population(rows, int(training.get("seed", 0)))
        days = np.arange(rows) + np.datetime64("2020-01-01")
        data.write_text("day,count\n" + "".join(f"{d},{v:.3f}\n" for d, v in zip(days, values, strict=True)))
        common: dict[str, Any] = {"horizon": HORIZON, "workspace": Path(folder) / "workspace", "training": training}
        usual = api.train(data, name="usual", listener=listener, **common)
        tuned = api.tune(data, name="tuned", trials=trials, max_time=max_time, listener=listener, **common)
    assert usual.scores is not None
    assert tuned.trained.scores is not None
    table = [*tuned.trained.scores.table(), usual.scores.table()[0]]
    found = {str(row["model"]): row for row in table}
    return {
        "rows": rows,
        "training": training,
        "windows": usual.scores.windows,
        "scores": {name: {m: round(float(row[m]), 4) for m in ("MASE", "WQL", "coverage")} for name, row in found.items()},
        "settings": tuned.best.changed,
        "trials": [one.to_mapping() for one in tuned.tried],
        "seconds": {"usual": usual.card.fitted.seconds, "search": sum(one.seconds for one in tuned.tried)},
        "beats_usual": all(found["tuned"][metric] < found["usual"][metric] for metric in ("MASE", "WQL")),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tune", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--steps", type=int, help="optimiser steps of each training; default: as `train`")
    parser.add_argument("--batch", type=int, help="windows per step; default: as `train`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-time", help="time limit of the search, such as 30m")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    training = {"steps": given.steps, "batch": given.batch, "seed": given.seed, "device": "cpu", "precision": "fp32"}
    training = {key: value for key, value in training.items() if value is not None}
    said = Console(stderr=True)
    listener = Listener(note=said.print, trial=lambda one: said.print(one) if one.state != "running" else None)
    try:
        found = compare(given.rows, given.trials, training, seconds(given.max_time, "--max-time"), listener)
    except TsattnError as error:
        said.print(f"error: {error}")
        return int(error.exit_code)
    if given.json:
        print(json.dumps(found))
    else:
        table = Table("model", "MASE", "WQL", "coverage", title=f"{found['windows']} windows of {HORIZON} steps")
        for name, row in found["scores"].items():
            table.add_row(name, *(f"{row[metric]:.4f}" for metric in ("MASE", "WQL", "coverage")))
        console = Console()
        console.print(table)
        console.print(f"best of {len(found['trials'])} trials: {found['settings'] or 'the default settings'}")
    return 0 if found["beats_usual"] else 1


if __name__ == "__main__":
    sys.exit(main())
