"""Notes on the effects of known covariates and calendar events in a forecast."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.names import listed
from tsattn.data.panel import Panel
from tsattn.forecasting.frame import Forecaster
from tsattn.forecasting.predict import wants_covariates

if TYPE_CHECKING:
    from tsattn.forecasting.ensemble.effect_report import CovariateEffect
    from tsattn.forecasting.ensemble.shared_season import Borrowed

MOST = 12  # lines
COLLINEAR = 0.95  # correlation above which the effects of two covariates cannot be separated
_MOST_ROWS = 1 << 20  # observed rows that a correlation is computed from


def effects_of(forecaster: Forecaster, panel: Panel, horizon: int | None = None, sums: int = 0) -> tuple[CovariateEffect, ...]:
    """Return the effects of known covariates and calendar events in the newest forecast; () if none were estimated.

    horizon: number of forecast steps on which events are counted. sums: how many of the first series are sums of the others; they
    are left out, for each effect in a part is one in its sums too.
    """
    effects = getattr(forecaster, "effects", None)
    return () if effects is None else tuple(effects(panel, horizon, sums))


def effect_notes(effects: Sequence[CovariateEffect], panel: Panel | None = None) -> tuple[str, ...]:
    """Return a line for each clear effect of a covariate or of an event within the horizon, and lines that name the others.

    An effect whose interval includes zero is applied if it is more likely than none, as where series differ, but is not clear.
    panel: the data of the forecast, to tell covariates that never varied from those without an effect; None = unknown.
    """
    applied = [effect for effect in effects if effect.clear and (effect.ahead or not effect.event)]
    clear = [effect for effect in applied if effect.has_sign]
    lines = [f"effect of {effect}" for effect in clear[:MOST]]
    if len(clear) > MOST:
        lines.append(f"effects of {len(clear) - MOST} more covariates or dates: see effects in --json")
    named = {effect.name for effect in clear}
    if doubtful := list(dict.fromkeys(effect.name for effect in applied if effect.name not in named)):
        lines.append(f"applied, but with an interval that includes 0: {listed(doubtful)}")
    named.update(doubtful)
    others = list(dict.fromkeys(effect.name for effect in effects if not effect.clear and effect.name not in named))
    new = [] if panel is None else _new_ahead(panel, others)
    unclear = [name for name in others if name not in new]
    if unclear:
        lines.append(f"no clear effect, not applied: {listed(unclear)}")
    if new:
        lines.append(
            f"unknown effect, not applied: {listed(new)} never varied in these histories; forecast these series together with "
            "series in which it did, such as the training data (models do not store effects)"
        )
    return tuple(lines)


def _new_ahead(panel: Panel, names: Sequence[str]) -> list[str]:
    """Return the known covariates among `names` that never vary within the history of a series, and do in its future."""
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    ahead = np.arange(len(item)) >= panel.origin[item]
    found = []
    for name in (name for name in names if name in panel.schema.known_features):
        values = panel.known[:, panel.schema.known_features.index(name)]
        low, high = np.full(len(panel), np.inf, np.float32), np.full(len(panel), -np.inf, np.float32)
        seen = ~ahead & ~np.isnan(values)
        np.minimum.at(low, item[seen], values[seen])
        np.maximum.at(high, item[seen], values[seen])
        varies = bool((high > low).any())
        if not varies and (values[ahead] != low[item[ahead]])[~np.isnan(values[ahead])].any():
            found.append(name)
    return found


def shared_season_notes(forecaster: Forecaster, panel: Panel, items: Collection[str]) -> tuple[str, ...]:
    """Return a line for each kind of seasonal shape that some of `items` borrowed from longer series in the newest forecast."""
    borrowed: tuple[Borrowed, ...] = getattr(forecaster, "borrowed", tuple)()
    kinds: dict[str, list[Borrowed]] = {}
    for one in borrowed:
        if panel.item_ids[one.item] in items:
            parts = [name for name, share in (("weekly", one.week), ("yearly", one.year)) if share > 0]
            kinds.setdefault(" and ".join(parts), []).append(one)
    lines = []
    for kind, some in kinds.items():
        names = listed([panel.item_ids[one.item] for one in some])
        verb, lenders = "borrows" if len(some) == 1 else "borrow", max(one.series for one in some)
        lines.append(f"short history: {names} {verb} the {kind} pattern of {lenders:,} longer series")
    return tuple(lines)


def collinear_notes(effects: Sequence[CovariateEffect], panel: Panel) -> tuple[str, ...]:
    """Return a line for each pair of known covariates with estimated effects that are almost collinear within the series."""
    names = panel.schema.known_features
    column_of = [panel.schema.column_of(name) for name in names]
    reported = {effect.name for effect in effects if not effect.event and effect.form != "closed"}
    if len(reported & set(names)) < 2:
        return ()
    correlation = _correlations(panel)
    lines = []
    for i, j in zip(*np.triu_indices(len(names), 1), strict=True):
        value = correlation[i, j]
        if abs(value) > COLLINEAR and column_of[i] != column_of[j] and {names[i], names[j]} <= reported:
            both = f"{names[i]} and {names[j]} are collinear (correlation {value:.2f})"
            lines.append(f"{both}: the data cannot separate their effects; use only one of them")
    return tuple(lines[:MOST])


def _correlations(panel: Panel) -> np.ndarray:
    """Return (K, K) correlations of the known covariates within series, over observed rows; 0 for those that do not vary."""
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    seen = ~np.isnan(panel.target) & ~np.isnan(panel.known).any(1)
    rows = np.flatnonzero(seen)[-_MOST_ROWS:]
    x, place = panel.known[rows].astype(np.float64), item[rows]
    count = np.maximum(np.bincount(place, minlength=len(panel)), 1)
    mean = np.stack([np.bincount(place, column, len(panel)) / count for column in x.T], 1)
    x -= mean[place]
    size = np.sqrt((x**2).sum(0))
    return (x.T @ x) / np.where(np.outer(size, size) > 1e-12, np.outer(size, size), np.inf)


def unread_known(forecaster: Forecaster, panel: Panel) -> tuple[str, ...]:
    """A note on known covariates that a network alone does not read although its ensemble would."""
    if not panel.schema.known or wants_covariates(forecaster, panel):
        return ()
    return (f"not used: {listed(list(panel.schema.known))} (without members, the network reads the target only)",)
