"""Anomalies put into series, and how many are found: tsattn beside a seasonal ESD (STL and MAD), at the same false alarms.

    python -m benchmarks.detect [--corpus corpus.parquet --source nab --source akl_ped] [--series 6] [--cycles 3 --shift 10]

Anomalies are put into the second half of made series, and of real ones from a corpus of Parquet (source, item_id, freq, values):
spikes, a shift (of size `--shift`) and a flat stretch of one cycle, or of `--cycles`. "rows" is the share of the rows of shifts
and flat stretches that are alarms, which shows how long a fault is seen. Real series hold anomalies of their own, which count as
false alarms here. The ESD fits its seasons and spread to the whole series, the future too; tsattn reads only what lies before
each row.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.program import run
from tsattn import load
from tsattn.data.panel import Panel
from tsattn.forecasting.anomalies import score_rows

ROWS = 1200  # of a series; anomalies are in the second half
SPIKE, SHIFT = 8.0, 5.0  # sizes, in robust standard deviations of the change from one cycle to the next
LEVELS = (0.99, 0.999)
FREQS = {"h": 24, "D": 7, "5min": 288, "10min": 144, "15min": 96, "30min": 48, "MS": 12}


@dataclass(frozen=True, eq=False)
class Case:
    """A series with anomalies: values (n,), and events (kind, first row, row after the last)."""

    group: str
    freq: str
    values: np.ndarray
    events: tuple[tuple[str, int, int], ...]


def _wave(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return 50 + 15 * np.sin(2 * np.pi * t / season) + 5 * np.sin(4 * np.pi * t / season) + rng.normal(0, 2, len(t))


def _traffic(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    hour, day = t % season * 24 / season, t // season
    peaks = 200 + 150 * np.exp(-(((hour - 8) / 3) ** 2)) + 180 * np.exp(-(((hour - 17) / 3) ** 2))
    usual = np.where(day % 7 >= 5, 0.6, 1.0) * np.where(hour < 6, 0.3, 1.0) * peaks
    return np.maximum(0, np.round(usual * (1 + 0.06 * rng.normal(size=len(t)))))


def _temperature(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    drift = np.zeros(len(t))
    for i in range(1, len(t)):
        drift[i] = 0.97 * drift[i - 1] + 0.5 * rng.normal()
    return np.round(12 + 6 * np.sin(2 * np.pi * t / season) + drift, 1)


def _counts(rng: np.random.Generator, t: np.ndarray, season: int) -> np.ndarray:
    return rng.poisson(np.exp(rng.normal(3, 0.5, season))[t % season]).astype(float)


Make = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]
KINDS: dict[str, tuple[str, Make]] = {
    "made: wave": ("h", _wave),
    "made: traffic": ("h", _traffic),
    "made: temperature": ("h", _temperature),
    "made: daily counts": ("D", _counts),
}


def disturbed(group: str, freq: str, values: np.ndarray, rng: np.random.Generator, cycles: int = 1, shift: float = SHIFT) -> Case:
    """The series with three spikes, a shift and a flat stretch of `cycles` cycles each, at random places of its second half."""
    season, y = FREQS[freq], values.astype(np.float64).copy()
    change = y[season:] - y[:-season]
    change = change[np.isfinite(change)]
    size = 1.4826 * float(np.median(np.abs(change - np.median(change)))) / np.sqrt(2) or float(np.nanstd(y)) or 1.0
    cycle = min(season, len(y) // 24)
    lasting = cycles * cycle
    slots = rng.permutation(np.linspace(len(y) // 2, len(y) - lasting - cycle, 5).astype(int))
    events = []
    for number, at in enumerate(slots.tolist()):
        first = at + int(rng.integers(0, max(1, cycle // 2)))
        sign = rng.choice([-1, 1])
        if number < 3:
            y[first] += sign * SPIKE * size
            events.append(("spike", first, first + 1))
        elif number == 3:
            y[first : first + lasting] += sign * shift * size
            events.append(("shift", first, first + lasting))
        else:
            y[first : first + lasting] = np.nanmean(y[first - season : first])
            events.append(("flat", first, first + lasting))
    return Case(group, freq, y, tuple(events))


def cases(count: int, corpus: str | None, sources: Sequence[str], seed: int, cycles: int = 1, shift: float = SHIFT) -> list[Case]:
    """`count` disturbed series of each made kind and of each source."""
    found = []
    for number, (group, (freq, make)) in enumerate(KINDS.items()):
        for i in range(count):
            rng = np.random.default_rng([seed, number, i])
            found.append(disturbed(group, freq, make(rng, np.arange(ROWS), FREQS[freq]), rng, cycles, shift))
    if corpus:
        import pyarrow.parquet as pq

        for number, source in enumerate(sources):
            table = pq.read_table(corpus, filters=[("source", "=", source)])
            rows = [
                (row["freq"], np.array(row["values"], np.float64)[:ROWS])
                for row in table.to_pylist()
                if row["freq"] in FREQS and len(row["values"]) >= ROWS // 2
            ]
            rows = [(freq, y) for freq, y in rows if np.isfinite(y).mean() > 0.9 and np.nanstd(y) > 0]
            for i in np.unique(np.linspace(0, len(rows) - 1, count).astype(int)) if rows else []:
                found.append(
                    disturbed(f"real: {source}", *rows[i], np.random.default_rng([seed, 100 + number, int(i)]), cycles, shift)
                )
    return found


def by_tsattn(members: str) -> Callable[[Case], np.ndarray]:
    """Tail probabilities (n,) of the package's model, NaN where a row is not scored."""
    forecaster = load("zero-shot", members=members).forecaster

    def score(case: Case) -> np.ndarray:
        panel = Panel.from_arrays([case.values], freq=case.freq, start="2024-01-01")
        scores, _ = score_rows(forecaster, panel, last=len(case.values) // 2 + 1)
        p = np.full(len(case.values), np.nan)
        p[scores.row] = scores.p
        return p

    return score


def by_esd(case: Case) -> np.ndarray:
    """Tail probabilities (n,) by STL and the median absolute deviation of its remainder, as in Hochenbaum et al. (2017)."""
    from statsmodels.tsa.seasonal import STL

    seen = np.isfinite(case.values)
    y = np.interp(np.arange(len(seen)), np.flatnonzero(seen), case.values[seen])
    rest = STL(y, period=FREQS[case.freq], robust=True).fit().resid
    spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest)))) or 1e-9
    z = np.abs(rest - np.median(rest)) / spread
    p = np.array([2 * NormalDist().cdf(-v) for v in z.tolist()])
    p = np.maximum(p, 1e-200 / (1 + z))  # far out, still in the order of the distances
    return np.where(seen, p, np.nan)


@dataclass
class Tally:
    """Counts over the rows and events of a group."""

    events: int = 0
    hit: int = 0
    alarms: int = 0
    true: int = 0
    rows: int = 0
    false: int = 0
    lasting: int = 0  # rows of shifts and flat stretches
    seen: int = 0  # of them, alarms


def count(case: Case, p: np.ndarray, limit: float, tally: Tally, kinds: dict[str, list[int]]) -> None:
    """Add one series: an event is found when one of its rows is an alarm; an alarm is true within an event."""
    half = np.arange(len(p)) >= len(p) // 2
    alarm = half & (p < limit)
    inside = np.zeros(len(p), bool)
    for kind, first, end in case.events:
        inside[first:end] = True
        found = bool(alarm[first:end].any())
        tally.events += 1
        tally.hit += found
        kinds.setdefault(kind, []).append(found)
        if kind != "spike":
            tally.lasting += end - first
            tally.seen += int(alarm[first:end].sum())
    tally.alarms += int(alarm.sum())
    tally.true += int((alarm & inside).sum())
    outside = half & ~inside & ~np.isnan(p)
    tally.rows += int(outside.sum())
    tally.false += int((alarm & outside).sum())


def limit_at(found: Sequence[tuple[Case, np.ndarray]], rate: float) -> float:
    """The tail probability below which this share of the rows outside all events lies."""
    usual = []
    for case, p in found:
        inside = np.arange(len(p)) < len(p) // 2
        for _, first, end in case.events:
            inside[first:end] = True
        usual.append(p[~inside & ~np.isnan(p)])
    return float(np.quantile(np.concatenate(usual), rate))


def measured(every: Sequence[Case], methods: dict[str, Callable[[Case], np.ndarray]]) -> list[dict[str, Any]]:
    """A row for each group, method and threshold: its own levels, and those that give 0.1 and 1 % false alarms."""
    rows = []
    for name, method in methods.items():
        began = time.process_time()
        found = [(case, method(case)) for case in every]
        seconds = time.process_time() - began
        for group in dict.fromkeys(case.group for case in every):
            own = [(case, p) for case, p in found if case.group == group]
            limits = {f"level {level:g}": 1 - level for level in LEVELS}
            limits |= {f"false {rate:.1%}": limit_at(own, rate) for rate in (0.001, 0.01)}
            for said, limit in limits.items():
                tally, kinds = Tally(), {}
                for case, p in own:
                    count(case, p, limit, tally, kinds)
                recall, precision = tally.hit / max(tally.events, 1), tally.true / max(tally.alarms, 1)
                row = {"group": group, "method": name, "threshold": said, "recall": recall, "precision": precision}
                row |= {"rows": tally.seen / max(tally.lasting, 1)}
                row |= {"false alarms": tally.false / max(tally.rows, 1), "seconds": seconds / len(every)}
                rows.append(row | {kind: float(np.mean(hits)) for kind, hits in kinds.items()})
    return rows


def render(rows: Sequence[dict[str, Any]]) -> Table:
    """A line for each row."""
    names = ("group", "method", "threshold", "recall", "spike", "shift", "flat", "rows", "precision", "false alarms", "seconds")
    table = Table(title="Anomalies found (recall of events, precision of rows)")
    for name in names:
        table.add_column(name, justify="left" if name in names[:3] else "right")
    for row in rows:
        table.add_row(*(row[n] if n in names[:3] else f"{row[n]:.2%}" if n == "false alarms" else f"{row[n]:.2f}" for n in names))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detect", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", help="Parquet file of real series")
    parser.add_argument("--source", action="append", default=[], help="of the corpus, repeatable")
    parser.add_argument("--series", type=int, default=6, help="of each kind and source")
    parser.add_argument("--cycles", type=int, default=1, help="length of a shift and of a flat stretch")
    parser.add_argument("--shift", type=float, default=SHIFT, help="size of a shift, in the unit of SHIFT")
    parser.add_argument("--members", default="network", help="network or all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the table on stderr")
    options = parser.parse_args(arguments)
    every = cases(options.series, options.corpus, options.source, options.seed, options.cycles, options.shift)
    rows = measured(every, {"tsattn": by_tsattn(options.members), "seasonal ESD": by_esd})
    Console(stderr=options.json, width=140).print(render(rows))
    if options.json:
        print(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    run(main)
