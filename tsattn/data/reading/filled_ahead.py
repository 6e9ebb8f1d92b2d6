"""Known covariates: columns with values in the future rows, where the target is blank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsattn.data.names import listed, quoted
from tsattn.data.reading.column_blocks import blocks, where, with_gaps
from tsattn.data.reading.columns import Table
from tsattn.data.reading.items import items_of
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.plans import is_plan
from tsattn.data.reading.row_times import Clock, same_time_of_day, wall_stamps
from tsattn.data.reading.time_names import says_only_time
from tsattn.data.report import Notes

MOST_TEXTS = 12  # different texts of a column that is taken without being named
_MOST_MISSING = 0.2  # share of all rows in which a column has no value, at most
_MOST_COARSE = 12  # columns that are looked at for values at a coarser step
_ROWS_OF_PHASE = 3  # rows for each weekday or month, at least, before a text may be called a copy of the calendar


@dataclass(frozen=True)
class FilledAhead:
    """Columns that are filled in all future rows.

    known: covariates. unclear: numbers that may be series which end later than the targets, and texts beside them; and numbers
    at a coarser step than the rows.
    calendar: texts that repeat the weekday, the hour or the month.
    """

    known: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    calendar: tuple[str, ...] = ()

    def warn(self, target: tuple[str, ...], notes: Notes) -> None:
        """Warn of columns that are not used although they may be known covariates."""
        if self.unclear:
            names, one = listed(self.unclear), len(self.unclear) == 1
            held, its = ("has values", "its") if one else ("have values", "their")
            notes.warn(
                f"{names} {held} after the last of {listed(target)}, but {'is' if one else 'are'} not used; "
                f"if {its} future is known: --known {','.join(map(quoted, self.unclear))}, otherwise --known none"
            )


def filled_ahead(
    table: Table, clock: Clock, target: tuple[str, ...], free: list[str], item: tuple[str, ...], named: bool
) -> FilledAhead:
    """Return the columns among `free`, which have no role yet, with values in all rows after the last target.

    There must be two such times or more. named: the user named the targets. In a table with items, columns beside a target are no
    series; in a wide table they may be.
    """
    if not set(target).issubset(table.columns.numeric) or not len(clock.stamps):
        return FilledAhead()
    blank = np.logical_and.reduce([np.isnan(values).all(0) for _, values in blocks(table, target)])
    if blank.all() or not blank.any():
        return FilledAhead()
    ahead = clock.stamps > clock.stamps[~blank].max()
    if len(np.unique(clock.stamps[ahead])) < 2:
        return FilledAhead()
    numeric = set(table.columns.numeric)
    free = [name for name in free if name not in set(names_that(free, says_only_time))]
    numbers = _numbers(table, [name for name in free if name in numeric], ahead)
    texts = _texts(table, [name for name in free if name not in numeric], ahead, item)
    copies = tuple(name for name in texts if _repeats_calendar(table.columns[name].values, clock))
    found = tuple(name for name in free if name in {*numbers, *texts} and name not in copies)
    beside_one = bool(item) and (named or len(target) == 1)
    coarse = _coarse(table, clock, [name for name in free if name in numeric and name not in numbers], ahead)
    if beside_one or not numbers or is_plan(table, clock, list(target), numbers, named):
        return FilledAhead(known=found, unclear=coarse, calendar=copies)
    return FilledAhead(unclear=(*found, *coarse), calendar=copies)


def _numbers(table: Table, names: list[str], ahead: np.ndarray) -> list[str]:
    """Return the columns of numbers without a gap in the rows `ahead`, and nearly without one in all rows."""
    gaps = set(where(table, names, with_gaps, ahead))
    return where(table, [n for n in names if n not in gaps], lambda values: np.isnan(values).mean(1) < _MOST_MISSING)


def _coarse(table: Table, clock: Clock, names: list[str], ahead: np.ndarray) -> tuple[str, ...]:
    """Return the columns of numbers with values at regular times `ahead`, and gaps between, such as hourly ones."""
    out = []
    for name in names[:_MOST_COARSE]:
        steps = np.diff(np.unique(clock.stamps[ahead & ~table.columns[name].missing]))
        if len(steps) > 1 and (steps == steps[0]).all():
            out.append(name)
    return tuple(out)


def _texts(table: Table, names: list[str], ahead: np.ndarray, item: tuple[str, ...]) -> list[str]:
    """Return the columns of few texts without a gap in the rows `ahead` that change within an item and whose texts recur.

    A column such as `actual` in the past and `forecast` in the future rows has no effect that could be estimated.
    """
    out = []
    for name in names:
        column = table.columns[name]
        if column.kind != "text" or column.missing[ahead].any() or column.missing.mean() >= _MOST_MISSING:
            continue
        past, future = np.unique(column.values[~ahead & ~column.missing]), np.unique(column.values[ahead])
        if not 2 <= len(past) <= MOST_TEXTS or len(np.union1d(past, future)) > MOST_TEXTS or not np.isin(future, past).any():
            continue
        if _changes(column.values, table, item):
            out.append(name)
    return out


def _changes(codes: np.ndarray, table: Table, item: tuple[str, ...]) -> bool:
    """Return True if the texts with these codes differ within an item."""
    group, ids = items_of(table, item, "series")
    seen = codes >= 0
    return len(np.unique(group[seen].astype(np.int64) * (int(codes.max()) + 1) + codes[seen])) > len(ids)


def _repeats_calendar(codes: np.ndarray, clock: Clock) -> bool:
    """Return True if each hour of the week, or each month, has one text."""
    if clock.counted:
        return False
    stamps = wall_stamps(clock)
    day = stamps.astype("datetime64[D]")
    hour = np.zeros(len(stamps), np.int64) if same_time_of_day(stamps) else (stamps - day).astype(np.int64) // 3_600_000_000
    month = stamps.astype("datetime64[M]").astype(np.int64) % 12
    for phase in ((day.astype(np.int64) + 3) % 7 * 24 + hour, month):
        times = len(np.unique(stamps))
        phases = len(np.unique(phase))
        pairs = len(np.unique(phase * (int(codes.max()) + 2) + codes + 1))
        if phases > 1 and pairs == phases and times >= _ROWS_OF_PHASE * phases:
            return True
    return False
