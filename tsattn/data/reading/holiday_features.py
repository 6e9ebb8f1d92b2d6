"""Public holidays, and the days before and after them, as known 0/1 covariates, including the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tsattn.data.named_calendars import holiday_days
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.holiday_regions import HolidayRegions
from tsattn.data.report import Notes
from tsattn.errors import ConfigError

PREFIX = "holiday "
PREFIXES = {PREFIX: 0, f"before {PREFIX}": 1, f"after {PREFIX}": -1}  # days from the marked day to the holiday
_MOST_ROWS = 5_000_000  # future rows of all items together
_MOST_AHEAD = 1_000  # future rows of one item


def regions_of(schema: Schema | None) -> tuple[str, ...]:
    """Return the regions whose holidays a model was trained with."""
    return tuple(name[len(PREFIX) :] for name in schema.known_features if name.startswith(PREFIX)) if schema else ()


def with_holidays(panel: Panel, asked: tuple[str, ...], schema: Schema | None, notes: Notes) -> Panel:
    """Add known covariates of each region, 1 on its holidays, before them and after them, and future rows that hold them.

    asked: the texts of `--holidays`. The columns of a region are 0 in series that it is not the region of.
    A day before or after a holiday is the neighbouring row of daily data, and no holiday itself. Columns that are 0 in all rows
    are left out: such as those of holidays that are closed days. With the schema of a model they are the columns that it uses.
    Raises ConfigError for a panel without dates, of steps longer than a day, and for an unknown series.
    """
    if not asked or not len(panel):
        return panel
    regions = HolidayRegions.parse(asked)
    step = panel.freq.plain.fixed_us
    if not (panel.freq.has_clock and panel.dated) or not (panel.freq.unit == "B" or (step or 8e12) <= 86_400_000_000):
        raise ConfigError(f"--holidays {','.join(asked)}: steps of {panel.freq} have no single date", "leave out --holidays")
    if schema is None:
        regions.check(panel.item_ids)
        names = [prefix + region for region in regions.all() for prefix in PREFIXES]
        columns = _columns(panel, names, regions)
        on_holidays = {name: bool(columns[:, k].any()) for k, name in enumerate(names)}
        names = [name for name in names if on_holidays[name] and on_holidays[PREFIX + _parts(name)[1]]]
    else:
        names = [name for name in schema.known_features if name.startswith(tuple(PREFIXES))]
    if not names:
        return panel
    shown = ", ".join(dict.fromkeys(_parts(name)[1] for name in names))
    around = ", and the days before and after" if any(_parts(name)[0] for name in names) else ""
    own = ", by series" if regions.named else ""
    notes.find("holidays", f"{shown}{own}{around}: known in the future", "--holidays")
    panel = _extended(panel)
    schema = replace(panel.schema, known_features=(*panel.schema.known_features, *names))
    return replace(panel, known=np.concatenate([panel.known, _columns(panel, names, regions)], 1), schema=schema)


def _parts(name: str) -> tuple[int, str]:
    """Return the days from the day that a column marks to the holiday, and the region."""
    prefix = next(prefix for prefix in PREFIXES if name.startswith(prefix))
    return PREFIXES[prefix], name[len(prefix) :]


def _columns(panel: Panel, names: list[str], regions: HolidayRegions) -> np.ndarray:
    """Return (N, names) float32 of 0 and 1."""
    observed = dict(zip(regions.all(), regions.of_items(panel.item_ids).T, strict=True))
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    steps = np.arange(len(item)) - panel.indptr[:-1][item]
    one = np.timedelta64(1, "D")

    def days(shift: int) -> np.ndarray:
        moved = shift if panel.freq.is_daily else 0  # a row of business days follows the one before the weekend
        found = panel.local(panel.freq.advance(panel.start[item], steps + moved)).astype("datetime64[D]")
        return found if panel.freq.is_daily else found + shift * one

    around = {shift: days(shift) for shift in PREFIXES.values()}
    first, last = (int(day.astype("datetime64[Y]").astype(np.int64)) + 1970 for day in (around[-1].min(), around[1].max()))
    out = np.empty((len(item), len(names)), np.float32)
    for k, name in enumerate(names):
        shift, region = _parts(name)
        holidays = holiday_days(region, first, last)
        out[:, k] = np.isin(around[shift], holidays) & ((shift == 0) | ~np.isin(around[0], holidays))
        if region in observed:  # the regions of a model may be others
            out[:, k] *= observed[region][item]
    return out


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
