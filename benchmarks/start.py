"""Start-up time of commands, compared with the import of a required library: whole processes, interleaved, medians.

    python -m benchmarks.start [--repeat 7] [--peer .venv-peers/bin/python]

Each command is compared with the import of one library by the same Python. With --peer, it is also compared with a
neuralforecast script (benchmarks/peers/neuralforecast_trained.py) that loads a saved model and forecasts the same series.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.program import run

FIRST_STEP = """
import os, sys
from tsattn.cli.main import _set_up
_set_up(False)
import tsattn
from tsattn.events import Listener
tsattn.train(sys.argv[1], workspace=sys.argv[2], listener=Listener(progress=lambda now: os._exit(0)))
"""


@dataclass(frozen=True)
class Case:
    """Command, the library import it is compared with, and the largest ratio allowed."""

    name: str
    command: tuple[str, ...]
    limit: str
    wanted: float
    folder: str = ""


def cases(folder: Path) -> tuple[list[Case], dict[str, tuple[str, ...]]]:
    """Return the commands, and the imports by name. Creates data and trained models in `folder`."""
    python, tsattn = sys.executable, (sys.executable, "-m", "tsattn")
    data = str(write_series(folder / "data.csv"))
    limits = {f"import {name}": (python, "-c", f"import {name}") for name in ("typer", "pandas", "pytorch_lightning")}
    empty, full = str(folder / "empty"), str(folder / "full")
    Path(empty).mkdir()
    train = (*tsattn, "train", data, "--from-scratch", "--steps", "20", "--workspace", full)
    subprocess.run(train, check=True, capture_output=True, cwd=folder)
    typer, pandas = "import typer", "import pandas"
    return [
        Case("tsattn --help", (*tsattn, "--help"), typer, 2),
        Case("tsattn --version", (*tsattn, "--version"), typer, 2),
        Case("tsattn train --help", (*tsattn, "train", "--help"), typer, 2),
        Case("tsattn trian (a usage error)", (*tsattn, "trian"), typer, 2),
        Case("completion of tsattn tr", tsattn, typer, 2),
        Case("tsattn ingest data.csv", (*tsattn, "ingest", data, "--workspace", empty), pandas, 2),
        Case("tsattn forecast data.csv, zero-shot", (*tsattn, "forecast", data, "--workspace", empty), pandas, 2.5),
        Case("tsattn forecast data.csv, trained", (*tsattn, "forecast", data, "--workspace", full), pandas, 2.5),
        Case("tsattn train data.csv, to its first step", (python, "-c", FIRST_STEP, data, full), "import pytorch_lightning", 1.5),
    ], limits


def write_series(path: Path, rows: int = 1000) -> Path:
    """Write an hourly series with a daily cycle."""
    hours = np.datetime64("2024-01-01T00") + np.arange(rows)
    values = 10 + np.sin(np.arange(rows) * 2 * np.pi / 24) + 0.1 * np.random.default_rng(0).standard_normal(rows)
    path.write_text("time,load\n" + "".join(f"{t}:00,{v:.3f}\n" for t, v in zip(hours, values, strict=True)))
    return path


def seconds(command: Sequence[str], folder: Path, complete: bool = False) -> float:
    """Return the wall-clock seconds of one process, from start to end."""
    environment = dict(os.environ)
    if complete:
        environment |= {"_TSATTN_COMPLETE": "complete_bash", "COMP_WORDS": "tsattn tr", "COMP_CWORD": "1"}
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=folder, env=environment, check=False)
    spent = time.perf_counter() - began
    if done.returncode not in (0, 2):
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return spent


def measure(repeat: int, peer: str | None) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="tsattn-start-") as made:
        folder = Path(made)
        wanted, limits = cases(folder)
        if peer:
            script = str(Path(__file__).with_name("peers") / "neuralforecast_start.py")
            saved = str(folder / "saved")
            subprocess.run([peer, script, "save", str(folder / "data.csv"), saved], check=True, capture_output=True)
            limits["neuralforecast"] = (peer, script, "forecast", str(folder / "data.csv"), saved)
            wanted += [
                Case(f"{case.name} (peer)", case.command, "neuralforecast", 1 / 6) for case in wanted if "forecast" in case.name
            ]
        times: dict[str, list[float]] = {name: [] for name in (*limits, *(case.name for case in wanted))}
        for _ in range(repeat + 1):  # the first run fills caches and does not count
            for name, command in limits.items():
                times[name].append(seconds(command, folder))
            for case in wanted:
                times[case.name].append(seconds(case.command, folder, case.name.startswith("completion")))
    middle = {name: statistics.median(found[1:]) for name, found in times.items()}
    return [
        {
            "command": case.name,
            "seconds": round(middle[case.name], 3),
            "spread": round(max(times[case.name][1:]) - min(times[case.name][1:]), 3),
            "beside": case.limit,
            "its seconds": round(middle[case.limit], 3),
            "ratio": round(middle[case.name] / middle[case.limit], 2),
            "wanted": round(case.wanted, 2),
        }
        for case in wanted
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--peer", help="Python of an environment with neuralforecast")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = measure(options.repeat, options.peer)
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    table = Table(title=f"whole processes, median of {options.repeat} runs")
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("command", "beside") else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    return 0


if __name__ == "__main__":
    run(main)
