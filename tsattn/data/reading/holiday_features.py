"""Public holidays as known 0/1 covariates, including the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.named_calendars import holiday_days
from tsattn.data.panel import Panel, Schema
from tsattn.data.report import Notes
from tsattn.errors import ConfigError

PREFIX = "holiday "
_MOST_ROWS = 5_000_000  # future rows of all items together
_MOST_AHEAD = 1_000  # future rows of one item


def regions_of(schema: Schema | None) -> tuple[str, ...]:
    """Return the regions whose holidays a model was trained with."""
    return tuple(name[len(PREFIX) :] for name in schema.known_features if name.startswith(PREFIX)) if schema else ()


def with_holidays(panel: Panel, regions: tuple[str, ...], trained: bool, notes: Notes) -> Panel:
    """Add one known covariate for each region, 1 on its holidays, and future rows that hold it.

    A region without a holiday among the rows, or with all of them closed, gets no covariate unless `trained`: a model uses it.
    Raises ConfigError for a panel without dates, or of steps longer than a day.
    """
    if not regions or not len(panel):
        return panel
    step = panel.freq.plain.fixed_us
    if not (panel.freq.has_clock and panel.dated) or not (panel.freq.unit == "B" or (step or 8e12) <= 86_400_000_000):
        raise ConfigError(f"--holidays {','.join(regions)}: steps of {panel.freq} have no single date", "leave out --holidays")
    hot = _hot(panel, regions)
    kept = [k for k in range(len(regions)) if trained or hot[:, k].any()]
    if not kept:
        return panel
    regions = tuple(regions[k] for k in kept)
    notes.find("holidays", f"{', '.join(regions)}: known in the future", "--holidays")
    panel = _extended(panel)
    schema = replace(panel.schema, known_features=panel.schema.known_features + tuple(PREFIX + region for region in regions))
    return replace(panel, known=np.concatenate([panel.known, _hot(panel, regions)], 1), schema=schema)


def _hot(panel: Panel, regions: tuple[str, ...]) -> np.ndarray:
    """Return (N, regions) float32, 1 on the holidays of each region."""
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    steps = np.arange(len(item)) - panel.indptr[:-1][item]
    days = panel.local(panel.freq.advance(panel.start[item], steps)).astype("datetime64[D]")
    first, last = (int(day.astype("datetime64[Y]").astype(np.int64)) + 1970 for day in (days.min(), days.max()))
    return np.stack([np.isin(days, holiday_days(region, first, last)) for region in regions], 1).astype(np.float32)


def _extended(panel: Panel) -> Panel:
    """Extend the panel with rows for some horizons after each origin."""
    ahead = int(np.clip(_MOST_ROWS // len(panel), 2 * panel.freq.default_horizon, _MOST_AHEAD))
    sizes = np.diff(panel.indptr)
    wanted = np.maximum(sizes, panel.lengths + ahead)
    indptr = np.concatenate([[0], np.cumsum(wanted)]).astype(np.int64)
    item = np.repeat(np.arange(len(panel)), sizes)
    at = np.arange(len(item)) - panel.indptr[:-1][item] + indptr[:-1][item]

    def spread(values: np.ndarray) -> np.ndarray:
        out = np.full((int(indptr[-1]), *values.shape[1:]), np.nan, np.float32)
        out[at] = values
        return out

    arrays: dict[str, Any] = {name: spread(getattr(panel, name)) for name in ("target", "past", "known")}
    return replace(panel, indptr=indptr, origin=indptr[:-1] + panel.lengths, **arrays)
