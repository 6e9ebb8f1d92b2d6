"""Compare pre-trained weights without using test windows.

    python -m benchmarks.judge --data PATH --corpus FILE --held-out NAME --model zero-shot --model out/model

Scored on: windows before the test windows of the open sets; the end of each series of held-out corpus sources, at their own
and at a coarser frequency; the smaller files in PATH; random walks with daily to yearly steps. MASE and WQL are relative to
seasonal naive, for the network alone and, with --ensemble, for the ensemble.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import forecaster
from benchmarks.program import run
from benchmarks.sets import load_set
from tsattn import api
from tsattn.data.corpus.rows import means
from tsattn.data.corpus.steps import usual_steps
from tsattn.data.corpus.store import Corpus
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines.simple import SeasonalNaive
from tsattn.forecasting.ensemble.ensemble import DEFAULT, combine

METRICS = ("MASE", "WQL")
MOST_ITEMS, MOST_ROWS = 40, 4096  # per held-out source
COARSE = {"h": "W", "15min": "D", "D": "W", "MS": None}  # additional, coarser frequency by frequency of the source
# set -> (use every n-th item, windows)
SETS = {
    "ett1/H/short": (1, 20),
    "ett1/15T/short": (1, 10),
    "m4_hourly/H/short": (6, 2),
    "ett1/H/medium": (1, 2),
    "ett1/H/long": (1, 1),
}
# file -> horizon, windows, season length
FILES = {
    "AirPassengers.csv": (12, 5, 12),
    "taylor.csv": (48, 10, 48),
    "seattle-weather.csv": (14, 20, 1),
    "stocks.csv": (6, 6, 1),
}
MOST_WALKS = 200  # with 40, two equally good networks differed by 9 %
WALKS = {
    "D": (30, 400, 1500),
    "W": (13, 300, 900),
    "MS": (18, 100, 300),
    "YS": (6, 25, 60),
}  # frequency -> horizon, least and most rows


@dataclass(frozen=True, eq=False)
class Case:
    """Panel to score on."""

    kind: str
    name: str
    panel: Panel
    horizon: int
    windows: int
    season: int


def cases(data: Path, corpus: Corpus | None, held_out: Sequence[str]) -> Iterator[Case]:
    """Yield all panels to score on."""
    for name, (every, windows) in SETS.items():
        panel, horizon, tested, season = load_set(data, name)
        panel = panel.before(panel.origin - horizon * tested)
        yield Case("before the test windows", name, panel.select(np.arange(0, len(panel), every)), horizon, windows, season)
    if corpus is not None:
        for name in held_out:
            yield from _held_out(corpus, name)
    for name, (horizon, windows, season) in FILES.items():
        yield Case("small files", name, api.ingest(data / name).panel, horizon, windows, season)
    for alias in WALKS:
        yield _walks(alias)


def _held_out(corpus: Corpus, name: str) -> Iterator[Case]:
    """Yield the end of the series of a source, at its most common frequency and at that of COARSE."""
    if name not in corpus.sources:
        raise ConfigError(f"the corpus has no source {name!r}", f"its sources: {', '.join(sorted(corpus.sources))}")
    own = np.flatnonzero((corpus.index.source == corpus.sources.index(name)) & (corpus.index.observed > 0))
    number = np.bincount(corpus.index.freq[own]).argmax()
    own = own[corpus.index.freq[own] == number]
    own = own[:: -(-len(own) // MOST_ITEMS)]
    freq, series = corpus.freqs[number], [corpus.values(int(item)).astype(np.float64) for item in own]
    yield _case(name, freq, series)
    coarse = COARSE.get(str(freq))
    if coarse is not None:
        k = next(k for k, usual in usual_steps(freq) if str(usual) == coarse)
        yield _case(name, Freq.parse(coarse), [means(x[len(x) % k :].reshape(-1, k)).astype(np.float64) for x in series])


def _case(name: str, freq: Freq, series: list[np.ndarray]) -> Case:
    horizon = freq.default_horizon
    panel = Panel.from_arrays([x[-MOST_ROWS:] for x in series], freq=freq)
    windows = int(np.clip(panel.lengths.min() // (3 * horizon), 1, 6))
    return Case("sources held out", f"{name} {freq}", panel, horizon, windows, freq.season_length)


def _walks(alias: str) -> Case:
    """Geometric random walks with drifting volatility; a third of them also have a drifting growth rate."""
    rng, (horizon, least, most) = np.random.default_rng(list(WALKS).index(alias)), WALKS[alias]
    series = []
    for i in range(MOST_WALKS):
        length = int(rng.integers(least, most))
        volatility = np.exp(0.15 * rng.standard_normal(length).cumsum() * (rng.random() < 0.5)).clip(0.2, 5)
        steps = rng.standard_normal(length) * volatility * np.exp(rng.uniform(math.log(0.005), math.log(0.05)))
        if i % 3 == 0:
            steps += np.convolve(rng.standard_normal(length), 0.9 ** np.arange(30))[:length] * steps.std() * 0.15
        series.append(100 * np.exp(steps.cumsum().clip(-8, 8)))
    freq = Freq.parse(alias)
    return Case("random walks", f"walks {alias}", Panel.from_arrays(series, freq=freq), horizon, 2, 1)


def judge(case: Case, models: Sequence[str], ensemble: bool) -> list[dict[str, Any]]:
    """Return one row per model, and per ensemble if wanted, with scores relative to seasonal naive."""
    naive, made = SeasonalNaive(case.season), []
    for model in models:
        network = forecaster(model, case.panel, case.season)
        made.append((model, "network", network))
        if ensemble:
            made.append((model, "ensemble", combine(forecaster(model, case.panel, case.season), DEFAULT)))
    rows = []
    for model, what, own in made:
        result = backtest([naive, own], case.panel, horizon=case.horizon, windows=case.windows, season_length=case.season)
        table = {row["model"]: row for row in result.table()}
        mine, base = table[own.name], table[naive.name]
        ratios = {metric: float(mine[metric]) / float(base[metric]) for metric in METRICS}
        rows.append({"kind": case.kind, "set": case.name, "model": model, "what": what, **ratios, "coverage": mine["coverage"]})
    return rows


def means_of(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the geometric mean scores of each kind of panel and of all, and the mean coverage."""
    out = []
    keys = list(dict.fromkeys((row["model"], row["what"]) for row in rows))
    for kind in [*dict.fromkeys(row["kind"] for row in rows), "all"]:
        for model, what in keys:
            own = [r for r in rows if (r["model"], r["what"]) == (model, what) and kind in ("all", r["kind"])]
            ratios = {metric: math.exp(np.mean([math.log(row[metric]) for row in own])) for metric in METRICS}
            coverage = float(np.mean([row["coverage"] for row in own]))
            out.append({"kind": kind, "set": "mean", "model": model, "what": what, **ratios, "coverage": coverage})
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="the folder with the sets' CSV files")
    parser.add_argument("--corpus", action="append", type=Path, help="a Parquet file of a corpus; repeatable")
    parser.add_argument("--held-out", action="append", default=[], help="a held-out source of the corpus; repeatable")
    parser.add_argument("--model", required=True, action="append", help="a model folder, or zero-shot; repeatable")
    parser.add_argument("--ensemble", action="store_true", help="also score the ensemble of each model")
    parser.add_argument("--only", help="only sets whose name contains this text")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, rows = Console(stderr=options.json, soft_wrap=True), []
    corpus = Corpus(options.corpus) if options.corpus else None
    for case in cases(options.data, corpus, options.held_out):
        if options.only is None or options.only in case.name:
            rows += judge(case, options.model, options.ensemble)
            console.print(*(line(row) for row in rows[-len(options.model) * (1 + options.ensemble) :]), sep="\n")
    report = rows + means_of(rows)
    console.print(render(report))
    if options.json:
        print(json.dumps(report, indent=2))
    return 0


def line(row: dict[str, Any]) -> str:
    return f"{row['set']} {row['model']} {row['what']}: {row['MASE']:.4f} {row['WQL']:.4f} {row['coverage']:.3f}"


def render(rows: Sequence[dict[str, Any]]) -> Table:
    table = Table(title="MASE and WQL relative to seasonal naive, 80 % coverage")
    for column in ("kind", "set", "model", "", *METRICS, "coverage"):
        table.add_column(column)
    for row in rows:
        numbers = [f"{row[key]:.4f}" for key in METRICS]
        table.add_row(row["kind"], row["set"], row["model"], row["what"], *numbers, f"{row['coverage']:.3f}")
    return table


if __name__ == "__main__":
    run(main)
