"""Changes of unit within a series, such as °C to °F: reported, never converted.

A conversion changes level and spread at once, and by known numbers. A level shift, a trend or a season changes them by others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.panel import Panel
from tsattn.data.reading.rows import shown
from tsattn.data.report import Notes

FEWEST = 12  # values on either side of a change from which its level is taken, or the next whole number of cycles
LONGEST = 100  # steps of a cycle that these values cover
MOST = 200  # values on either side that must lie apart
LONG = 2000  # values on either side from which the spread is taken
FAR = 2.0  # mean differences of neighbours that a change exceeds
PAIR = 0.4  # of a change, by which two neighbouring values may miss the conversion
LEVEL = 0.15  # of a change, by which the medians may miss it
SPREAD = 0.35  # log ratio by which the spread may miss it; °C to °F is 0.59
NEAR = 0.7  # log ratio by which the spread of the values on either side that must lie apart may miss it
_MOST_PAIRS = 8  # pairs of neighbours per series that may look like a conversion: more of them are normal for it


@dataclass(frozen=True)
class Conversion:
    """Conversion of values v in [low, high] to factor · v + offset. said: words for a message."""

    said: str
    factor: float
    offset: float
    low: float
    high: float

    def apart(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return by how much values (n,) miss the conversion of those before them, relative to the change; in logs for scales.

        Infinite outside the range of the values before.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if self.offset:
                missed = np.abs(after - (self.factor * before + self.offset)) / np.abs(after - before)
            else:
                missed = np.abs(np.log(after / before) / np.log(self.factor) - 1)
        return np.where((before >= self.low) & (before <= self.high) & np.isfinite(missed), missed, np.inf)


_TINY = 1e-30
CONVERSIONS = (
    Conversion("from °C to °F", 1.8, 32.0, -60, 60),
    Conversion("from °F to °C", 1 / 1.8, -32 / 1.8, -76, 140),
    Conversion("from °C to K", 1.0, 273.15, -100, 100),
    Conversion("from K to °C", 1.0, -273.15, 173, 373),
    Conversion("to a unit 1,000 times smaller, such as from kW to W", 1e3, 0.0, _TINY, np.inf),
    Conversion("to a unit 1,000 times larger, such as from W to kW", 1e-3, 0.0, _TINY, np.inf),
    Conversion("to a unit 100 times smaller, such as from fractions to percent", 1e2, 0.0, _TINY, np.inf),
    Conversion("to a unit 100 times larger, such as from percent to fractions", 1e-2, 0.0, _TINY, np.inf),
)


@dataclass(frozen=True)
class UnitChange:
    """Change of unit: the series, its first row in the new unit as an absolute index of the panel, and the conversion."""

    item: int
    row: int
    conversion: Conversion


def find_unit_changes(panel: Panel) -> list[UnitChange]:
    """Return the changes of unit in a panel, by series and time. The work is linear in the number of rows."""
    rows = np.flatnonzero(~np.isnan(panel.target))
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))[rows]
    values = panel.target[rows].astype(np.float64)
    bounds = np.searchsorted(item, np.arange(len(panel) + 1))
    jumps = _jumps(values, item, len(panel))
    width = _width(panel.freq.season_length)
    room = (jumps - bounds[item[jumps]] >= 2 * width) & (bounds[item[jumps] + 1] - jumps >= 2 * width)
    jumps = jumps[room]
    found = []
    for conversion in CONVERSIONS:
        at = jumps[conversion.apart(values[jumps - 1], values[jumps]) < PAIR]
        at = at[np.bincount(item[at], minlength=len(panel))[item[at]] <= _MOST_PAIRS]
        levels = (np.median(values[at[:, None] + np.arange(*ends)], 1) for ends in ((-width, 0), (0, width)))
        for k in at[conversion.apart(*levels) < LEVEL].tolist():
            first, end = bounds[item[k] : item[k] + 2]
            if _is_change(values[max(first, k - LONG) : k], values[k : min(end, k + LONG)], conversion):
                found.append(UnitChange(int(item[k]), int(rows[k]), conversion))
    return _without_repeats(sorted(found, key=lambda one: one.row))


def _without_repeats(changes: list[UnitChange]) -> list[UnitChange]:
    """Return the changes, by row, without those of series that make one conversion twice in a row: the second is impossible.

    Demand that is switched off each August rises like that each September.
    """
    last: dict[int, Conversion] = {}
    repeated = set()
    for change in changes:
        if last.get(change.item) is change.conversion:
            repeated.add(change.item)
        last[change.item] = change.conversion
    return [change for change in changes if change.item not in repeated]


def warn_of_unit_changes(panel: Panel, notes: Notes) -> None:
    """Warn of the first change of unit in a panel, and of the number of others."""
    found = find_unit_changes(panel)
    if not found:
        return
    one = found[0]
    stamp = panel.freq.advance(panel.start[one.item], np.array([one.row - panel.indptr[one.item]]))
    when = shown(panel.local(stamp)[0]) if panel.freq.has_clock else f"step {stamp[0].astype(np.int64)}"
    others = "" if len(found) == 1 else f"; there are {len(found) - 1:,} more such changes"
    notes.warn(
        f"{panel.item_ids[one.item]!r}: from {when} on, level and spread look converted {one.conversion.said}; "
        f"if the unit changed, convert the earlier values{others}"
    )


def _jumps(values: np.ndarray, item: np.ndarray, items: int) -> np.ndarray:
    """Return the places, from 1 on, of values further from the one before them than is usual in their series."""
    step = np.where(item[1:] == item[:-1], np.abs(np.diff(values)), 0.0)
    usual = np.bincount(item[1:], step, items) / np.maximum(np.bincount(item, minlength=items) - 1, 1)
    return np.flatnonzero(step > FAR * usual[item[1:]]) + 1


def _width(season: int) -> int:
    """Return the number of values on a side from which a level is taken: whole cycles, if these are short."""
    return -(-FEWEST // season) * season if season <= LONGEST else FEWEST


def _is_change(before: np.ndarray, after: np.ndarray, conversion: Conversion) -> bool:
    """Return True if the values on both sides of a change lie apart, and their spreads are those of the conversion."""
    sides = before[-MOST:], after[:MOST]
    lower, upper = sides if np.median(sides[0]) < np.median(sides[1]) else sides[::-1]
    if np.quantile(lower, 0.95) >= np.quantile(upper, 0.05):
        return False
    near = abs(_spread_ratio(*sides, conversion))  # the unit holds on the whole of either side, not only beyond a shutdown
    return near < NEAR and abs(_spread_ratio(before, after, conversion)) < SPREAD


def _spread_ratio(before: np.ndarray, after: np.ndarray, conversion: Conversion) -> float:
    """Return the log ratio by which the spread misses that of the conversion, infinite for a side without spread."""
    spreads = [_spread(side) for side in (before, after)]
    return float(np.log(spreads[1] / spreads[0] / conversion.factor)) if min(spreads) > 0 else np.inf


def _spread(values: np.ndarray) -> float:
    """Return the mean difference of neighbours, without the largest tenth."""
    steps = np.sort(np.abs(np.diff(values)))
    return float(steps[: -(-9 * len(steps) // 10)].mean())
