"""Permutation importance: the rise of the loss when a part of a forecaster's input is exchanged with another window's.

Breiman (2001, §10), for windows of series. A single number in place of another window's may look like nothing that was ever
seen (Hooker & Mentch 2019), so a part that matters only together with its neighbours shows best as a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.windows import WindowBatch
from tsattn.errors import DataError
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import BATCH
from tsattn.forecasting.quantiles import normal_scores

LEVEL = 0.95  # of the intervals that are shown
CLEAR = 0.01  # a smaller rise of the loss is not reported as clear, however certain
STRONG = 0.1  # a rise below this share of the strongest of its kind is not reported as clear either
REPEATS = 1  # permutations of each part: more windows are better than more permutations
LONG_STEPS = 8  # steps at which a lag beyond the single offsets is scored
LEAST_GROUPS = 6  # of windows, for an interval


@dataclass(frozen=True)
class Effect:
    """Rise of the loss with `name` exchanged: `rise` (0.34 = 34 %), from `low` to `high` at LEVEL; NaN = too few windows.

    clear: the interval, widened for how many parts of its kind were tried (Bonferroni), lies above CLEAR, and the rise is
    not small beside the strongest of its kind.
    """

    name: str
    rise: float
    low: float
    high: float
    clear: bool


@dataclass(frozen=True)
class Part:
    """Columns of one input of the windows: past_cov, known or static."""

    name: str
    field: str
    columns: tuple[int, ...]


class Importance:
    """Losses of a forecaster on W held-out windows, whole and with parts of them exchanged.

    group (W,): windows of one number overlap, and count as one observation in the intervals. on_parts: called with the number of
    parts that were measured since the last call. Raises DataError when no window can be scored.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        batch: WindowBatch,
        group: np.ndarray,
        seed: int = 0,
        on_parts: Callable[[int], None] = lambda _: None,
    ) -> None:
        past = batch.past_target.astype(np.float64)
        seen = ~np.isnan(past)
        count = np.maximum(seen.sum(1, keepdims=True), 1)
        self.mean = np.where(seen, past, 0).sum(1, keepdims=True) / count
        spread = np.sqrt((np.where(seen, past - self.mean, 0) ** 2).sum(1, keepdims=True) / count)
        self.spread = np.where(spread > 0, spread, 1.0)
        self.forecaster, self.batch, self.seed, self.on_parts = forecaster, batch, seed, on_parts
        self.groups, self.group = np.unique(group, return_inverse=True)
        steps = (~np.isnan(batch.future_target)).any(0)
        self.steps = int(np.flatnonzero(steps)[-1]) + 1 if steps.any() else 0
        usable = seen.any(1) & ~np.isnan(batch.future_target).all(1)
        if usable.sum() < 2:
            raise DataError("fewer than two held-back windows can be scored", "give more rows, or another --series")
        self.usable = np.flatnonzero(usable)
        self.base = self._losses([batch])[0]  # (W, H), NaN where unknown

    def blocks(self, spans: Sequence[tuple[int, int]]) -> list[Effect]:
        """Measure spans of the past, each (first, last) in steps back from the forecast, 1 the newest; in each window's units."""
        rises = self._rises(list(spans))
        return self._effects([f"{a} to {b} steps back" for a, b in spans], rises)

    def lags(self, most: int, longer: Sequence[int] = ()) -> list[Effect]:
        """Measure lags 1 … most, then `longer` ones: of step h (1 … H) lag k is the value k − h + 1 steps before the forecast.

        One value is exchanged at a time, and only the step is scored that it is the lag of: a lag shows as the diagonal of
        the table offset × step. A lag within the horizon is scored at the steps that it reaches back from.
        """
        wanted = self._pairs(most, longer)
        offsets = self.offsets(most, longer)
        found = dict(zip(offsets, self._rises([(o, o) for o in offsets]), strict=True))
        rises, base = [], []
        for pairs in wanted.values():
            rises.append(np.stack([found[offset][:, h] for offset, h in pairs], 1))
            base.append(np.stack([self.base[:, h] for _, h in pairs], 1))
        return self._effects([f"lag {lag}" for lag in wanted], rises, base)

    def offsets(self, most: int, longer: Sequence[int] = ()) -> list[int]:
        """Return the steps before the forecast whose values `lags` exchanges, one after the other."""
        return sorted({offset for pairs in self._pairs(most, longer).values() for offset, _ in pairs})

    def _pairs(self, most: int, longer: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        """Return the pairs of a step before the forecast and a step ahead, at which each lag is scored."""
        context = self.batch.context
        most = min(most, context)
        wanted = {lag: [(lag - h, h) for h in range(min(lag, self.steps))] for lag in range(1, most + 1)}
        for lag in (lag for lag in longer if most < lag <= context):
            steps = np.unique(np.linspace(0, min(lag, self.steps) - 1, LONG_STEPS).astype(int)).tolist()
            wanted[lag] = [(lag - h, h) for h in steps]
        return wanted

    def covariates(self, parts: Sequence[Part]) -> list[Effect]:
        """Measure covariates, each exchanged as a whole: its past, and its future where it is known."""
        return self._effects([part.name for part in parts], self._rises(list(parts)))

    def _rises(self, parts: Sequence[Part | tuple[int, int]]) -> list[np.ndarray]:
        """Return (W, H) rises of the loss for each part: the mean loss with the part exchanged, less the original loss."""
        total: list[np.ndarray] = []
        size = max(1, BATCH // len(self.usable))
        for at in range(0, len(parts), size):
            some = parts[at : at + size]
            rises = [np.zeros_like(self.base) for _ in some]
            for repeat in range(REPEATS):
                partner = self._partners(repeat)
                made = self._losses([self._exchanged(part, partner) for part in some])
                for rise, loss in zip(rises, made, strict=True):
                    rise += (loss - self.base) / REPEATS
            total += rises
            self.on_parts(len(some))
        return total

    def _partners(self, repeat: int) -> np.ndarray:
        """Return (W,) partners: another usable window for each, of the same item if every item has at least LEAST_GROUPS."""
        rng = np.random.default_rng([self.seed, repeat])
        partner = np.arange(len(self.batch))
        items, counts = np.unique(self.batch.item[self.usable], return_counts=True)
        if counts.min() >= LEAST_GROUPS:
            pools = [self.usable[self.batch.item[self.usable] == item] for item in items]
        else:
            pools = [self.usable]
        for pool in pools:
            order = rng.permutation(pool)
            partner[order] = np.roll(order, 1)  # no window is its own partner
        return partner

    def _exchanged(self, part: Part | tuple[int, int], partner: np.ndarray) -> WindowBatch:
        batch = self.batch
        if isinstance(part, Part):
            values = getattr(batch, part.field).copy()
            other = self._other_item() if part.field == "static" else partner
            values[..., list(part.columns)] = values[other][..., list(part.columns)]
            return replace(batch, **{part.field: values})
        first, last = part
        where = slice(batch.context - last, batch.context - first + 1)
        past = batch.past_target.copy()
        own = (past[:, where] - self.mean) / self.spread
        past[:, where] = own[partner] * self.spread + self.mean
        return replace(batch, past_target=past)

    def _other_item(self) -> np.ndarray:
        """Return (W,) a window of the next item, for parts that never change within an item."""
        _, first, item = np.unique(self.batch.item, return_index=True, return_inverse=True)
        return np.asarray(np.roll(first, 1)[item])

    def _losses(self, batches: Sequence[WindowBatch]) -> list[np.ndarray]:
        """Return mean quantile losses in units of each window's spread, (W, H); NaN where the truth is unknown."""
        levels = np.array(self.forecaster.quantiles)
        out = []
        width = len(self.usable)
        joined = WindowBatch.concat([batch.rows(self.usable) for batch in batches])
        values = np.concatenate(
            [
                self.forecaster.predict(joined.rows(np.arange(a, min(a + BATCH, len(joined)))))
                for a in range(0, len(joined), BATCH)
            ]
        )
        truth = self.batch.future_target[self.usable, : self.steps]
        for k in range(len(batches)):
            made = values[k * width : (k + 1) * width, : self.steps].astype(np.float64)
            error = truth[..., None] - made
            loss = np.full((len(self.batch), self.steps), np.nan)
            loss[self.usable] = np.maximum(levels * error, (levels - 1) * error).mean(-1) / self.spread[self.usable]
            out.append(loss)
        return out

    def _effects(
        self, names: Sequence[str], rises: Sequence[np.ndarray], base: Sequence[np.ndarray] | None = None
    ) -> list[Effect]:
        found = [self._ratio(r, self.base if base is None else base[i], len(names)) for i, r in enumerate(rises)]
        strongest = max((rise for rise, *_ in found), default=0.0)
        return [
            Effect(name, rise, low, high, sure > CLEAR and rise > STRONG * strongest)
            for name, (rise, low, high, sure) in zip(names, found, strict=True)
        ]

    def _ratio(self, rise: np.ndarray, base: np.ndarray, tried: int) -> tuple[float, float, float, float]:
        """Return the rise as a share of the loss, its interval, and the lower end of the interval widened for `tried` parts.

        The ratio of two sums over groups of windows, and its linearised variance (Cochran 1977, eq. 6.13).
        """
        above = np.bincount(self.group, np.nansum(rise, 1), len(self.groups))
        under = np.bincount(self.group, np.nansum(np.where(np.isnan(rise), np.nan, base), 1), len(self.groups))
        used = under > 0
        above, under, count = above[used], under[used], int(used.sum())
        if not count:
            return (float("nan"),) * 4
        ratio = above.sum() / under.sum()
        if count < LEAST_GROUPS:
            return float(ratio), float("nan"), float("nan"), float("nan")
        error = np.sqrt(count / (count - 1) * ((above - ratio * under) ** 2).sum()) / under.sum()
        half, wide = (student((1 + level) / 2, count - 1) * error for level in (LEVEL, 1 - (1 - LEVEL) / tried))
        return float(ratio), float(ratio - half), float(ratio + half), float(ratio - wide)


def student(level: float, freedom: int) -> float:
    """Return a quantile of Student's t, by its expansion around the normal one (Abramowitz & Stegun 1964, 26.7.5)."""
    z = float(normal_scores([level])[0])
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (k + 1) for k, term in enumerate(terms))
