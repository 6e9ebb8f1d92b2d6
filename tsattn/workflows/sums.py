"""Series that are sums of others, in forecasts and backtests: read, add up, reconcile, and score by level."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tsattn.config import HierarchyConfig
from tsattn.data.cleaning.prepare import Cleaning
from tsattn.data.names import listed, quoted
from tsattn.data.panel import Panel
from tsattn.data.windows import last_origins
from tsattn.errors import ConfigError, DataError
from tsattn.events import Listener
from tsattn.forecasting.frame import Forecast, Forecaster
from tsattn.forecasting.hierarchy.aggregate import aggregated
from tsattn.forecasting.hierarchy.coherent import HOLD_OUTS, BaseForecasts, coherent
from tsattn.forecasting.hierarchy.coherent_paths import Limits, coherent_paths
from tsattn.forecasting.hierarchy.common_grid import CommonGrid, common_grid
from tsattn.forecasting.hierarchy.own_totals import OwnTotal, compared, find_own_totals, notes_on
from tsattn.forecasting.hierarchy.replay import Replay
from tsattn.forecasting.hierarchy.structure import Hierarchy, labels_of, nested, of_formulas
from tsattn.forecasting.metrics import METRICS, Sums
from tsattn.forecasting.predict import show, stamps_of
from tsattn.forecasting.sample_paths import TAILS, Paths, scores_after
from tsattn.forecasting.scores import SKILLS, Backtest
from tsattn.forecasting.shared_shocks import shared_shocks
from tsattn.workflows.results import Levels, LevelScores
from tsattn.workflows.scoring_progress import Reconciling

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Summed:
    """Panel of all levels, its hierarchy, the settings of its reconciliation, and notes."""

    panel: Panel
    hierarchy: Hierarchy
    config: HierarchyConfig
    notes: tuple[str, ...] = ()

    def of(self) -> dict[str, str]:
        """Name of the level of each series, such as `total`, `region` or `region,shop`."""
        names, levels = self.hierarchy.names, self.hierarchy.level.tolist()
        return {name: self.hierarchy.levels[k] for name, k in zip(names, levels, strict=True)}

    def counts(self) -> dict[str, int]:
        """Number of series of each level, the top first."""
        counts = np.bincount(self.hierarchy.level, minlength=len(self.hierarchy.levels))
        return {name: count for name, count in zip(self.hierarchy.levels, counts.tolist(), strict=True) if count}


def with_sums(panel: Panel, config: HierarchyConfig) -> Summed | None:
    """Return all levels of a panel; None when no sums are asked for. Raises ConfigError or DataError if impossible."""
    if not config.asked:
        return None
    if config.hierarchy and len(panel.schema.target) > 1:
        raise ConfigError(
            f"--hierarchy needs one target, and the data has {listed(panel.schema.target)}",
            f"choose one: --target {quoted(panel.schema.target[0])}",
        )
    if config.hierarchy and not set(config.hierarchy) <= set(panel.schema.item):
        raise ConfigError(
            f"the data has no item columns {listed(config.hierarchy)}", "give data with these columns, one row a series and time"
        )
    grid = common_grid(panel)
    if config.sums:
        panel, grid, hierarchy, own = _by_formulas(panel, grid, config.sums)
    else:
        panel, grid, hierarchy, own = _by_columns(panel, grid)
    if not hierarchy.sums or hierarchy.leaves < 2:
        raise DataError("there is one series only, so there is nothing to add up", "leave out --hierarchy")
    made = aggregated(panel, grid, hierarchy)
    empty = [name for i, name in enumerate(made.item_ids) if np.isnan(made.history(i)).all()]
    if empty:
        raise DataError(f"too many values are missing for the sum {empty[0]!r}", "if missing values are zeros: --fill 0")
    notes = (*notes_on(own), *_notes_on_ends(panel, grid, hierarchy))
    return Summed(made, hierarchy, config, notes)


def _by_columns(panel: Panel, grid: CommonGrid) -> tuple[Panel, CommonGrid, Hierarchy, list[OwnTotal]]:
    labels = labels_of(panel.item_ids, panel.schema.item)
    own = find_own_totals(labels, panel.item_ids, grid)
    kept = np.array([i for i in range(len(panel)) if i not in own], np.int64)
    panel = panel.select(kept) if own else panel
    grid = common_grid(panel) if own else grid
    return panel, grid, nested([labels[i] for i in kept], panel.schema.item), list(own.values())


def _by_formulas(panel: Panel, grid: CommonGrid, formulas: Sequence[str]) -> tuple[Panel, CommonGrid, Hierarchy, list[OwnTotal]]:
    hierarchy, replaced = of_formulas(formulas, panel.item_ids)
    kept = np.array([i for i, name in enumerate(panel.item_ids) if name not in replaced], np.int64)
    own = []
    for name in replaced:
        parts = kept[hierarchy.parts[hierarchy.names.index(name)]]
        own.append(compared(name, grid.values[panel.item_ids.index(name)], grid, parts))
    panel = panel.select(kept) if replaced else panel
    return panel, common_grid(panel) if replaced else grid, hierarchy, own


def _notes_on_ends(panel: Panel, grid: CommonGrid, hierarchy: Hierarchy) -> tuple[str, ...]:
    shut = np.flatnonzero(grid.closed)
    if not len(shut):
        return ()
    names = [hierarchy.names[hierarchy.sums + i] for i in shut]
    last = show(panel, panel.freq.advance(np.asarray(grid.start), grid.end[shut[:1]] - 1)[0])
    verb = "ends" if len(shut) == 1 else "end"
    return (f"{listed(names)} {verb} early (the first at {last}): counted as 0 from then on",)


def with_levels(table: pa.Table, summed: Summed | None) -> pa.Table:
    """Return a table of forecasts with a column `level` after item_id; unchanged without sums."""
    if summed is None:
        return table
    import pyarrow as pa

    of = summed.of()
    names = pa.array([of[item] for item in table["item_id"].to_pylist()], pa.string())
    return table.add_column(table.column_names.index("item_id") + 1, "level", names)


# -- forecasts -------------------------------------------------------------------------------------------------------


def added_up(
    summed: Summed,
    made: Forecast,
    forecaster: Forecaster,
    paths: int | None = None,
    seed: int = 0,
    listener: Listener = Listener(),
) -> tuple[Forecast, Paths | None, Levels]:
    """Reconcile a forecast of all levels, and sample paths; leave them as they are where no reconciliation is asked for.

    The listener hears the progress of the forecasts at hold-out cutoffs, which take several times as long as the forecast.
    """
    hierarchy, panel, method = summed.hierarchy, summed.panel, summed.config.reconcile
    of = summed.of()
    if method == "none":
        return made, None, Levels(of, summed.counts(), method, 0.0, 1.0, 0, summed.notes)
    hear = Reconciling(listener, forecaster.name, HOLD_OUTS * len(panel))
    base = BaseForecasts(forecaster, panel, made.horizon, made.quantiles, hear)
    whole = made.item_ids == hierarchy.names
    if base.levels == made.quantiles and whole:
        base.put(0, made.values.astype(np.float64))
    found = coherent(base, hierarchy, 0, method)
    stamps = stamps_of(panel, last_origins(panel), made.horizon)
    forecast = dataclasses.replace(
        made,
        item_ids=hierarchy.names,
        cutoffs=stamps[:, 0],
        timestamps=stamps[:, 1:],
        values=found.values[..., [base.levels.index(q) for q in made.quantiles]],
        cleaning=Cleaning.concat([made.cleaning], [np.array([hierarchy.names.index(name) for name in made.item_ids], np.int64)]),
    )
    report = found.report
    levels = Levels(of, summed.counts(), report.method, report.gap, report.shrinkage, report.origins, summed.notes)
    if paths is None:
        return forecast, None, levels
    limits = Limits(base.never_negative(0), base.are_counts(0))
    far = BaseForecasts(forecaster, panel, made.horizon, (*made.quantiles, *TAILS, *(1 - q for q in TAILS)))
    leaves = last_origins(panel)[slice(hierarchy.sums, None)]
    errors = found.covariance.errors[hierarchy.sums :]
    shocks = shared_shocks(panel, leaves, seed).blended(errors, found.covariance.shrinkage)
    scores = scores_after(panel, leaves, made.horizon, paths, shocks)
    drawn = coherent_paths(found.moved(far.at(0)), far.levels, hierarchy, scores, limits, seed).astype(np.float32)
    ids, freq, tz = forecast.item_ids, forecast.freq, forecast.tz
    return forecast, Paths(ids, forecast.cutoffs, forecast.timestamps, drawn, freq, tz, shocks.correlation), levels


# -- backtests -------------------------------------------------------------------------------------------------------


def replayed(
    summed: Summed, forecasters: Sequence[Forecaster], horizon: int, quantiles: Sequence[float]
) -> tuple[list[Forecaster], dict[str, str]]:
    """Return each forecaster before and after reconciliation, and a mapping from the first name to the second."""
    out: list[Forecaster] = []
    names: dict[str, str] = {}
    method = summed.config.reconcile
    for forecaster in forecasters:
        base = BaseForecasts(forecaster, summed.panel, horizon, tuple(quantiles))
        out.append(Replay(forecaster.name, base, summed.hierarchy))
        if method != "none":
            names[forecaster.name] = f"{forecaster.name}, {method}"
            out.append(Replay(names[forecaster.name], base, summed.hierarchy, method))
    return out, names


def level_scores(summed: Summed, scores: Backtest, names: dict[str, str]) -> tuple[LevelScores, ...]:
    """MASE and WQL of each level, before and after reconciliation."""
    out = []
    levels = dict(zip(summed.hierarchy.names, summed.hierarchy.level.tolist(), strict=True))
    level = np.array([levels[item] for item in scores.item_ids])  # of the series that are scored
    for before, after in names.items():
        for k, name in enumerate(summed.hierarchy.levels):
            some = np.flatnonzero(level == k)
            if len(some):
                pair = [_scores_of(scores, model, some) for model in (before, after)]
                out.append(LevelScores(before, name, len(some), *pair))
    return tuple(out)


def _scores_of(scores: Backtest, model: str, items: np.ndarray) -> dict[str, float]:
    at = scores.models.index(model)
    total = Sums(*(part[at, items].sum(0) for part in scores.by_item.parts()))
    return {metric: float(METRICS[metric](total)) for metric in SKILLS}
