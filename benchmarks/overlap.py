"""Search a pre-training corpus for copies of the evaluation sets.

    python -m benchmarks.overlap --corpus FILE.parquet --data PATH

Windows of 168 steps (half of the series if that is shorter) are compared by Pearson correlation, at the step of the corpus and
at each coarser step that pre-training uses. All windows of the evaluation sets are compared with every STRIDE-th window of the
corpus, so any common stretch of at least 168 + STRIDE - 1 steps is found. Windows with missing values are skipped. The exit
status is 1 if a correlation above .999 is found, except between plain shapes: ramps, steps or spikes.

The correlation r of two standardised windows of unit length is a distance: |a - b|² = 2 (1 - r). Projections onto a few
orthonormal directions never increase it (Agrawal, Faloutsos & Swami 1993). They are computed by one FFT per direction and
series, and a tree over them leaves few pairs to compare in full.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from rich.console import Console
from rich.table import Table

from benchmarks.program import run
from benchmarks.sets import load_set
from tsattn import api
from tsattn.data.corpus.rows import means
from tsattn.data.corpus.steps import usual_steps
from tsattn.data.corpus.store import Corpus
from tsattn.errors import DataError

WINDOW, SHORTEST = 168, 24
STRIDE = 24
ENOUGH = 0.999  # least correlation of copies
DIRECTIONS = 16  # dimensions of the projection
SAMPLE = 20_000  # approximate number of windows from which the directions are computed
FEW, ALIKE = 8, 0.95  # largest changes to leave out; least correlation of the other changes of copies
SETS = {"ETTm1.csv": ("ett1/15T", "ett1/H"), "M4-Hourly-train.csv": ("m4_hourly/H",), "M4-Hourly-test.csv": ()}
BLOCK = 1 << 14  # pairs compared at once


@dataclass(frozen=True)
class Match:
    """Two windows that correlate.

    Starts are in steps of each window. step: number of corpus steps per step of the window.
    """

    set: str
    item: str
    at: int
    source: str
    corpus_item: int
    step: int
    corpus_at: int
    length: int
    correlation: float
    plain: bool  # smooth ramps, steps or spikes, not copies


@dataclass(frozen=True, eq=False)
class Wanted:
    """Windows of one length of all evaluation sets: a tree over their projections, and the origin of each window."""

    length: int
    names: list[tuple[str, str]]  # set and item of each series
    values: np.ndarray  # all series, concatenated
    first: np.ndarray  # (S,) start of each series in `values`
    owner: np.ndarray  # (W,) series of each window
    place: np.ndarray  # (W,) start of each window in `values`
    directions: np.ndarray  # (K, length), orthonormal
    tree: Any


def evaluation(data: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield set, item and values of every series in the CSV files in `data`."""
    files = sorted(data.glob("*.csv"))
    if not files:
        raise DataError(f"{data} contains no CSV file", "give the folder of the evaluation sets with --data")
    for path in files:
        if path.name in SETS:
            for name in SETS[path.name]:
                panel = load_set(data, f"{name}/short")[0]
                yield from _items(name, panel)
        else:
            yield from _items(path.name, api.ingest(path).panel)


def _items(name: str, panel: Any) -> Iterator[tuple[str, str, np.ndarray]]:
    for i, item in enumerate(panel.item_ids):
        yield name, item, panel.target[panel.indptr[i] : panel.origin[i]]


def wanted(series: Sequence[tuple[str, str, np.ndarray]], length: int) -> Wanted | None:
    """Return all windows of `length` that have no gap and are not constant, or None if there are none."""
    from scipy.spatial import cKDTree

    at = [starts(values, length, 1) for _, _, values in series]
    count = sum(map(len, at))
    if not count:
        return None
    first = np.cumsum([0, *(len(values) for _, _, values in series)])[:-1]
    owner = np.repeat(np.arange(len(series)), [len(one) for one in at])
    values = np.concatenate([values for _, _, values in series])
    place = np.concatenate(at) + first[owner]
    sample = unit(sliding_window_view(values, length)[place[:: max(1, count // SAMPLE)]])
    directions = np.linalg.svd(sample, full_matrices=False)[2][:DIRECTIONS]
    points = [project(own, directions, one) for (_, _, own), one in zip(series, at, strict=True)]
    tree = cKDTree(np.concatenate(points), balanced_tree=False, compact_nodes=False, leafsize=32)
    return Wanted(length, [(name, item) for name, item, _ in series], values, first, owner, place, directions, tree)


def starts(values: np.ndarray, length: int, stride: int) -> np.ndarray:
    """Return the starts of windows that have no gap and are not constant."""
    if len(values) < length:
        return np.zeros(0, np.int64)
    at = np.arange(0, len(values) - length + 1, stride)
    seen = np.concatenate([[0], np.isfinite(values).cumsum()])
    # float32 values are discrete: smaller changes of a large value are rounding
    view = sliding_window_view(values, length)[at]
    whole = seen[at + length] - seen[at] == length
    at, view = at[whole], view[whole]
    spread = view.max(1) - view.min(1) if len(view) else np.zeros(0)
    return at[spread > 1e-5 * np.abs(view).max(1, initial=0)] if len(view) else at


def project(values: np.ndarray, directions: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Project the standardised windows that start at `at` onto each direction: (W, K) float64, by one FFT per direction."""
    length = directions.shape[1]
    if not len(at):
        return np.zeros((0, len(directions)))
    filled = np.nan_to_num(values.astype(np.float64))
    filled = filled - filled.mean()
    total, square = (np.concatenate([[0.0], np.cumsum(x)]) for x in (filled, filled**2))
    mean = (total[at + length] - total[at]) / length
    norm = np.sqrt(np.maximum(square[at + length] - square[at] - length * mean**2, 1e-300))
    size = 1 << (len(values) + length).bit_length()
    spectrum = np.fft.rfft(filled, size)
    out = np.empty((len(at), len(directions)))
    for k, direction in enumerate(directions):
        product = np.fft.irfft(spectrum * np.fft.rfft(direction, size).conj(), size)[: len(values)]
        out[:, k] = (product[at] - mean * direction.sum()) / norm
    return out


def searched(corpus: Corpus) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield item, steps per value, and values of every corpus series, at its own and at each common coarser step."""
    for item in range(len(corpus)):
        values = corpus.values(item)
        for k in (1, *(k for k, _ in usual_steps(corpus.freq(item)))):
            points = len(values) // k
            if points >= SHORTEST:
                yield item, k, values if k == 1 else means(values[: points * k].reshape(points, k))


def matches(corpus: Corpus, groups: Sequence[Wanted], tell: Callable[[int], None]) -> Iterator[Match]:
    """Yield each pair of series with windows above ENOUGH, as its best pair of windows, preferably one that is not plain."""
    radius = np.sqrt(2 * (1 - ENOUGH)) * (1 + 1e-6)
    for item, k, values in searched(corpus):
        if k == 1:
            tell(item)
        for group in groups:
            at = starts(values, group.length, max(1, min(STRIDE, group.length // 7)))
            near = group.tree.query_ball_point(project(values, group.directions, at), radius, return_sorted=False)
            counts = [len(found) for found in near]
            if sum(counts):
                place, window = np.repeat(at, counts), np.concatenate([np.asarray(found, np.int64) for found in near if found])
                for r, plain, here, there in best(values, place, window, group):
                    own = group.owner[there]
                    where = corpus.source(item), item, k, here, group.length, round(r, 6), plain
                    yield Match(*group.names[own], int(group.place[there] - group.first[own]), *where)


def best(values: np.ndarray, place: np.ndarray, window: np.ndarray, group: Wanted) -> Iterator[tuple[float, bool, int, int]]:
    """Yield the best pair (r, plain, place in values, window of the group) above ENOUGH of each evaluation series."""
    parts = []
    for at in range(0, len(place), BLOCK):
        here, there = place[at : at + BLOCK], window[at : at + BLOCK]
        a = sliding_window_view(values, group.length)[here]
        b = sliding_window_view(group.values, group.length)[group.place[there]]
        r = correlation(a, b)
        good = r > ENOUGH
        parts.append((r[good], are_plain(a[good], b[good]), here[good], there[good]))
    r, plain, here, there = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((-r, plain, group.owner[there]))
    first = order[np.unique(group.owner[there][order], return_index=True)[1]]
    for one in first:
        yield float(r[one]), bool(plain[one]), int(here[one]), int(there[one])


def unit(windows: np.ndarray) -> np.ndarray:
    """Centre windows (W, length) and scale them to norm 1; constant ones become 0."""
    x = windows.astype(np.float64)
    x -= x.mean(1, keepdims=True)
    return x / np.maximum(np.sqrt((x**2).sum(1, keepdims=True)), 1e-300)


def correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Pearson's r of pairs of windows (W, length); 0 if one is constant."""
    return (unit(a) * unit(b)).sum(1)


def are_plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return True for pairs of windows (W, length) that correlate only because of a plain shape: smooth, or flat with few
    steps.

    The step-to-step changes of copies correlate as well, even without the FEW largest ones.
    """
    x, y = (unit(np.diff(one.astype(np.float64), axis=1)) for one in (a, b))
    for change in (x, y):
        large = np.argpartition(np.abs(change), -FEW, axis=1)[:, -FEW:]
        for one in (x, y):
            np.put_along_axis(one, large, np.nan, 1)
    kept = np.isfinite(x)
    count = kept.sum(1, keepdims=True)
    x, y = (np.where(kept, one - np.nansum(one, 1, keepdims=True) / count, 0.0) for one in (x, y))
    norm = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.where(norm > 1e-12, (x * y).sum(1) / np.maximum(norm, 1e-300), 0.0) < ALIKE


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overlap", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", required=True, action="append", type=Path, help="a Parquet file of a corpus; repeatable")
    parser.add_argument("--data", required=True, type=Path, help="the folder with the evaluation sets' CSV files")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the tables on stderr")
    options = parser.parse_args(arguments)
    console, began = Console(stderr=options.json, soft_wrap=True), time.monotonic()
    corpus = Corpus(options.corpus)
    series = list(evaluation(options.data))
    lengths = [min(WINDOW, len(values) // 2) for _, _, values in series]
    groups = []
    for length in sorted({length for length in lengths if length >= SHORTEST}):
        group = wanted([one for one, own in zip(series, lengths, strict=True) if own == length], length)
        groups += [] if group is None else [group]
    windows = sum(len(group.owner) for group in groups)
    console.print(f"{len(series)} evaluation series, {windows:,} windows; {len(corpus):,} series in the corpus")

    def tell(item: int) -> None:
        if item % 100 == 0:
            print(f"{item:,} of {len(corpus):,} series, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    found = sorted(matches(corpus, groups, tell), key=lambda match: (match.plain, -match.correlation))
    copies = [match for match in found if not match.plain]
    if found:
        console.print(render(found[:50]))
    plain, seconds = len(found) - len(copies), time.monotonic() - began
    console.print(f"{len(copies)} copies and {plain} pairs of plain shapes above {ENOUGH}; {seconds:.0f} s")
    if options.json:
        print(json.dumps({"windows": windows, "series": len(corpus), "matches": [asdict(match) for match in found]}, indent=2))
    return 1 if copies else 0


def render(found: Sequence[Match]) -> Table:
    table = Table(title=f"correlation above {ENOUGH}")
    for column in ("set", "item", "from", "source", "series", "steps", "from", "length", "r", "plain"):
        table.add_column(column)
    for match in found:
        table.add_row(*("yes" if value is True else "" if value is False else str(value) for value in asdict(match).values()))
    return table


if __name__ == "__main__":
    run(main)
