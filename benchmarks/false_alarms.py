"""False alarms of `tsattn detect` on clean series: rows outside the interval, as multiples of the nominal share.

    python -m benchmarks.false_alarms [--series 3] [--rows 2400] [--kind NAME] [--corpus FILE --source aimsir17] [--csv FILE]

Made series are of twelve kinds, such as rounded, heavy-tailed and intermittent values, closed nights, and waves of 5 minutes.
Real series come from a corpus of Parquet (source, item_id, freq, values) and from CSV files of days; what is odd in them counts
as a false alarm. The second half of each series is scored.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.detect import FREQS, KINDS
from benchmarks.program import run
from tsattn import load
from tsattn.data.panel import Panel
from tsattn.forecasting.anomalies import score_rows

LEVELS = (0.95, 0.99, 0.999)


def _drift(rng: np.random.Generator, count: int, keep: float, size: float) -> np.ndarray:
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -keep], size * rng.normal(size=count + 200))[200:])


def _heavy(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return 50 + 10 * np.sin(2 * np.pi * t / season) + 2 * rng.standard_t(3, len(t))


def _machine(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return np.round(40 + 5 * np.sin(2 * np.pi * t / season) + _drift(rng, len(t), 0.98, 0.3) + 0.4 * rng.normal(size=len(t)), 1)


def _wander(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return 100 + np.cumsum(rng.normal(0, 1, len(t)))


def _sun(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    height = np.maximum(0, np.sin(2 * np.pi * (t / season - 0.25)))
    cloud = np.repeat(rng.beta(3, 1.5, len(t) // season + 1), season)[: len(t)]
    return np.round(800 * height * np.clip(cloud + 0.1 * rng.normal(size=len(t)), 0, 1))


def _rain(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    wet = _drift(rng, len(t), 0.9, 1.0) > 2.5
    return np.where(wet, np.round(rng.gamma(0.7, 1.5, len(t)), 1), 0.0)


def _rare(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return (rng.poisson(0.2, len(t)) * (1 + rng.poisson(2, len(t)))).astype(float)


def _volatile(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return 50 + 5 * np.sin(2 * np.pi * t / season) + np.exp(_drift(rng, len(t), 0.97, 0.2)) * rng.normal(size=len(t))


def _gauge(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return np.round(20 + _drift(rng, len(t), 0.95, 0.3))


Make = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
CLEAN: dict[str, tuple[str, Make]] = {
    **KINDS,
    "made: 5 minutes": ("5min", _machine),
    "made: heavy tails": ("h", _heavy),
    "made: random walk": ("D", _wander),
    "made: sun": ("h", _sun),
    "made: rain": ("h", _rain),
    "made: rare demand": ("D", _rare),
    "made: changing spread": ("h", _volatile),
    "made: whole degrees": ("h", _gauge),
}


def made(count: int, rows: int, seed: int, only: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    """(kind, frequency, values) of `count` series of each made kind."""
    for number, (kind, (freq, make)) in enumerate(CLEAN.items()):
        if only and not any(one in kind for one in only):
            continue
        for i in range(count):
            yield kind, freq, make(np.random.default_rng([seed, number, i, 7]), np.arange(rows), FREQS[freq])


def real(count: int, rows: int, corpus: str | None, sources: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    """(source, frequency, values) of `count` series of each source, spread over it."""
    import pyarrow.parquet as pq

    for source in sources if corpus else ():
        found = pq.read_table(corpus, filters=[("source", "=", source)]).to_pylist()
        found = [(row["freq"], np.array(row["values"], np.float64)) for row in found if row["freq"] in FREQS]
        found = [(freq, y) for freq, y in found if len(y) >= 600 and np.isfinite(y).mean() > 0.9 and np.nanstd(y) > 0]
        for i in np.unique(np.linspace(0, len(found) - 1, count).astype(int)) if found else []:
            freq, y = found[i]
            begin = max(0, (len(y) - rows) // 2)
            yield f"real: {source}", freq, y[begin : begin + rows]


def files(paths: Sequence[str], rows: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """(column, frequency, values) of each numeric column of CSV files of days."""
    import pandas as pd

    for path in paths:
        table = pd.read_csv(path).select_dtypes("number")
        for name in table:
            yield f"real: {name}", "D", table[name].to_numpy(np.float64)[:rows]


def rates(every: Sequence[tuple[str, str, np.ndarray]], members: str) -> list[dict[str, Any]]:
    """A row for each group: the share of rows outside the interval at each level, over the nominal share; the worst series."""
    forecaster = load("zero-shot", members=members).forecaster
    groups: dict[str, list[np.ndarray]] = {}
    began = time.process_time()
    for group, freq, values in every:
        scores, _ = score_rows(forecaster, Panel.from_arrays([values], freq=freq, start="2024-01-01"), last=len(values) // 2)
        groups.setdefault(group, []).append(scores.p)
    seconds = (time.process_time() - began) / max(len(every), 1)
    rows = []
    for group, found in groups.items():
        p = np.concatenate(found)
        times = {f"{level:g}": float((p < 1 - level).mean() / (1 - level)) for level in LEVELS}
        worst = max(float((one < 0.01).mean() / 0.01) for one in found)
        rows.append({"group": group, "series": len(found), "rows": len(p), **times, "worst series": worst, "seconds": seconds})
    return rows


def render(rows: Sequence[dict[str, Any]]) -> Table:
    """A line for each row."""
    table = Table(title="Rows outside the interval, in multiples of the nominal share")
    for name in rows[0] if rows else ():
        table.add_column(name, justify="left" if name == "group" else "right")
    for row in rows:
        table.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarms", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", help="Parquet file of real series")
    parser.add_argument("--source", action="append", default=[], help="of the corpus, repeatable")
    parser.add_argument("--csv", action="append", default=[], help="CSV file of daily values, repeatable")
    parser.add_argument("--kind", action="append", default=[], help="part of the name of a made kind, repeatable")
    parser.add_argument("--series", type=int, default=3, help="of each kind and source")
    parser.add_argument("--rows", type=int, default=2400, help="of a series; the second half is scored")
    parser.add_argument("--members", default="network", help="network or all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the table on stderr")
    options = parser.parse_args(arguments)
    every = [
        *made(options.series, options.rows, options.seed, options.kind),
        *real(options.series, options.rows, options.corpus, options.source),
        *files(options.csv, options.rows),
    ]
    rows = rates(every, options.members)
    Console(stderr=options.json, width=120).print(render(rows))
    if options.json:
        print(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    run(main)
