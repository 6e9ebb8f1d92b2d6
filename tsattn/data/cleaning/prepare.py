"""Cleaning of a history, done only here: called
 once for each window, it returns the history and a record of what it did.

Forecasts, ensembles, validation and training read the history; notes, tables and pictures read the record, so they show what
was done. Seasons and gaps depend on the length that a network reads, so model/inputs.py finds and fills them afterwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tsattn.data.cleaning.additive_outliers import find_additive_outliers
from tsattn.data.cleaning.gross_errors import find_gross_errors
from tsattn.data.cleaning.level_shifts import at_newest_level, find_level_shifts
from tsattn.data.cleaning.outages import find_outages
from tsattn.data.cleaning.resets import continued, find_resets
from tsattn.data.cleaning.sentinels import find_sentinels
from tsattn.data.cleaning.slumps import find_slumps
from tsattn.data.cleaning.yearly_shifts import find_yearly_shifts

if TYPE_CHECKING:
    from tsattn.data.panel import Panel
    from tsattn.data.windows import WindowBatch

SENTINEL, GROSS_ERROR, ADDITIVE_OUTLIER, RECENT_OUTLIER, LEVEL_SHIFT, OUTAGE, RESET = range(7)
LEFT_OUT = (SENTINEL, GROSS_ERROR, OUTAGE, ADDITIVE_OUTLIER)


@dataclass(frozen=True, eq=False)
class Cleaning:
    """A record of what cleaning found in B windows, one entry a value.

    row (n,): the window. ago (n,): steps before its end, 1 = the newest. kind (n,): SENTINEL, GROSS_ERROR, OUTAGE and
    ADDITIVE_OUTLIER are missing in the cleaned history; RECENT_OUTLIER is kept; LEVEL_SHIFT is the first value at the new level,
    to which all before it were moved; RESET the same of a series that grows between resets. value (n,) float32: the value as
    it was.
    """

    row: np.ndarray
    ago: np.ndarray
    kind: np.ndarray
    value: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    def of(self, *kinds: int) -> Cleaning:
        """The entries of some kinds."""
        return self._where(np.isin(self.kind, kinds))

    def at(self, row: int) -> Cleaning:
        """The entries of one window."""
        return self._where(self.row == row)

    def rows(self, chosen: Sequence[int] | np.ndarray) -> Cleaning:
        """The record of the chosen windows, in their order."""
        place = {int(row): number for number, row in enumerate(np.asarray(chosen).tolist())}
        found = self._where(np.isin(self.row, list(place)))
        return dataclasses.replace(found, row=np.array([place[int(row)] for row in found.row], np.int64))._ordered()

    def recent(self, context: int) -> Cleaning:
        """The entries of the last `context` steps."""
        return self._where(self.ago <= context)

    def earlier(self, shift: np.ndarray) -> Cleaning:
        """The entries of the windows as they were `shift` (B,) steps earlier."""
        steps = np.asarray(shift)[self.row]
        return dataclasses.replace(self, ago=self.ago - steps)._where(self.ago > steps)

    @classmethod
    def concat(cls, parts: Sequence[Cleaning], rows: Sequence[np.ndarray]) -> Cleaning:
        """Join several records into one; rows: the numbers of each part's windows in the joined record."""
        parts = [dataclasses.replace(part, row=np.asarray(own)[part.row]) for part, own in zip(parts, rows, strict=True)]
        fields = [f.name for f in dataclasses.fields(cls)]
        return cls(**{name: np.concatenate([getattr(part, name) for part in (*parts, NOTHING)]) for name in fields})._ordered()

    def united(self, other: Cleaning) -> Cleaning:
        """Return the entries of both records of the same windows, each once."""
        every = np.arange(1 + max(self.row.max(initial=-1), other.row.max(initial=-1)))
        both = Cleaning.concat([self, other], [every, every])
        _, first = np.unique(np.stack([both.row, both.ago, both.kind]), axis=1, return_index=True)
        return both._where(np.sort(first))

    def _where(self, chosen: np.ndarray) -> Cleaning:
        return Cleaning(self.row[chosen], self.ago[chosen], self.kind[chosen], self.value[chosen])

    def _ordered(self) -> Cleaning:
        return self._where(np.lexsort((-self.ago, self.row)))


NOTHING = Cleaning(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.float32))


@dataclass(frozen=True, eq=False)
class Prepared:
    """Windows (B, L): `past`, cleaned; `plausible`, the values without sentinels, gross errors and outages only; the record."""

    past: np.ndarray
    plausible: np.ndarray
    cleaning: Cleaning


def prepare(
    past: np.ndarray, periods: Sequence[int] = (), *, year: float = 0.0, level_shifts: bool = True, horizon: int = 1
) -> Prepared:
    """Clean windows (B, L), NaN = missing. Only values in a window are read, so nothing leaks into it.

    periods: steps of the cycles that the frequency suggests. year: steps of a year; outages are kept where it is 0 (unknown).
    level_shifts: move values before a recent shift, or a reset, to the new level, for forecasters that have no covariates to
    explain it. horizon: steps in which no further reset may be expected.
    Arrays are copied only where something is changed.
    """
    parts: list[tuple[int, np.ndarray, np.ndarray]] = []  # kind, rows, positions

    def left_out(values: np.ndarray, kind: int, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
        if not len(rows):
            return values
        parts.append((kind, rows, at))
        values = values.copy()
        values[rows, at] = np.nan
        return values

    group = np.repeat(np.arange(len(past)), past.shape[1])
    sentinels = find_sentinels(past.ravel(), group, len(past)).reshape(past.shape)
    plausible = left_out(past, SENTINEL, *np.nonzero(sentinels))
    indptr = np.arange(len(past) + 1) * past.shape[1]
    gross = np.array([error.row for error in find_gross_errors(plausible.ravel(), group, indptr)], np.int64)
    plausible = left_out(plausible, GROSS_ERROR, *np.divmod(gross, max(past.shape[1], 1)))
    slumps = [one for one in find_slumps(plausible, year) if level_shifts or one.back]
    found = [*find_outages(plausible, periods, year), *((one.row, one.at) for one in slumps)]
    outages = [np.stack([np.full(len(at), row), at]) for row, at in found]
    plausible = left_out(plausible, OUTAGE, *_joined(outages))
    outliers = find_additive_outliers(plausible, periods)
    lone = [np.stack([np.full(len(one.lone), one.row), one.lone]) for one in outliers]
    clean = left_out(plausible, ADDITIVE_OUTLIER, *_joined(lone))
    for one in outliers:
        parts.append((RECENT_OUTLIER, np.full(len(one.recent), one.row), one.recent))
    if level_shifts:
        resets = find_resets(clean, periods, year=year, horizon=horizon)
        clean = continued(clean, resets)
        parts += [(RESET, np.array([one.row]), np.array([one.at])) for one in resets]
        fell = [one for one in slumps if one.level != 1]
        clean = _scaled_before(clean, [(one.row, int(one.at[0]), one.level) for one in fell])
        reset = {one.row for one in resets}
        shifts = [one for one in find_level_shifts(clean, periods) if one[0] not in reset]
        moved = {row for row, _ in shifts}
        clean = at_newest_level(clean, shifts, periods)
        yearly = [one for one in find_yearly_shifts(clean, year) if one.row not in moved]
        clean = _scaled_before(clean, [(one.row, one.at, float(np.exp(one.size))) for one in yearly])
        places = (*((one.row, one.settled) for one in fell), *shifts, *((one.row, one.at) for one in yearly))
        parts += [(LEVEL_SHIFT, np.array([row]), np.array([at])) for row, at in places]
    return Prepared(clean, plausible, _record(past, parts))


def _scaled_before(past: np.ndarray, scales: Sequence[tuple[int, int, float]]) -> np.ndarray:
    """Multiply the values of windows (B, L) before a position of a row by a factor, for each (row, position, factor)."""
    out = past.copy() if scales else past
    for row, at, factor in scales:
        out[row, :at] *= np.float32(factor)
    return out


def _joined(found: Sequence[np.ndarray]) -> np.ndarray:
    """Join arrays (2, ·) of rows and positions."""
    return np.concatenate([np.zeros((2, 0), np.int64), *found], 1)


def _record(past: np.ndarray, parts: Sequence[tuple[int, np.ndarray, np.ndarray]]) -> Cleaning:
    if not parts:
        return NOTHING
    kind = np.concatenate([np.full(len(rows), kind, np.int8) for kind, rows, _ in parts])
    row, at = (np.concatenate([part[i] for part in parts]).astype(np.int64) for i in (1, 2))
    return Cleaning(row, past.shape[1] - at, kind, past[row, at].astype(np.float32))._ordered()


def prepared(batch: WindowBatch) -> WindowBatch:
    """The batch with its history cleaned, and the record in `cleaning`; the batch itself where that was done before.

    Level shifts and outages stay where the batch has covariates that change over time, which may explain them.
    """
    if batch.cleaning is not None:
        return batch
    declared = batch.past_cov.shape[2] or batch.known.shape[2] > batch.calendar
    year = 0.0 if declared else batch.year
    found = prepare(batch.past_target, batch.season_lengths, year=year, level_shifts=not declared, horizon=batch.horizon)
    return dataclasses.replace(batch, past_target=found.past, plausible=found.plausible, cleaning=found.cleaning)


def plausible_past(batch: WindowBatch) -> np.ndarray:
    """The history (B, L) with outliers and levels as they were, but without sentinels, gross errors and outages."""
    return prepare(batch.past_target, level_shifts=False).plausible if batch.plausible is None else batch.plausible


def observed_past(batch: WindowBatch) -> np.ndarray:
    """Return the history (B, L) of `plausible_past` if the batch is prepared, otherwise the observed history."""
    return batch.past_target if batch.plausible is None else batch.plausible


def observed(panel: Panel) -> Panel:
    """Return the panel with the sentinels and gross errors of each series set to missing, as they are not observations."""
    group = np.repeat(np.arange(len(panel)), np.diff(panel.indptr))
    bad = find_sentinels(panel.target, group, len(panel))
    target = np.where(bad, np.float32(np.nan), panel.target) if bad.any() else panel.target
    gross = [error.row for error in find_gross_errors(target, group, panel.indptr)]
    if gross:
        target = target.copy()
        target[gross] = np.nan
    return panel if target is panel.target else dataclasses.replace(panel, target=target)


def shown_history(panel: Panel, item: int, end: int | None = None, record: Cleaning | None = None) -> np.ndarray:
    """An item's history up to row `end` of the panel, by default its origin, without the values that its forecast left out.

    record: the entries of that item's window; see `Cleaning.at`.
    """
    history = panel.target[panel.indptr[item] : panel.origin[item] if end is None else end]
    if record is None or not len(record.of(*LEFT_OUT)):
        return history
    history = history.copy()
    history[len(history) - record.of(*LEFT_OUT).ago] = np.nan
    return history
