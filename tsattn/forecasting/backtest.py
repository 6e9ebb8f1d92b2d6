"""Rolling-origin evaluation: every forecaster on the same windows, scored overall and by step, item and cutoff.

Truth and forecast come out of one gather at the same rows, so they are paired by item and timestamp by construction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tsattn.data.cleaning.prepare import Cleaning
from tsattn.data.panel import Panel
from tsattn.data.windows import Origins, rolling_origins
from tsattn.errors import ConfigError, DataError
from tsattn.forecasting.baselines.simple import Naive
from tsattn.forecasting.frame import DEFAULT_QUANTILES, Forecaster
from tsattn.forecasting.metrics import Sums, measure, seasonal_errors
from tsattn.forecasting.predict import BATCH, observed_before, predict_windows
from tsattn.forecasting.scores import Backtest

Refit = Callable[[Panel], Forecaster]
OnProgress = Callable[[str, int, int], None]  # model, windows done, windows in all
OnWindows = Callable[[str, Origins, np.ndarray, np.ndarray], None]  # model, origins, truth (b, H), quantiles (b, H, Q)
OnCleaning = Callable[[Origins, Cleaning], None]  # origins (b,), and what was found in the histories before them


def backtest(
    forecasters: Sequence[Forecaster],
    panel: Panel,
    *,
    horizon: int,
    windows: int,
    step: int | None = None,
    season_length: int | None = None,
    quantiles: Sequence[float] = DEFAULT_QUANTILES,
    batch: int = BATCH,
    refit: Refit | None = None,
    on_progress: OnProgress | None = None,
    on_windows: OnWindows | None = None,
    on_cleaning: OnCleaning | None = None,
    origins: Origins | None = None,
    items: Sequence[int] | None = None,
    whole: bool = True,
) -> Backtest:
    """Score `forecasters` on the last `windows` origins of each item, `step` (default: the horizon) apart.

    A window without one observed value after its origin, or before it, is left out and counted. `season_length` (default:
    the frequency's) is MASE's. `refit` makes one more forecaster, anew for each cutoff in time order, from the panel as it
    was known then (at a moment of the clock that all items share, so items that end apart mean more cutoffs).
    `origins`: these instead of the last ones. `items`: score only these; all are forecast, because the forecast of one may
    depend on the others. `whole`: see `predict_windows`. `on_windows` gets the forecasts of each batch of scored windows beside
    the truth, and `on_cleaning` the record of the cleaned histories. A forecast that is not finite is scored as the naive one,
    and noted. Raises ConfigError for bad numbers or two forecasters of one name, DataError when no window can be scored.
    """
    names = [forecaster.name for forecaster in forecasters]
    if len(set(names)) < len(names):
        raise ConfigError(f"two forecasters have one name: {', '.join(names)}", "give each a name of its own")
    if not names and refit is None:
        raise ConfigError("there is nothing to backtest", "name a model or a baseline")
    season = panel.freq.season_length if season_length is None else season_length
    if season < 1:
        raise ConfigError(f"the season length must be positive, not {season}")
    chosen = np.arange(len(panel)) if items is None else np.asarray(items, np.int64)
    every = rolling_origins(panel, horizon, windows, step) if origins is None else origins
    own = every[np.isin(every.item, chosen)]
    own, too_short, no_truth = scorable(panel, horizon, own, windows * len(chosen) if origins is None else len(own))
    origins = own if items is None else scorable(panel, horizon, every, len(every))[0]
    scale = seasonal_errors(panel, origins, season)
    work = _Work(panel, origins, chosen, horizon, tuple(quantiles), scale, batch, on_progress, on_windows, on_cleaning, whole)
    everything = np.arange(len(origins))
    tallies = [work.score(forecaster.name, [(everything, forecaster)]) for forecaster in forecasters]
    if refit is not None:
        tallies.append(work.score(None, _refits(refit, panel, origins)))
        if tallies[-1].name in names:
            raise ConfigError(f"two forecasters have one name: {tallies[-1].name}", "give each a name of its own")
    return Backtest(
        models=tuple(tally.name for tally in tallies),
        overall=_stack([tally.by_step.total(0) for tally in tallies]),
        by_step=_stack([tally.by_step for tally in tallies]),
        by_item=_stack([tally.by_item for tally in tallies]),
        by_cutoff=_stack([tally.by_cutoff for tally in tallies]),
        quantiles=tuple(quantiles),
        item_ids=tuple(panel.item_ids[i] for i in chosen.tolist()),
        cutoffs=work.cutoffs,
        freq=panel.freq,
        tz=panel.tz,
        horizon=horizon,
        season_length=season,
        windows=len(own),
        too_short=too_short,
        no_truth=no_truth,
        unscaled=int((~(scale[work.scored] > 0)).sum()),
        notes={tally.name: tally.notes for tally in tallies if tally.notes},
        seconds={tally.name: tally.seconds for tally in tallies},
        naive={tally.name: tally.naive for tally in tallies if tally.naive},
    )


@dataclass(eq=False)
class _Tally:
    """Sums over the windows of one model."""

    name: str
    by_step: Sums
    by_item: Sums
    by_cutoff: Sums
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    naive: int = 0  # windows scored as naive, for lack of a forecast


class _Work:
    """Windows that all models forecast; those of the `chosen` items are scored."""

    def __init__(
        self,
        panel: Panel,
        origins: Origins,
        chosen: np.ndarray,
        horizon: int,
        levels: tuple[float, ...],
        scale: np.ndarray,
        batch: int,
        on_progress: OnProgress | None,
        on_windows: OnWindows | None = None,
        on_cleaning: OnCleaning | None = None,
        whole: bool = True,
    ) -> None:
        self.whole, self.on_cleaning = whole, on_cleaning
        self.panel, self.origins, self.horizon, self.levels = panel, origins, horizon, levels
        self.scale, self.batch, self.on_progress, self.on_windows = scale, batch, on_progress, on_windows
        self.scored = np.isin(origins.item, chosen)
        self.places = np.zeros(len(panel), np.int64)
        self.places[chosen] = np.arange(len(chosen))
        stamps = _stamps(panel, origins, -1)
        self.cutoffs = np.unique(stamps[self.scored])
        self.cutoff = np.searchsorted(self.cutoffs, stamps)  # of windows that are scored
        self.shapes = ((horizon,), (len(chosen),), (len(self.cutoffs),))

    def score(self, name: str | None, parts: Sequence[tuple[np.ndarray, Forecaster]] | Iterator) -> _Tally:
        """Add up the windows of one model, made of `parts`: (which windows, who forecasts them)."""
        started, done, scored, odd, fell = time.perf_counter(), 0, 0, 0, 0
        notes: list[str] = []
        by_step, by_item, by_cutoff = (Sums.zeros(shape, len(self.levels)) for shape in self.shapes)
        for chosen, forecaster in parts:
            name = name or forecaster.name
            before = getattr(forecaster, "fallbacks", 0)
            about = (self.horizon, self.levels, self.batch)
            loop = predict_windows(forecaster, self.panel, self.origins[chosen], *about, whole=self.whole)
            for which, found, values in loop:
                at = chosen[which]
                done += len(at)
                if self.on_progress:
                    self.on_progress(name, done, len(self.origins))
                kept = np.flatnonzero(self.scored[at])
                at, values, truth, item = at[kept], values[kept], found.future_target[kept], found.item[kept]
                scored += len(at)
                bad = np.flatnonzero(~np.isfinite(values).all((1, 2)))
                if len(bad):
                    values[bad] = self._naive(at[bad])
                    odd += len(bad)
                sums = measure(truth, values, self.levels, self.scale[at])
                by_step.add(np.arange(self.horizon), sums.total(0))
                by_item.add(self.places[item], sums.total(1))
                by_cutoff.add(self.cutoff[at], sums.total(1))
                if self.on_windows and len(at):
                    self.on_windows(name, self.origins[at], truth, values)
                if self.on_cleaning and found.cleaning is not None:
                    self.on_cleaning(self.origins[at], found.cleaning.rows(kept))
            fell += getattr(forecaster, "fallbacks", 0) - before
            further = getattr(forecaster, "notes", None)  # of conformal quantiles
            notes += () if further is None else further(self.horizon)
        if odd:
            notes.append(f"no forecast in {odd} of {scored} windows (for example, a history too short); scored as naive")
        if fell:
            notes.append(f"{fell} of {done} forecasts fell back on a simpler method")
        return _Tally(name or "", by_step, by_item, by_cutoff, tuple(notes), time.perf_counter() - started, odd)

    def _naive(self, at: np.ndarray) -> np.ndarray:
        values = np.empty((len(at), self.horizon, len(self.levels)), np.float32)
        naive = Naive(quantiles=self.levels)
        for which, _, found in predict_windows(naive, self.panel, self.origins[at], self.horizon, self.levels, self.batch):
            values[which] = found
        return values


def scorable(panel: Panel, horizon: int, origins: Origins, asked: int) -> tuple[Origins, int, int]:
    """Return origins with an observed value before them and one to score; how many `asked` lack the former, and the latter."""
    seen = observed_before(panel, origins)
    observed = np.concatenate([[0], np.cumsum(~np.isnan(panel.target))])
    end = np.minimum(origins.row + horizon, panel.origin[origins.item])
    truth = observed[end] > observed[origins.row]
    too_short, no_truth = asked - int(seen.sum()), int((seen & ~truth).sum())
    if not (seen & truth).any():
        raise DataError(
            f"none of the {asked} windows of {horizon} steps can be scored: {too_short} have no observed value before them, "
            f"{no_truth} none in them",
            "use fewer --windows or a shorter --horizon",
        )
    return origins[seen & truth], too_short, no_truth


def _refits(refit: Refit, panel: Panel, origins: Origins) -> Iterator[tuple[np.ndarray, Forecaster]]:
    """Yield windows that begin together, in time order, and a forecaster made of the data before them."""
    starts, which = np.unique(_stamps(panel, origins, 0), return_inverse=True)
    for i, start in enumerate(starts):
        steps, on_grid = panel.freq.steps_between(panel.start, start)
        yield np.flatnonzero(which == i), refit(panel.before(panel.indptr[:-1] + steps + ~on_grid))


def _stamps(panel: Panel, origins: Origins, shift: int) -> np.ndarray:
    """Return (B,) grid-clock timestamps of the rows `shift` after the origins."""
    return panel.freq.advance(panel.start[origins.item], origins.row - panel.indptr[:-1][origins.item] + shift)


def _stack(parts: Sequence[Sums]) -> Sums:
    return Sums(*(np.stack(arrays) for arrays in zip(*(part.parts() for part in parts), strict=True)))
