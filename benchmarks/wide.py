"""CPU time of reading tables with many columns, divided by that of a table with as many cells in one column.

    python -m benchmarks.wide [--columns 2000 10000 50000] [--rows 10 50 100] [--kinds csv parquet]

Each command runs in its own process. The start-up time, the minimum of five runs of the same command on a table of 2 columns,
is subtracted from both.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.program import run

ROOT = Path(__file__).parents[1]


def _step(rows: int) -> str:
    """Return NumPy's unit of the step between rows: days, or minutes if daily rows would end after the year 9999."""
    return "D" if rows < 2_900_000 else "m"


def write(path: Path, columns: int, rows: int, *, ragged: bool = False, header: bool = True) -> Path:
    """Write a CSV file with one row per day or minute. ragged: the last line lacks a cell."""
    values = np.random.default_rng(0).normal(10, 1, (rows, columns)).round(2)
    days = np.datetime64("1970-01-01", _step(rows)) + np.arange(rows)
    with path.open("w", encoding="utf-8") as file:
        if header:
            file.write("day," + ",".join(f"shop_{k}" for k in range(columns)) + "\n")
        for number, (day, row) in enumerate(zip(days, values, strict=True)):
            cells = row[:-1] if ragged and number == rows - 1 else row
            file.write(f"{day}," + ",".join(map(str, cells.tolist())) + "\n")
    return path


def write_parquet(path: Path, columns: int, rows: int) -> Path:
    """Write a Parquet file with one row per day."""
    import pyarrow as pa
    import pyarrow.parquet

    values = np.random.default_rng(0).normal(10, 1, (columns, rows)).round(2)
    days = pa.array(np.datetime64("1970-01-01") + np.arange(rows))
    table = pa.Table.from_arrays([days, *map(pa.array, values)], ["day", *(f"shop_{k}" for k in range(columns))])
    pyarrow.parquet.write_table(table, path)
    return path


# kind of input -> function that writes the file and returns the arguments of `ingest`
KINDS: dict[str, Callable[[Path, int, int], list[str]]] = {
    "csv": lambda folder, columns, rows: [str(write(folder / "wide.csv", columns, rows))],
    "csv, --json": lambda folder, columns, rows: [str(write(folder / "wide.csv", columns, rows)), "--json"],
    "csv without a header": lambda folder, columns, rows: [str(write(folder / "bare.csv", columns, rows, header=False))],
    "a line too short": lambda folder, columns, rows: [str(write(folder / "ragged.csv", columns, rows, ragged=True))],
    "a column that is missing": lambda folder, columns, rows: [
        str(write(folder / "wide.csv", columns, rows)),
        *("--target", "shop_nowhere"),
    ],
    "parquet": lambda folder, columns, rows: [str(write_parquet(folder / "wide.parquet", columns, rows))],
}


def seconds(words: list[str]) -> float:
    """CPU seconds of one command line."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "tsattn", *words], env=environment, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", nargs="*", type=int, default=[2000, 10_000, 50_000])
    parser.add_argument("--rows", nargs="*", type=int, default=[10])
    parser.add_argument("--kinds", nargs="*", default=[], choices=KINDS, help="tables to read; default: all")
    options = parser.parse_args()
    shown = Table("columns", "rows", "table", "CPU s", "us a column", "over one column", box=None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        two = str(write(folder / "two.csv", 2, 10))
        start = min(seconds(["ingest", two]) for _ in range(5))
        for columns, rows in itertools.product(options.columns, options.rows):
            long = str(write(folder / "long.csv", 1, columns * rows))
            base = max(
                min(seconds(["ingest", long, "--freq", {"D": "D", "m": "min"}[_step(columns * rows)]]) for _ in range(2)) - start,
                1e-3,
            )
            for kind in options.kinds or KINDS:
                took = seconds(["ingest", *KINDS[kind](folder, columns, rows)]) - start
                numbers = (f"{took:.2f}", f"{1e6 * took / columns:.0f}", f"{took / base:.1f}")
                shown.add_row(f"{columns:,}", str(rows), kind, *numbers)
                Console(width=100).print(f"{columns:,} x {rows}, {kind}: {' '.join(numbers)}", style="dim")
    Console(width=100).print(shown)
    return 0


if __name__ == "__main__":
    run(main)
