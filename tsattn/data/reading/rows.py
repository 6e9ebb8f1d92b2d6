"""Rows in any order -> rows in order of item and time, each time once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tsattn.data.freq import DAY, US, Freq
from tsattn.data.reading.row_location import Where
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

_FEWEST_EVENTS, _MOST_EVEN = 10, 0.8  # distinct times of events, and share of their steps with one length
_BLOCK = 2_000_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of a table: group (n,) index of the item; stamps (n,) datetime64[us]; values: targets, then covariates, each (n,).

    values is a list, or one array (V, n) if all have the same type. ids: names of the items. source: (n,) table row of each
    row, None = the same; `place(k)` returns the source of row k.
    """

    group: np.ndarray
    stamps: np.ndarray
    values: list[np.ndarray] | np.ndarray
    ids: list[str]
    where: Where
    source: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.stamps)

    def take(self, rows: np.ndarray | slice) -> Rows:
        source = np.arange(len(self))[rows] if self.source is None else self.source[rows]
        values = self.values[:, rows] if isinstance(self.values, np.ndarray) else [v[rows] for v in self.values]
        return replace(self, group=self.group[rows], stamps=self.stamps[rows], values=values, source=source)

    def blank(self, targets: int) -> np.ndarray:
        """Return (n,) bool: True for rows without a value in the first `targets` columns."""
        return np.logical_and.reduce([np.isnan(values) for values in self.values[:targets]])

    def table_row(self, row: int) -> int:
        return row if self.source is None else int(self.source[row])

    def called(self, row: int) -> str:
        """Return the name that messages give to the series of a row."""
        return f"item {self.ids[self.group[row]]!r}" if len(self.ids) > 1 else "the series"

    def place(self, row: int) -> str:
        return self.where(self.table_row(row))

    @property
    def indptr(self) -> np.ndarray:
        """Return the (S+1,) bounds of each item's rows; the rows must be in order."""
        return np.searchsorted(self.group, np.arange(len(self.ids) + 1, dtype=self.group.dtype)).astype(np.int64)


def one_below_the_other(values: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Concatenate V arrays (n,), or the rows of one array (V, n), into (V * n,), without a copy if there is only one."""
    if isinstance(values, np.ndarray):
        return values.reshape(-1)
    return values[0] if len(values) == 1 else np.concatenate(values)


def in_order(rows: Rows, notes: Notes) -> Rows:
    """Sort rows by item, then time; equal times stay in the order of the source.

    Every step between two rows of an item is checked: a file that is newest first but for one row is sorted.
    """
    if _is_sorted(rows):
        return rows
    grouped = _never_falls(rows.group)
    if grouped and _is_reversed(rows):
        bounds = rows.indptr
        sizes = np.diff(bounds)
        second = int(bounds[int(np.argmax(sizes > 1))]) + 1  # of the first item that has two rows
        notes.repair("rows were newest first: put in order", len(rows), rows.place(second))
        return rows.take(np.repeat(bounds[1:] + bounds[:-1] - 1, sizes) - np.arange(len(rows)))
    if _never_falls(rows.stamps.view(np.int64)):
        # times rise and items take turns: sorting by item alone is several times faster
        return rows.take(np.argsort(rows.group.astype(np.uint16) if len(rows.ids) <= 1 << 16 else rows.group, kind="stable"))
    order = _sorting(rows)
    ordered = rows.take(order)
    _note_order(rows, None if grouped else ordered, order, notes)
    return ordered


def _note_order(rows: Rows, ordered: Rows | None, order: np.ndarray, notes: Notes) -> None:
    """Report rows that were newest first, and rows out of order.

    Of rows that are grouped by item, the times of neighbours are compared; where items take turns, `ordered` holds the rows
    in order, and the places of neighbours in the source are compared.
    """
    falls = rises = 0
    first_fall = first_rise = len(rows)
    walked = ordered or rows
    for k in range(0, len(rows) - 1, _BLOCK):
        part = slice(k, min(k + _BLOCK + 1, len(rows)))
        group, stamps = walked.group[part], walked.stamps[part]
        source = np.arange(part.start, part.stop) if ordered is None else order[part]
        key = stamps if ordered is None else source
        moved = (group[1:] == group[:-1]) & (stamps[1:] != stamps[:-1])
        later = np.maximum(source[1:], source[:-1])  # the second row of each pair in the source
        fall = later[moved & (key[1:] < key[:-1])]
        rise = later[moved & (key[1:] > key[:-1])]
        falls, rises = falls + len(fall), rises + len(rise)
        first_fall, first_rise = int(fall.min(initial=first_fall)), int(rise.min(initial=first_rise))
    if not falls:
        return
    if 5 * rises > falls:
        notes.repair("rows out of order: sorted", falls, rows.place(first_fall))
        return
    notes.repair("rows were newest first: put in order", len(rows), rows.place(first_fall))
    if rises:
        notes.repair("rows out of order: sorted", rises, rows.place(first_rise))


def _sorting(rows: Rows) -> np.ndarray:
    """Return the order by item, then time, then source. Sorting by one key, where it fits in int64, is several times faster."""
    us = rows.stamps.astype(np.int64)
    low, span = int(us.min()), int(us.max()) - int(us.min()) + 1
    if span * len(rows.ids) < 2**62:
        key = rows.group.astype(np.int64) * span + (us - low)
        order = np.argsort(key)  # not stable: fine where no key comes twice
        ordered = key[order]
        if not np.any(ordered[1:] == ordered[:-1]):
            return order
    return np.lexsort((rows.stamps, rows.group))


def _is_sorted(rows: Rows) -> bool:
    for k in range(0, len(rows), _BLOCK):
        g, t = rows.group[k : k + _BLOCK + 1], rows.stamps[k : k + _BLOCK + 1]
        if not np.all((g[1:] > g[:-1]) | ((g[1:] == g[:-1]) & (t[1:] >= t[:-1]))):
            return False
    return True


def _is_reversed(rows: Rows) -> bool:
    """Return True when every step within an item goes back in time; the rows must be grouped by item."""
    for k in range(0, len(rows), _BLOCK):
        g, t = rows.group[k : k + _BLOCK + 1], rows.stamps[k : k + _BLOCK + 1]
        if not np.all((g[1:] != g[:-1]) | (t[1:] < t[:-1])):
            return False
    return True


def _never_falls(values: np.ndarray) -> bool:
    """Return True when no value is below the one before it."""
    return all(bool(np.all(np.diff(values[k : k + _BLOCK + 1]) >= np.int64(0))) for k in range(0, len(values) - 1, _BLOCK))


def merged(rows: Rows, how: str | None, notes: Notes, hint: str = "") -> Rows:
    """Merge rows of one item and time. Rows that agree become one; others are merged by `how`, or DataError names both lines.

    A missing value agrees with any value. `hint`: a further suggestion in the error.
    """
    again = _repeats(rows)
    if not again.any():
        return rows
    starts = np.flatnonzero(~again)
    bounds = np.append(starts, len(rows))
    in_group = np.flatnonzero(np.repeat(np.diff(bounds) > 1, np.diff(bounds)))
    local = np.cumsum(~again)[in_group] - 1  # which kept row each belongs to
    values, disagree = [], np.zeros(len(starts), bool)
    for column in rows.values:
        kept, differ = _merged_column(column, starts, in_group, local, how)
        values.append(kept)
        disagree |= differ
    if how is None and disagree.any():
        kept_row = int(np.flatnonzero(disagree)[0])
        row = int(starts[kept_row])
        other = next(
            r
            for r in range(row + 1, int(bounds[kept_row + 1]))
            if any(_differ(c[row], c[r]) for c in rows.values) or r + 1 == bounds[kept_row + 1]
        )
        item = f"item {rows.ids[rows.group[row]]!r}, " if len(rows.ids) > 1 else ""
        raise DataError(
            f"{rows.place(row)} and {rows.where.line(rows.table_row(other))}: {item}duplicate timestamp "
            f"{shown(rows.stamps[row])} with different values{_such(int(disagree.sum()))}",
            f"combine them: --on-duplicate mean (or first, last, sum){hint}",
        )
    what = "duplicate rows that agree: merged" if how is None else f"duplicate timestamps: combined by {how}"
    notes.repair(what, int(again.sum()), rows.place(int(np.flatnonzero(again)[0])))
    kept_rows = rows.take(starts)
    return replace(kept_rows, values=values)


def are_events(stamps: np.ndarray) -> bool:
    """Return True if rows at these times (n,) may be events such as sales: at irregular times, some of which repeat."""
    times = np.unique(stamps)
    if not _FEWEST_EVENTS <= len(times) < len(stamps):
        return False
    _, counts = np.unique(np.diff(times), return_counts=True)
    return bool(counts.max() < _MOST_EVEN * counts.sum())


def _repeats(rows: Rows) -> np.ndarray:
    again = np.zeros(len(rows), bool)
    for k in range(0, len(rows), _BLOCK):
        end = min(k + _BLOCK + 1, len(rows))
        again[k + 1 : end] = (rows.stamps[k + 1 : end] == rows.stamps[k : end - 1]) & (
            rows.group[k + 1 : end] == rows.group[k : end - 1]
        )
    return again


def _differ(one: float, two: float) -> bool:
    return not (np.isnan(one) or np.isnan(two) or one == two)


def _merged_column(
    column: np.ndarray, starts: np.ndarray, in_group: np.ndarray, local: np.ndarray, how: str | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the value of each kept row, and a mask of the kept rows whose observed values differ."""
    kept = column[starts]
    values = column[in_group].astype(np.float64)
    seen = ~np.isnan(values)
    at, values = local[seen], values[seen]
    differ = np.zeros(len(starts), bool)
    if not len(at):
        return kept, differ
    first = np.full(len(starts), np.nan)
    first[at[::-1]] = values[::-1]
    differ[at[values != first[at]]] = True
    if how in (None, "first"):
        joined = first
    elif how == "last":
        joined = np.full(len(starts), np.nan)
        joined[at] = values
    else:
        joined = np.bincount(at, values, len(starts))
        count = np.bincount(at, minlength=len(starts))
        joined = np.where(count == 0, np.nan, joined / np.maximum(count, 1) if how == "mean" else joined)
    touched = np.unique(local)
    kept = kept.copy()
    kept[touched] = joined[touched]
    return kept, differ


def resampled(rows: Rows, freq: Freq, agg: str, targets: int, notes: Notes) -> Rows:
    """Rows aggregated to the steps of `freq`. The first `targets` values are aggregated by `agg`; covariates by their mean,
    or last value. A step is named by its start, a month-end one by its end."""
    floor = floored(rows.stamps, freq)
    notes.repair(f"rows aggregated to steps of {freq.alias} by {agg}", len(rows), rows.place(0))
    rows = replace(rows, stamps=floor)
    again = _repeats(rows)
    starts = np.flatnonzero(~again)
    everything = np.arange(len(rows))
    local = np.cumsum(~again) - 1
    values = []
    for k, column in enumerate(rows.values):
        how = agg if k < targets else ("last" if agg == "last" else "mean")
        values.append(_merged_column(column, starts, everything, local, how)[0])
    return replace(rows.take(starts), values=values)


def floored(stamps: np.ndarray, freq: Freq) -> np.ndarray:
    """The step of `freq` that each stamp lies in. Weeks start on Monday; weekends belong to Friday in business days."""
    if freq.unit == "M":
        months = stamps.astype("datetime64[M]").astype(np.int64)
        first = months // freq.n * freq.n
        if freq.month_end:
            return ((first + freq.n).astype("datetime64[M]").astype("datetime64[D]") - 1).astype("datetime64[us]")
        return first.astype("datetime64[M]").astype("datetime64[us]")
    if freq.unit == "B":
        return np.busday_offset(stamps.astype("datetime64[D]"), 0, roll="backward").astype("datetime64[us]")
    if freq.fixed_us is None:
        raise ConfigError("rows without a clock cannot be resampled", "name the timestamp column with --timestamp")
    us = stamps.astype(np.int64)
    shift = 4 * DAY if freq.fixed_us % US["W"] == 0 else 0  # the epoch was a Thursday; Monday the 5th follows it
    return ((us - shift) // freq.fixed_us * freq.fixed_us + shift).astype("datetime64[us]")


def _such(count: int) -> str:
    return "" if count == 1 else f" ({count:,} such timestamps)"


def shown(stamp: np.datetime64) -> str:
    """A stamp without meaningless zeros: 2000-01-31, or 2000-01-31 05:00:00."""
    text = str(stamp.astype("datetime64[us]")).replace("T", " ")
    return text.removesuffix(".000000").removesuffix(" 00:00:00")
