"""Known covariates at a coarser step than the data, such as hourly weather beside 15-minute loads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.freq import DAY, US
from tsattn.data.panel import Panel
from tsattn.data.report import Notes

FILLED = "known covariates with one value per "  # begins the name of the repair
_FEWEST = 3  # distances between values from which a step is found, at least
_USUAL = 0.8  # share of the distances that equal the step, at least; the others are multiples of it
_LEVELS = 5  # different values of a flag or a price band, at most


def with_filled_steps(panel: Panel, notes: Notes) -> Panel:
    """Return the panel with known covariates filled if they have one value per k steps, for a constant k, at most one day.

    Numbers are interpolated linearly; flags, texts, numbers of at most `_LEVELS` values and daily values are held until the next
    value. The last value is held for its k steps, for which rows are added after the end of a series. A value that is missing
    at its own step leaves a gap. A column of a single value other than zero is not filled: its blanks may stand for zeros.
    """
    if not np.isnan(panel.known).any():
        return panel
    found = {k: steps for k, column in enumerate(panel.known.T) if (steps := _Steps.of(panel, column)).step.any()}
    safe = [k for k, steps in found.items() if _is_safe(panel, steps, panel.known[:, k])]
    _warn(panel, {k: steps for k, steps in found.items() if k not in safe}, notes)
    if not safe:
        return panel
    panel = panel.extended_to(np.max([found[k].rows_needed(panel) for k in safe], 0))
    said: dict[str, dict[str, int]] = {}  # rows by column, by the name of the repair
    known = panel.known.copy()
    for k in safe:
        steps = _Steps.of(panel, known[:, k])
        held = _is_held(panel, steps, known[:, k])
        known[:, k] = steps.filled(panel, known[:, k], held)
        how = "held until the next" if held else f"interpolated to {panel.freq.alias}"
        told = said.setdefault(f"{FILLED}{steps.shown(panel)}: {how}", {})
        told[_name(panel, k)] = int(np.isfinite(known[:, k]).sum()) - len(steps.at)
    for what, counts in said.items():
        notes.repair(what, sum(counts.values()), ", ".join(map(repr, counts)))
    return replace(panel, known=known)


@dataclass(frozen=True, eq=False)
class _Steps:
    """Rows with a value in a column of a panel: `at` (V,) their indices, `item` (V,) their series, `step` (V,) in rows.

    `step` is the regular distance between the values in the history, or in the future rows, of a series; 0 if 1 or irregular.
    """

    at: np.ndarray
    item: np.ndarray
    step: np.ndarray

    @classmethod
    def of(cls, panel: Panel, column: np.ndarray) -> _Steps:
        at = np.flatnonzero(np.isfinite(column))
        item = np.searchsorted(panel.indptr, at, "right") - 1
        ahead = at >= panel.origin[item]
        gaps, part = np.diff(at), 2 * item + ahead  # parts: the history and the future rows of each series
        inside = part[1:] == part[:-1]
        step = _regular(gaps[inside], part[1:][inside], 2 * len(panel)).reshape(-1, 2)
        past = step[item[1:], 0]
        breaks = (item[1:] == item[:-1]) & ahead[1:] & (gaps % np.maximum(past, 1) != 0)
        goes_on = (step[:, 1] == 0) & (np.bincount(item[1:][breaks], minlength=len(panel)) == 0)
        step[:, 1] = np.where(goes_on, step[:, 0], step[:, 1])  # a few future values continue the step of the history
        return cls(at, item, step.reshape(-1)[part])

    @property
    def last(self) -> np.ndarray:
        """(V,) bool: True for the last value of a series."""
        return np.append(self.item[1:] != self.item[:-1], np.ones(min(1, len(self.at)), bool))

    def rows_needed(self, panel: Panel) -> np.ndarray:
        """Return (S,) the number of rows that each series needs to hold its last future value for a whole step."""
        sizes = np.diff(panel.indptr)
        last = np.flatnonzero(self.last & (self.at >= panel.origin[self.item]))
        item = self.item[last]
        sizes[item] = np.maximum(sizes[item], self.at[last] + self.step[last] - panel.indptr[item])
        return sizes

    def filled(self, panel: Panel, column: np.ndarray, held: bool) -> np.ndarray:
        """Return the column (N,) with gaps of one step held or interpolated, and each series' last value held for its step."""
        values, last = column[self.at], self.last
        gaps = np.append(np.diff(self.at), 1)
        one_step = ~last & (gaps <= np.maximum(self.step, np.roll(self.step, -1)))
        left = panel.indptr[self.item + 1] - self.at
        rows = np.where(last, np.clip(self.step, 1, left), np.where(one_step, gaps, 1))  # from each value on
        slope = np.where(one_step & (not held), (np.roll(values, -1) - values) / gaps, 0)
        since = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
        out = column.copy()
        out[np.repeat(self.at, rows) + since] = np.repeat(values, rows) + np.repeat(slope, rows) * since
        return out

    def shown(self, panel: Panel) -> str:
        """Name the steps for people, such as `1h`."""
        return " or ".join(_duration(panel, int(step)) for step in np.unique(self.step[self.step > 0]))


def _regular(gaps: np.ndarray, part: np.ndarray, parts: int) -> np.ndarray:
    """Return (parts,) the step of each part from the distances between its values; 0 if it is 1 or irregular."""
    least = np.full(parts, np.iinfo(np.int64).max)
    np.minimum.at(least, part, gaps)
    many = np.bincount(part, minlength=parts)
    usual = np.bincount(part[gaps == least[part]], minlength=parts)
    off = np.bincount(part[gaps % least[part] != 0], minlength=parts)
    return np.where((many >= _FEWEST) & (usual >= _USUAL * many) & (off == 0) & (least > 1), least, 0)


def _is_safe(panel: Panel, steps: _Steps, column: np.ndarray) -> bool:
    """Return True if the blanks between the values of a column are certain to be missing values, not zeros."""
    if panel.freq.fixed_us is None or int(steps.step.max()) * panel.freq.fixed_us > DAY:
        return False
    values = column[steps.at]
    return bool(values[0] == 0 or (values != values[0]).any())


def _is_held(panel: Panel, steps: _Steps, column: np.ndarray) -> bool:
    """Return True for flags, price bands, texts and daily values."""
    daily = int(steps.step.max()) * (panel.freq.fixed_us or 0) == DAY
    return daily or len(np.unique(column[steps.at])) <= _LEVELS


def _duration(panel: Panel, step: int) -> str:
    """Name a number of steps by the largest unit of which it is a multiple."""
    us = step * (panel.freq.fixed_us or 0)
    unit = next((name for name in ("D", "h", "min", "s") if us and us % US[name] == 0), "")
    return f"{us // US[unit]}{unit}" if unit else f"{step} steps"


def _warn(panel: Panel, found: dict[int, _Steps], notes: Notes) -> None:
    """Warn about columns whose regular blanks are not filled, and name the pandas call that fills them."""
    names = {_name(panel, k): steps.shown(panel) for k, steps in found.items()}
    for name, step in names.items():
        notes.warn(
            f"the known covariate {name!r} has one value per {step}, and blanks between. Fill the blanks in pandas, with "
            f"data[{name!r}].ffill() if a value lasts until the next, or with .fillna(0) if a blank means none"
        )


def _name(panel: Panel, feature: int) -> str:
    return panel.schema.column_of(panel.schema.known_features[feature])
