"""Compare the zero-shot ensemble with the usual baselines on short, trending and random-walk-like series.

    python -m benchmarks.short [--data PATH] [--corpus FILE --source nhs_ae] [--only NAME] [--model zero-shot]

Seven sets are made, from a seed each. The others are real: three of statsmodels, two CSV files of PATH, and sources of a corpus
that were held out of pre-training. MASE and WQL are ratios to the best baseline of the same run; a ratio above 1.03 is marked.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.gift_eval import forecaster
from benchmarks.program import run
from tsattn import api
from tsattn.data.corpus.store import Corpus
from tsattn.data.panel import Panel
from tsattn.errors import ConfigError
from tsattn.forecasting.backtest import backtest
from tsattn.forecasting.baselines import baseline
from tsattn.forecasting.ensemble.ensemble import DEFAULT, combine
from tsattn.forecasting.predict import BATCH

PEERS = ("naive", "seasonal-naive", "drift", "auto-ets", "auto-arima", "auto-theta")
METRICS = ("MASE", "WQL")
BOUND = 1.03  # times the best baseline: more is marked
MOST_ITEMS = 40  # of a source of a corpus


@dataclass(frozen=True, eq=False)
class ShortSet:
    """A panel, how it is cut, and whether each window is forecast on its own, as a file of one series is."""

    name: str
    panel: Panel
    horizon: int
    windows: int
    alone: bool = False


def _season(rng: np.random.Generator, length: int, period: int) -> np.ndarray:
    """A fixed seasonal shape of three random harmonics and some roughness, standard deviation 1."""
    t = np.arange(period) / period
    shape = sum(rng.normal(0, 1 / k) * np.sin(2 * np.pi * (k * t + rng.random())) for k in (1, 2, 3))
    shape = shape + 0.3 * rng.standard_normal(period)
    return np.asarray((shape - shape.mean()) / shape.std())[np.arange(length) % period]


def _monthly(rng: np.random.Generator) -> np.ndarray:
    """40 months before the last origin: a line, a fixed season and independent noise."""
    t = np.arange(52)
    return 100 + rng.uniform(-1, 3) * t + rng.uniform(5, 20) * _season(rng, 52, 12) + rng.uniform(2, 6) * rng.standard_normal(52)


def _kpi(rng: np.random.Generator) -> np.ndarray:
    """40 months before the last origin: growth that wanders, a season of factors, autocorrelated noise of factors."""
    growth = rng.uniform(-0.005, 0.03) + 0.004 * rng.standard_normal(52).cumsum() * (rng.random() < 0.5)
    noise = np.convolve(rng.standard_normal(52), 0.6 ** np.arange(12))[:52] * rng.uniform(0.01, 0.05)
    return rng.uniform(50, 5000) * np.exp((growth * np.ones(52)).cumsum() + rng.uniform(0.03, 0.2) * _season(rng, 52, 12) + noise)


def _sarima(rng: np.random.Generator) -> np.ndarray:
    """96 months of an airline model, (0, 1, 1)(0, 1, 1), or of an AR(1) around a season."""
    noise = rng.standard_normal(96 + 26)
    if rng.random() < 0.5:
        theta, seasonal = rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.9)
        moved = noise.copy()
        moved[1:] -= theta * noise[:-1]
        later = moved.copy()
        later[12:] -= seasonal * moved[:-12]
        level = later.cumsum()
        for t in range(12, len(level)):
            level[t] += level[t - 12]
        return np.asarray(300 + level[26:])
    rho = rng.uniform(0.4, 0.95)
    walk = np.convolve(noise, rho ** np.arange(60))[26 : 26 + 96]
    return np.asarray(50 + walk + rng.uniform(1, 4) * _season(rng, 96, 12))


def _quarterly(rng: np.random.Generator) -> np.ndarray:
    """28 to 60 quarters with a level and a slope that wander, the slope damped, and a season that may wander too."""
    length = int(rng.integers(28, 60))
    slope, level, season, values = rng.normal(0.5, 0.7), 100.0, rng.normal(0, rng.uniform(0, 5), 4), []
    damping, drift = rng.choice([0.9, 0.98, 1.0]), rng.uniform(0, 0.3)
    for t in range(length):
        slope = damping * slope + 0.2 * rng.standard_normal()
        level += slope + rng.uniform(0.5, 1.5) * rng.standard_normal()
        season[t % 4] += drift * rng.standard_normal()
        values.append(level + season[t % 4] + rng.standard_normal())
    return np.array(values)


def _yearly(rng: np.random.Generator) -> np.ndarray:
    """18 to 45 years: a random walk with a drift, a line with noise, or growth with shocks that last."""
    length, kind = int(rng.integers(18, 45)), rng.integers(3)
    noise = rng.standard_normal(length)
    if kind == 0:
        return np.asarray(50 + (rng.normal(0, 0.6) + noise).cumsum())
    if kind == 1:
        return np.asarray(50 + rng.normal(0, 1) * np.arange(length) + 2 * noise)
    return np.asarray(10 * np.exp((rng.uniform(0, 0.06) + 0.03 * np.convolve(noise, [1, 0.5])[:length]).cumsum()))


def _walk(rng: np.random.Generator, length: int, volatility: float) -> np.ndarray:
    """A geometric random walk whose volatility wanders in half of the cases."""
    size = np.exp(0.1 * rng.standard_normal(length).cumsum() * (rng.random() < 0.5)).clip(0.3, 3)
    return np.asarray(100 * np.exp((volatility * size * rng.standard_normal(length)).cumsum()))


def _daily_walk(rng: np.random.Generator) -> np.ndarray:
    return _walk(rng, int(rng.integers(250, 700)), 0.012)


def _monthly_walk(rng: np.random.Generator) -> np.ndarray:
    return _walk(rng, int(rng.integers(48, 130)), 0.05)


# name -> maker, frequency, horizon, windows, series, alone
MADE: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], str, int, int, int, bool]] = {
    "made monthly": (_monthly, "MS", 12, 1, 40, False),
    "made kpi": (_kpi, "MS", 12, 1, 16, True),
    "made sarima": (_sarima, "MS", 12, 1, 24, False),
    "made quarterly": (_quarterly, "QS", 8, 1, 40, False),
    "made yearly": (_yearly, "YS", 6, 1, 40, False),
    "walks daily": (_daily_walk, "B", 20, 2, 24, False),
    "walks monthly": (_monthly_walk, "MS", 12, 1, 40, False),
}


def made_sets(seed: int) -> Iterator[ShortSet]:
    """The sets that need no file; the same for the same seed."""
    for number, (name, (maker, alias, horizon, windows, count, alone)) in enumerate(MADE.items()):
        rng = np.random.default_rng([seed, number])
        panel = Panel.from_arrays([maker(rng) for _ in range(count)], freq=alias, start="2015-01-01")
        yield ShortSet(name, panel, horizon, windows, alone)


def statsmodels_sets() -> Iterator[ShortSet]:
    """Small real series that come with statsmodels: monthly, quarterly, yearly. Raises ConfigError without it."""
    try:
        from statsmodels.datasets import co2, copper, elec_equip, elnino, macrodata, nile, sunspots
    except ImportError:
        raise ConfigError("the sets of statsmodels need it installed", "type: pip install statsmodels") from None
    carbon = co2.load_pandas().data["co2"].resample("MS").mean().interpolate().to_numpy()
    equipment = elec_equip.load_pandas().data.iloc[:, 0].to_numpy(np.float64)
    el_nino = elnino.load_pandas().data.iloc[:, 1:].to_numpy(np.float64).ravel()
    pieces = [x[at - 72 : at] for x in (carbon, equipment, el_nino) for at in range(len(x), 71, -60)]
    yield ShortSet("monthly pieces", Panel.from_arrays(pieces, freq="MS"), 12, 2)
    macro = macrodata.load_pandas().data.drop(columns=["year", "quarter"]).to_numpy(np.float64).T
    quarters = [x[at - 60 : at] for x in macro for at in (len(macro.T), len(macro.T) - 70)]
    yield ShortSet("US macro", Panel.from_arrays(quarters, freq="QS"), 8, 2)
    prices = copper.load_pandas().data.iloc[:, :5].to_numpy(np.float64).T
    others = (nile.load_pandas().data.iloc[:, -1], sunspots.load_pandas().data.iloc[-120:, -1])
    yearly = [*prices, *(np.asarray(x, np.float64) for x in others)]
    yield ShortSet("yearly", Panel.from_arrays(yearly, freq="YS"), 6, 2)


def file_sets(data: Path) -> Iterator[ShortSet]:
    """AirPassengers.csv as one series, stocks.csv."""
    yield ShortSet("AirPassengers", api.ingest(data / "AirPassengers.csv").panel, 12, 6, True)
    yield ShortSet("stocks", api.ingest(data / "stocks.csv").panel, 6, 6)


def corpus_set(corpus: Corpus, source: str) -> ShortSet:
    """The last 96 steps of the series of a source, at its commonest frequency."""
    if source not in corpus.sources:
        raise ConfigError(f"the corpus has no source {source!r}", f"its sources: {', '.join(sorted(corpus.sources))}")
    index = corpus.index
    own = np.flatnonzero((index.source == corpus.sources.index(source)) & (index.observed > 0))
    own = own[index.freq[own] == np.bincount(index.freq[own]).argmax()]
    freq = corpus.freqs[int(index.freq[own[0]])]
    series = [corpus.values(int(i))[-96:].astype(np.float64) for i in own[:: -(-len(own) // MOST_ITEMS)]]
    panel = Panel.from_arrays([x for x in series if len(x) >= 2 * freq.default_horizon], freq=freq)
    return ShortSet(source, panel, freq.default_horizon, 1)


def all_sets(seed: int, data: Path | None, corpus: Corpus | None, sources: Sequence[str]) -> Iterator[ShortSet]:
    """Every set that the arguments give."""
    yield from made_sets(seed)
    yield from statsmodels_sets()
    if data is not None:
        yield from file_sets(data)
    if corpus is not None:
        yield from (corpus_set(corpus, source) for source in sources)


def judge(case: ShortSet, model: str, members: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of the baselines, the network alone and the ensemble on one set."""
    season = case.panel.freq.season_length
    network = forecaster(model, case.panel, season)
    models = [*(baseline(name, season) for name in PEERS), network, combine(network, members)]
    result = backtest(
        models,
        case.panel,
        horizon=case.horizon,
        windows=case.windows,
        season_length=season,
        batch=1 if case.alone else BATCH,
    )
    return [{**row, "set": case.name, "seconds": result.seconds[str(row["model"])]} for row in result.table()]


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each set: the best baseline and the ensemble's scores over its."""
    out = []
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        peers, ensemble = own[: len(PEERS)], own[-1]
        best = {metric: min(peers, key=lambda row: float(row[metric])) for metric in METRICS}
        ratios = {metric: float(ensemble[metric]) / float(best[metric][metric]) for metric in METRICS}
        alone = {f"network {metric}": float(own[-2][metric]) / float(best[metric][metric]) for metric in METRICS}
        out.append({"set": name, "best": best["MASE"]["model"], **ratios, **alone, "coverage": float(ensemble["coverage"])})
    return out


def render(rows: Sequence[dict[str, Any]], lines: Sequence[dict[str, Any]]) -> Table:
    """MASE of every model and the ratios, one set a line."""
    names = list(dict.fromkeys(row["model"] for row in rows))
    table = Table(title="MASE; then MASE and WQL of the ensemble over those of the best baseline, 80 % coverage")
    for column in ("set", *names, *METRICS, "coverage"):
        table.add_column(column)
    for line in lines:
        own = {row["model"]: row for row in rows if row["set"] == line["set"]}
        marks = [f"{line[metric]:.3f}{' !' if line[metric] > BOUND else ''}" for metric in METRICS]
        table.add_row(line["set"], *(f"{own[name]['MASE']:.3f}" for name in names), *marks, f"{line['coverage']:.2f}")
    means = [f"{math.exp(np.mean([math.log(line[metric]) for line in lines])):.3f}" for metric in METRICS]
    table.add_row("geometric mean", *("" for _ in names), *means, f"{np.mean([line['coverage'] for line in lines]):.2f}")
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.short", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with AirPassengers.csv and stocks.csv")
    parser.add_argument("--corpus", action="append", type=Path, help="a Parquet file of a corpus, repeatable")
    parser.add_argument("--source", action="append", default=[], help="a source of the corpus, repeatable")
    parser.add_argument("--model", default="zero-shot", help="a model folder, or zero-shot (default)")
    parser.add_argument("--members", default=",".join(DEFAULT), help="methods of the ensemble; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of the made sets")
    parser.add_argument("--only", help="sets whose name has this in it")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the table on stderr")
    options = parser.parse_args(arguments)
    console, rows = Console(stderr=options.json, soft_wrap=True, width=200), []
    corpus = Corpus(options.corpus) if options.corpus else None
    for case in all_sets(options.seed, options.data, corpus, options.source):
        if options.only is None or options.only in case.name:
            rows += judge(case, options.model, options.members.split(","))
            last = summary(rows)[-1]
            console.print(f"{case.name}: {last['MASE']:.3f} of {last['best']}, WQL {last['WQL']:.3f}")
    lines = summary(rows)
    console.print(render(rows, lines))
    if options.json:
        print(json.dumps({"rows": rows, "summary": lines}, indent=2))
    return 0


if __name__ == "__main__":
    run(main)
