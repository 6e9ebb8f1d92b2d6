"""Rows of a training batch from real series: sampled, read at their own or a coarser step, and augmented."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tsattn.data.corpus.config import CorpusConfig
from tsattn.data.corpus.steps import coarser
from tsattn.data.corpus.store import LEAST, Corpus
from tsattn.data.freq import Freq
from tsattn.errors import ConfigError

ERA = 64  # consecutive steps that use the same row groups, if the corpus does not fit into memory
SHORTEST = 40  # least number of values after a cut
TRIES = 10  # attempts to draw a row whose past is not constant
WEIGHT = (0.5, 0.95)  # weight of the heavier of two mixed series
BENDS = 4  # control points of a smooth curve
_ERA, _ROWS = 0, 1  # separate random streams
OTHERS = [Freq.parse(alias) for alias in ("15min", "30min", "h", "D", "B", "W", "MS", "QS")]  # sources of wrong season lengths


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows from a corpus.

    target (B, L + H): float32, NaN where missing. seasons (B, 2): season lengths as input of the network, 1 for none.
    """

    target: np.ndarray
    seasons: np.ndarray
    item: np.ndarray  # (B,) indices into the corpus


class Drawer:
    """Sampler of rows from a corpus; the same seed, rank and step give the same rows. Raises ConfigError for unknown sources."""

    def __init__(self, corpus: Corpus, config: CorpusConfig, context: int, ahead: int, seed: int) -> None:
        self.corpus, self.config, self.context, self.ahead, self.seed = corpus, config, context, ahead, seed
        weight = item_weights(corpus, config)
        self.chosen = np.flatnonzero(weight > 0)
        if not len(self.chosen):
            raise ConfigError("the corpus has no series to train on", f"provide series with at least {LEAST} observed values")
        self._by_group = [self.chosen[corpus.index.group[self.chosen] == g] for g in range(len(corpus.group_bytes))]
        self._within = [np.cumsum(weight[own]) for own in self._by_group]
        self._all = np.cumsum(weight[self.chosen])

    def rows(self, count: int, step: int, rank: int = 0) -> Rows:
        """Return `count` rows for a step."""
        rng = np.random.default_rng((_ROWS, self.seed, rank, step))
        items = self._items(count, step, rank, rng)
        target = np.full((count, self.context + self.ahead), np.nan, np.float32)
        seasons = np.ones((count, 2), np.int64)
        for i, item in enumerate(items):
            values, freq = self.corpus.values(int(item)), self.corpus.freq(int(item))
            for _ in range(TRIES):
                target[i], coarse = read_row(values, freq, self.config, self.context, self.ahead, rng)
                if varies(target[i, : self.context]) and np.isfinite(target[i, self.context :]).any():
                    break
            lengths = season_input(coarse, self.config.season_input, rng)
            seasons[i, : len(lengths)] = lengths
        return Rows(multiplied(target, self.context, self.config, rng), seasons, items)

    def _items(self, count: int, step: int, rank: int, rng: np.random.Generator) -> np.ndarray:
        """Sample series by weight.

        If the corpus does not fit into memory, they come from a few row groups, which ERA consecutive steps share.
        """
        size = self.corpus.group_bytes
        draw = rng.random(count)
        if size.sum() <= self.corpus.memory:
            return self.chosen[np.searchsorted(self._all, draw * self._all[-1], "right").clip(max=len(self.chosen) - 1)]
        era = np.random.default_rng((_ERA, self.seed, rank, step // ERA))
        weight = np.array([within[-1] if len(within) else 0.0 for within in self._within])
        fit = max(1, int(self.corpus.memory / size[weight > 0].max()))
        shelf = era.choice(len(weight), fit, p=weight / weight.sum())
        out = np.empty(count, np.int64)
        for i, group in enumerate(shelf[rng.integers(0, fit, count)]):
            within = self._within[group]
            place = min(int(np.searchsorted(within, draw[i] * within[-1], "right")), len(within) - 1)
            out[i] = self._by_group[group][place]
        return out


def item_weights(corpus: Corpus, config: CorpusConfig) -> np.ndarray:
    """Return the relative sampling weight of each series, (S,).

    0 for held-out sources and for series that are too short or constant. Raises ConfigError for unknown sources.
    """
    index = corpus.index
    for where, names in (("weights", config.weights), ("held_out", config.held_out), ("licences", config.licences)):
        strange = [name for name in names if name not in corpus.sources]
        if strange:
            raise ConfigError(
                f"[corpus] {where}: no source {strange[0]!r} in the corpus", f"its sources: {', '.join(sorted(corpus.sources))}"
            )
    usable = index.observed >= LEAST
    total = np.bincount(index.source, np.where(usable, index.observed, 0), len(corpus.sources))
    factor = [0.0 if name in config.held_out else config.weights.get(name, 1.0) for name in corpus.sources]
    item = np.where(usable, index.observed.astype(float) ** config.item_power, 0.0)
    shared = np.bincount(index.source, item, len(corpus.sources))
    source = np.where(total > 0, np.maximum(total, 1) ** config.source_power, 0.0) * np.array(factor)
    return source[index.source] * item / np.maximum(shared, 1e-9)[index.source]


def read_row(
    values: np.ndarray, freq: Freq, config: CorpusConfig, context: int, reach: int, rng: np.random.Generator
) -> tuple[np.ndarray, Freq]:
    """Return one window (L + H,) of a series, at a random step and with a random end, and the frequency of that step."""
    k, coarse = coarser(freq, len(values), rng) if rng.random() < config.coarser else (1, freq)
    thin = rng.random() < config.thinned
    points = len(values) // k
    # at least 32 values, or half of a short series, lie before the origin, and a few after it
    least, after = min(32, points // 2), min(16, points // 4)
    origin = least + int(rng.random() * (points - after - least + 1))
    spare = len(values) - points * k
    first = int(rng.random() * (spare + 1)) + origin * k  # index in `values` of the first future step
    before, ahead = min(context, origin), min(reach, points - origin)
    part = values[first - before * k : first + ahead * k].reshape(before + ahead, k)
    row = np.full(context + reach, np.nan, np.float32)
    row[context - before : context + ahead] = part[:, -1] if thin else means(part)
    if rng.random() < config.short:
        kept = int(math.exp(rng.uniform(math.log(min(SHORTEST, before)), math.log(max(before, 1)))))
        row[: context - max(kept, 1)] = np.nan
    return row, coarse


def means(part: np.ndarray) -> np.ndarray:
    """Return the mean of each row of (n, k); NaN where less than half of it is observed."""
    if part.shape[1] == 1:
        return part[:, 0]
    seen = np.isfinite(part)
    count = seen.sum(1)
    total = np.where(seen, part, 0).sum(1, dtype=np.float64)
    return np.where(2 * count >= part.shape[1], total / np.maximum(count, 1), np.nan).astype(np.float32)


def varies(past: np.ndarray) -> bool:
    """Return True if a past has at least eight values that are not all equal."""
    seen = past[np.isfinite(past)]
    return len(seen) >= 8 and bool(seen.max() - seen.min() > 1e-6 * np.abs(seen).max())


def season_input(freq: Freq, share: float, rng: np.random.Generator) -> tuple[int, ...]:
    """Return up to two season lengths as an input: mostly those of the frequency, sometimes none or another frequency's."""
    chance, pick = rng.random(2)
    if chance < share:
        return freq.season_lengths[:2]
    return () if chance < (1 + share) / 2 else OTHERS[int(pick * len(OTHERS))].season_lengths[:2]


def multiplied(target: np.ndarray, context: int, config: CorpusConfig, rng: np.random.Generator) -> np.ndarray:
    """Apply each augmentation to its share of the rows: (B, L + H) -> the same shape."""
    count, length = target.shape
    mean, spread = units(target[:, :context])
    z = (target - mean) / spread
    z = _mixed(z, context, np.less(rng.random(count), config.mixup), rng)
    for i in np.flatnonzero(np.less(rng.random(count), config.reverse)):
        first = int(np.isfinite(z[i]).argmax())
        z[i, first:] = z[i, first:][::-1].copy()
    time = (np.arange(length) - context) / context
    chance, size = rng.random((3, count, 1)), rng.standard_normal((3, count, 1))
    curves = np.exp(np.clip(0.5 * np.abs(size[0]) * slow(rng, count, length), -2, 2))
    z = np.where(chance[0] < config.amplitude, z * curves, z)
    span = np.maximum(np.isfinite(z[:, :context]).sum(1, keepdims=True) / context, 0.02)  # slope relative to the observed span
    z = np.where(chance[1] < config.slope, z + 2 * size[1] * time / span, z)
    z = np.where(chance[2] < config.flip, -z, z)
    z = _gapped(z, context, np.less(rng.random(count), config.missing), rng)
    return _placed(z, mean / spread, spread, config.offset, rng)


def units(past: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of the observed values of each row: (B, L) -> two (B, 1)."""
    seen = np.isfinite(past)
    count = np.maximum(seen.sum(1, keepdims=True), 1)
    mean = np.where(seen, past, 0).sum(1, keepdims=True, dtype=np.float64) / count
    spread = np.sqrt((np.where(seen, past - mean, 0) ** 2).sum(1, keepdims=True) / count)
    return mean, np.maximum(spread, np.maximum(1e-6 * np.abs(mean), 1e-20))


def slow(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Return smooth curves through BENDS random points, (B, N)."""
    points = rng.standard_normal((count, BENDS))
    place = np.linspace(0, BENDS - 1, length)
    low = np.minimum(place.astype(np.int64), BENDS - 2)
    share = (1 - np.cos(np.pi * (place - low))) / 2
    return points[:, low] * (1 - share) + points[:, low + 1] * share


def _mixed(z: np.ndarray, context: int, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mix rows with another row (TSMixup: Ansari et al. 2024) that is observed at 90 % of the row's steps or more."""
    count = len(z)
    partner, weight = rng.permutation(count), rng.uniform(*WEIGHT, (count, 1))
    seen = np.isfinite(z)
    both = seen & seen[partner]
    enough = (both[:, :context].sum(1) >= 0.9 * seen[:, :context].sum(1)) & (
        both[:, context:].sum(1) >= 0.9 * seen[:, context:].sum(1)
    )
    return np.where((rows & enough)[:, None], weight * z + (1 - weight) * z[partner], z)


def _gapped(z: np.ndarray, context: int, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Remove single values and a block from the past. Rows that would keep too few values stay complete."""
    count = len(z)
    share = np.exp(rng.uniform(math.log(1e-3), math.log(0.3), (count, 1)))
    gone = rng.random((count, context)) < share
    begin, size = rng.random((count, 1)) * context, np.exp(rng.uniform(0, math.log(context / 8 + 1), (count, 1)))
    time = np.arange(context)
    gone |= (time >= begin) & (time < begin + size) & (rng.random((count, 1)) < 0.5)
    seen = np.isfinite(z[:, :context])
    enough = (seen & ~gone).sum(1) >= np.maximum(0.6 * seen.sum(1), 16)
    out = z.copy()
    out[:, :context][gone & (rows & enough)[:, None]] = np.nan
    return out


def _placed(z: np.ndarray, level: np.ndarray, spread: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Restore the units of the series. A share of the rows gets a random level, in standard deviations, and a random scale."""
    count = len(z)
    chance, sign = rng.random((count, 1)) < share, np.where(rng.random((count, 1)) < 0.8, 1.0, -1.0)
    far = np.exp(rng.uniform(math.log(0.2), np.where(rng.random((count, 1)) < 0.1, math.log(300), math.log(10)), (count, 1)))
    scale = np.exp(rng.uniform(math.log(1e-2), math.log(1e4), (count, 1)))
    moved = (z + sign * far) * scale
    return np.where(chance, moved, (z + level) * spread).astype(np.float32)
