"""Sample paths: futures that could happen, each with its own course, where quantiles give only how likely each value is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.cleaning.prepare import observed_past, prepared
from tsattn.data.cleaning.seasonality import find_seasons
from tsattn.data.freq import Freq
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, WindowBatch, gather, last_origins
from tsattn.errors import ConfigError, TsattnError
from tsattn.forecasting.counts import are_counts, limits_of, within
from tsattn.forecasting.frame import Forecaster, clock_column
from tsattn.forecasting.predict import BATCH, Failure, collect, observed_before, windows_of
from tsattn.forecasting.quantiles import normal_scores
from tsattn.forecasting.resting_phases import zero_at_rest
from tsattn.forecasting.shared_shocks import SharedShocks, shared_shocks
from tsattn.forecasting.tail_quantiles import at_levels

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

PERSISTENCE = 0.95  # correlation of a path's normal score from one step to the next, where the past is too short to measure it
_PRIOR = 40.0  # weight of that, in observed pairs of steps; the level of a forecast errs too, and that error persists
_RECENT = 512  # steps of the past in which it is measured
TAILS = (0.005, 0.01, 0.02, 0.05, 0.07, 0.09)  # further levels for paths, because rare demand lies beyond the 0.9 quantile
FURTHEST = 4.0  # normal score that a path may have: beyond lies one value in 30,000
_VALUES = 1 << 24  # of the paths of one batch


@dataclass(frozen=True, eq=False, repr=False)
class Paths:
    """P sample paths of each of B series over H steps: values (B, H, P) float32, all equally likely.

    Path p of one series belongs to path p of the others: their shocks are correlated, by `correlation` on average over all pairs.
    cutoffs (B,), timestamps (B, H), freq and tz are those of a Forecast.
    """

    item_ids: tuple[str, ...]
    cutoffs: np.ndarray
    timestamps: np.ndarray
    values: np.ndarray
    freq: Freq
    tz: str | None = None
    correlation: float = 0.0

    def __post_init__(self) -> None:
        shape = (len(self.item_ids), self.timestamps.shape[1])
        if self.values.ndim != 3 or self.values.shape[:2] != shape or self.cutoffs.shape != shape[:1]:
            raise TsattnError(f"paths of {shape} (B, H) got values of shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            raise TsattnError("a sample path is not finite")

    def __repr__(self) -> str:
        return f"<{self.count} sample paths of {len(self)} series, {self.horizon} steps of {self.freq}>"

    def __len__(self) -> int:
        return len(self.item_ids)

    @property
    def horizon(self) -> int:
        return self.timestamps.shape[1]

    @property
    def count(self) -> int:
        """Number of paths of each series."""
        return self.values.shape[2]

    def to_arrow(self) -> pa.Table:
        """B·P·H rows, path after path: item_id, cutoff, path (0 … P − 1), timestamp, value (float32)."""
        import pyarrow as pa

        series, steps, paths = len(self), self.horizon, self.count
        item = pa.array(np.repeat(np.arange(series, dtype=np.int32), paths * steps))
        ids = pa.DictionaryArray.from_arrays(item, pa.array(list(self.item_ids), pa.string()))
        stamps = np.broadcast_to(self.timestamps[:, None], (series, paths, steps)).reshape(-1)
        values = np.ascontiguousarray(self.values.transpose(0, 2, 1)).reshape(-1)
        return pa.table(
            {
                "item_id": ids.dictionary_decode(),
                "cutoff": clock_column(np.repeat(self.cutoffs, paths * steps), self.freq, self.tz),
                "path": pa.array(np.tile(np.repeat(np.arange(paths, dtype=np.int32), steps), series)),
                "timestamp": clock_column(stamps, self.freq, self.tz),
                "value": pa.array(values, pa.float32()),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of `to_arrow` as a data frame; zoned timestamps have a zoned dtype."""
        return self.to_arrow().to_pandas()


def predict_paths(
    forecaster: Forecaster,
    panel: Panel,
    *,
    horizon: int,
    paths: int,
    seed: int = 0,
    origins: Origins | None = None,
    batch: int = BATCH,
) -> tuple[Paths, tuple[Failure, ...]]:
    """Draw `paths` sample paths of `horizon` steps from each origin (default: the end of every item).

    A forecaster that makes paths itself (`sample(batch, paths, shocks) -> (B, H, P)`) is used for them; for any other they
    are drawn through its quantiles, rough as data is (see `drawn`). Path p of one series belongs to path p of the others: the
    shocks of series are as correlated as their one-step errors before the origins (shared_shocks.py). The draws depend on
    `seed`, on the series and their order in the panel, not on the batch. Paths of counts (a past of whole numbers, none
    negative) are whole numbers, and no path leaves the limits of its past (counts.py). Raises ConfigError for bad numbers,
    DataError for known covariates missing in the future rows. Items without a forecast are Failures and left out.
    """
    for name, number in (("horizon", horizon), ("number of paths", paths)):
        if number < 1:
            raise ConfigError(f"the {name} must be positive, not {number}")
    if seed < 0:
        raise ConfigError(f"the seed must be at least 0, not {seed}")
    origins = last_origins(panel) if origins is None else origins
    fitting = min(batch, max(1, _VALUES // (paths * horizon)))
    shocks = shared_shocks(panel, origins[observed_before(panel, origins)], seed)

    def batches(usable: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for which, windows in windows_of(forecaster, panel, origins[usable], horizon, fitting):
            made = _whole_where_the_past_is(_sample(forecaster, windows, paths, shocks), windows, seed)
            made = zero_at_rest(within(limits_of(observed_past(windows)), made), windows)
            yield which, windows.by_step(made, horizon)[: len(which)]  # companions follow the windows of the origins

    done = collect(forecaster, panel, origins, (horizon, paths), batches, "path")
    stamps, together = done.stamps, shocks.correlation
    made = Paths(done.item_ids, stamps[:, 0], stamps[:, 1:], done.values, panel.freq, panel.tz, together)
    return made, done.failures


def _sample(forecaster: Forecaster, windows: WindowBatch, paths: int, shocks: SharedShocks) -> np.ndarray:
    own = getattr(forecaster, "sample", None)
    if own is not None:
        return np.asarray(own(windows, paths, shocks), np.float32)
    return drawn(np.asarray(forecaster.predict(windows), np.float32), forecaster.quantiles, windows, paths, shocks)


def rounded_at_random(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return values rounded down or up, up with the probability of their fraction, which keeps the means."""
    down = np.floor(values)
    return down + (rng.random(values.shape) < values - down)


def _whole_where_the_past_is(values: np.ndarray, windows: WindowBatch, seed: int) -> np.ndarray:
    """Round the paths (B, H, P) of counts; each row has random numbers of its own, from the seed and its item and origin."""
    for b in np.flatnonzero(are_counts(windows.past_target)).tolist():
        rng = np.random.default_rng([seed, int(windows.item[b]), int(windows.origin[b]), 1])
        values[b] = rounded_at_random(values[b], rng)
    return values


def drawn(values: np.ndarray, quantiles: tuple[float, ...], windows: WindowBatch, paths: int, shocks: SharedShocks) -> np.ndarray:
    """Draw paths (B, H, P) through quantiles (B, H, Q): at every step they have the distribution of the quantiles.

    Along a path, the normal score of its level is a first-order autoregression (a Gaussian copula), as persistent as the past
    is (`persistence_of`), so that sums over steps spread as they should. Beyond the outermost quantiles paths reach as far as the
    past does (tail_quantiles.py). No path goes below zero where neither the past nor the quantiles do.
    """
    scores = scores_of(windows, paths, values.shape[1], shocks, persistence=persistence_of(windows))
    values = np.sort(values, -1)
    floor = np.where((np.nanmin(windows.past_target, 1, initial=np.inf) >= 0) & (values.min((1, 2)) >= 0), 0.0, -np.inf)
    if len(quantiles) > 1:
        tails = [q for low in TAILS for q in (low, 1 - low) if not quantiles[0] <= q <= quantiles[-1]]
        levels = tuple(sorted({*quantiles, *tails}))
        values, quantiles = at_levels(values, quantiles, levels, windows), levels
    return np.maximum(at_scores(values, quantiles, scores), floor[:, None, None]).astype(np.float32)


def persistence_of(windows: WindowBatch) -> np.ndarray:
    """Return the correlation (B,) of neighbouring residuals of each past after trend and season, 0 to PERSISTENCE.

    A forecast's errors are about as persistent: those of noise are independent, those of a random walk stay.
    """
    past = windows.past_target[:, -_RECENT:].astype(np.float64)
    seasons = find_seasons(past, windows.season_lengths)
    found = np.full(len(past), PERSISTENCE)
    for b, row in enumerate(past):
        rest = _without_trend_and_season(row, int(seasons[b, 1]))
        pairs = np.isfinite(rest[1:]) & np.isfinite(rest[:-1])
        size = float((rest[1:][pairs] ** 2).sum() * (rest[:-1][pairs] ** 2).sum()) ** 0.5
        if size > 0:
            count = int(pairs.sum())
            measured = float((rest[1:][pairs] * rest[:-1][pairs]).sum()) / size
            found[b] = (count * measured + _PRIOR * PERSISTENCE) / (count + _PRIOR)
    return np.clip(found, 0.0, PERSISTENCE)


def _without_trend_and_season(row: np.ndarray, season: int) -> np.ndarray:
    """Return a past (L,) less its line and the mean of each phase of its season, where three cycles were seen."""
    seen = np.flatnonzero(np.isfinite(row))
    if len(seen) < 3:
        return np.full(len(row), np.nan)
    rest = row - np.polynomial.Polynomial.fit(seen, row[seen], 1)(np.arange(len(row)))
    if season > 1 and len(seen) >= 3 * season:
        phase = seen % season
        means = np.bincount(phase, rest[seen], season) / np.maximum(np.bincount(phase, minlength=season), 1)
        rest = rest - means[np.arange(len(row)) % season]
    return rest


def scores_of(
    windows: WindowBatch,
    paths: int,
    steps: int,
    shocks: SharedShocks,
    restart: int | None = None,
    persistence: float | np.ndarray = PERSISTENCE,
) -> np.ndarray:
    """Draw standard normal scores (B, H, P), autoregressive along H by `persistence` (scalar or (B,)).

    Scores are independent after `restart` steps.
    """
    noise = shocks.of(windows, steps, paths)
    stay = np.broadcast_to(persistence, len(noise))[:, None]
    for step in range(1, steps):
        if restart is None or step % restart:
            noise[:, step] = stay * noise[:, step - 1] + np.sqrt(1 - stay**2) * noise[:, step]
    return np.clip(noise, -FURTHEST, FURTHEST)


def scores_after(panel: Panel, origins: Origins, steps: int, paths: int, shocks: SharedShocks) -> np.ndarray:
    """Draw normal scores (B, H, P) of paths after each origin, as persistent as each past (see `persistence_of`)."""
    scores = []
    for some in np.array_split(np.arange(len(origins)), max(1, -(-len(origins) // BATCH))):
        windows = prepared(gather(panel, origins[some], _RECENT, steps, covariates=False))
        scores.append(scores_of(windows, paths, steps, shocks, persistence=persistence_of(windows)))
    return np.concatenate(scores)


def at_scores(values: np.ndarray, quantiles: tuple[float, ...], scores: np.ndarray) -> np.ndarray:
    """Return (B, H, P) float64 of quantiles (B, H, Q) at normal scores (B, H, P): linear in the score, as in `resample`."""
    values = values.astype(np.float64)
    if len(quantiles) == 1:
        return np.broadcast_to(values, (*values.shape[:2], scores.shape[2]))
    known = normal_scores(quantiles)
    index = np.clip(np.searchsorted(known, scores) - 1, 0, len(known) - 2)
    low, high = (np.take_along_axis(values, index + i, -1) for i in (0, 1))
    return low + (high - low) / (known[index + 1] - known[index]) * (scores - known[index])
