"""Search for the column, or columns, of the timestamp."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.freq import DAY
from tsattn.data.names import did_you_mean, listed, quoted, words
from tsattn.data.reading.column_blocks import where
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.date_columns import could_be_dates, is_written_time, number_times, stamps_of, stop_at_unread_times
from tsattn.data.reading.merged_dates import filled_down
from tsattn.data.reading.name_shapes import names_that
from tsattn.data.reading.numeric_dates import are_thirteenths
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.split_dates import asked_parts, with_asked, with_time_of_day, year_and_parts
from tsattn.data.reading.time_names import (
    says_end,
    says_only_time,
    says_start,
    says_time,
    says_year,
    time_words,
    timestamp_names,
)
from tsattn.data.reading.timestamps import clock_of
from tsattn.data.report import Finding, Notes
from tsattn.data.timezone import zone
from tsattn.errors import ConfigError, DataError

_OFFSET = re.compile(r"(?:utc|gmt) ?[+\u2212-]\d", re.I)  # UTC-08:00 is another zone
_UTC_TEXT = re.compile(r"\d.*\d(?:Z|\+00:?00)")
_WRITTEN_WORDS = {"created", "updated", "inserted", "modified"}  # of the times at which records are written
_SOME = 100  # texts in which the mark of UTC is looked for
_CENTURY, _FIRST_SHORT = 1900, 40  # years of two digits from 40 on are of the 20th century
_COUNTERS = {"ds", "t", "step", "time", "time_idx", "time_index", "timestep", "time_step", "period", "timestamp", "tick"}


def find_clock(table: Table, options: ReadOptions, notes: Notes, exclude: set[str], prefer: str | None = None) -> Clock | None:
    """Return the rows' timestamps, or None when no column holds any.

    exclude: columns that have another role by option. prefer: the column to take where several could be, as a model's data had
    it. Rows to leave out have NaT. Raises DataError for two plausible columns, for a column named as a time that cannot be read,

    and for a day/month order that stays open; ConfigError for a --timestamp that is no column or no time.
    """
    if options.timezone is not None:
        zone(options.timezone)
    if options.timestamp == "none":
        return None
    table = filled_down(table, notes)
    if options.timestamp is not None:
        return _asked(table, options.timestamp, options, notes)
    table, short = _with_centuries(table)
    columns = table.columns.only(table.columns.keys() - exclude) if exclude else table.columns
    clock = _found(table, columns, options, notes, prefer)
    for name in short & set(clock.columns if clock is not None else ()):
        first, last = (int(f(table.columns[name].values)) for f in (np.min, np.max))
        notes.warn(f"column {name!r}: years {first - _CENTURY} to {last - _CENTURY} are read as {first} to {last}")
    if clock is None:
        clock = _counted(columns, notes)
        stop_at_unread_times(table, columns if clock is None else columns.only(columns.keys() - set(clock.columns)))
        return clock
    return _with_other_dates(table, clock, columns, notes)


def _with_centuries(table: Table) -> tuple[Table, set[str]]:
    """Return the table with years of two digits from 40 to 99 as 1940 to 1999, and the names of these columns.

    Such a column has no name but a word for year.
    """
    named = names_that(table.columns.numeric, lambda n: len(time_words(n)) == 1 and says_only_time(n) and says_year(n))
    found = where(table, named, _are_short_years)
    columns = {n: replace(table.columns[n], values=table.columns[n].values.astype(np.float64) + _CENTURY) for n in found}
    return table.with_columns(columns), set(found)


def _are_short_years(values: np.ndarray) -> np.ndarray:
    """Return (C,) bool: True for rows of (C, n) with whole numbers from 40 to 99 only, of which three or more differ."""
    inside = ((values >= _FIRST_SHORT) & (values < 100) & (values == np.round(values))).all(1)
    return np.asarray(inside & (np.ptp(np.where(np.isnan(values), 0, values), axis=1) >= 2))


def _asked(table: Table, option: str, options: ReadOptions, notes: Notes) -> Clock:
    """The clock of the columns that --timestamp names."""
    names = timestamp_names(option, table.columns)
    for name in names:
        if name not in table.columns:
            raise ConfigError(f"--timestamp {option}: no column {name!r}", did_you_mean(name, table.columns))
    if len(names) > 1 and (clock := asked_parts(table, names, options, notes)) is not None:
        _say(notes, clock)
        return replace(clock, zone=clock.zone or options.timezone)
    clock = clock_of(table, table.columns[names[0]], options, notes)
    if len(names) > 1:
        whole = with_asked(table, clock, [table.columns[n] for n in names[1:]], options, notes)
    else:
        whole = with_time_of_day(table, clock, table.columns, options, notes)
    _say(notes, whole, clock)
    return _with_other_dates(table, whole, table.columns, notes)


def _found(table: Table, columns: Columns, options: ReadOptions, notes: Notes, prefer: str | None) -> Clock | None:
    """The clock of the one column, or the parts in several columns, that hold dates."""
    written = [c for c in columns.others.values() if is_written_time(c)]
    kept = [c for c in written if c.name == prefer] or (_narrowed(written, options) if len(written) > 1 else written)
    parts = year_and_parts(table, columns, notes)
    if parts is not None and (not kept or {c.name for c in kept} <= set(parts.columns)):
        notes.weigh("timestamp", listed(parts.columns), f"together they are dates in all {table.rows:,} rows")
        clock = with_time_of_day(table, replace(parts, zone=options.timezone), columns, options, notes)
        _say(notes, clock)
        return clock
    still = bool(kept) and table.rows > 2 and all(np.all(c.values == c.values[0]) for c in kept)
    if not kept or still:
        numeric = number_times(columns, table)
        named = [c for c in numeric if says_time(c.name)] or numeric
        found = [c for c in named if c.name == prefer] or (_narrowed(named, options) if len(named) > 1 else named)
        moving = not still or any(says_time(c.name) and np.ptp(c.values) > 0 for c in found)
        kept = found if moving else kept  # the day of a download never changes, but the years of the rows do
    local: list[str] = []
    if kept and (epoch := _universal_epoch(table, columns, kept, options)) is not None:
        kept = [*kept, epoch]
    if len(kept) > 1 and (universal := _universal(kept, options)) is not None:
        local = [c.name for c in kept if c is not universal]
        kept = [universal]
    if len(kept) > 1:
        raise DataError(
            f"{table.where.parts[0][0]}: {len(kept)} columns could be the timestamp: {listed([c.name for c in kept])}",
            f"name one: --timestamp {quoted(kept[0].name)}",
        )
    if not kept:
        return None
    why = "its name says time and its values are dates" if says_time(kept[0].name) else "its values are dates"
    others = [c.name for c in written if c is not kept[0]]
    notes.weigh("timestamp", repr(kept[0].name), why, f"{listed(others)}: also dates" if others else "")
    clock = clock_of(table, kept[0], options, notes)
    whole = with_time_of_day(table, clock, columns, options, notes)
    _say(notes, whole, clock)
    if local:
        notes.find("not used", f"{listed(local)}: the same times in another zone")
    return replace(whole, also=(*whole.also, *local))


def _universal(columns: list[Column], options: ReadOptions) -> Column | None:
    """Return the one column of UTC times if the others hold the same times on another clock, else None."""
    named = [c for c in columns if set(time_words(c.name)) & {"utc", "gmt"} and not _OFFSET.search(c.name)]
    named = named or [c for c in columns if c.kind == "text" and all(map(_UTC_TEXT.fullmatch, c.texts()[:_SOME]))]
    orders = (options.date_order,) if options.date_order else (None, "dmy", "mdy")
    return named[0] if len(named) == 1 and any(_are_local(columns, named[0], order) for order in orders) else None


def _universal_epoch(table: Table, columns: Columns, written: list[Column], options: ReadOptions) -> Column | None:
    """Return the only numeric column whose name says UTC if it holds the times of the written columns, else None."""
    named = {n: columns[n] for n in columns.numeric if set(time_words(n)) & {"utc", "gmt"}}
    epochs = number_times(named, table) if named else []
    return epochs[0] if len(epochs) == 1 and _universal([*written, epochs[0]], options) is epochs[0] else None


def _are_local(columns: list[Column], universal: Column, order: str | None) -> bool:
    """Return True if the columns hold the times of `universal` on other clocks. order: that of days and months."""
    utc = stamps_of(universal, order)
    for column in columns:
        stamps = stamps_of(column, order)
        if utc is None or stamps is None:
            return False
        ahead = np.unique((stamps - utc).astype("timedelta64[s]").astype(np.int64))
        if not np.any(utc.astype(np.int64) % DAY) and set(ahead.tolist()) in ({0, DAY // 10**6}, {0, -DAY // 10**6}):
            continue  # dates whose times of day are in other columns
        if len(ahead) > 2 or np.any(ahead % 900) or np.abs(ahead).max() > 14 * 3600:
            return False
    return True


def _say(notes: Notes, clock: Clock, before: Clock | None = None) -> None:
    """Report the columns of a timestamp, again where columns were added to it."""

    if before is None:
        notes.find("timestamp", "columns " + " and ".join(map(repr, clock.columns)), "--timestamp")
    elif before.columns != clock.columns:
        k = next(k for k, f in enumerate(notes.found) if f.what == "timestamp")
        names = " with column ".join(map(repr, clock.columns))
        notes.found[k] = Finding("timestamp", notes.found[k].value.replace(repr(before.columns[0]), names, 1), "--timestamp")


def _with_other_dates(table: Table, clock: Clock, columns: Columns, notes: Notes) -> Clock:
    """Return the clock with the other numeric columns that hold dates in `also`, so that none of them is forecast."""
    if clock.counted:
        return clock
    beside, also = _of_other_tables(table, clock, notes), []
    for name in could_be_dates(table, columns.numeric):
        if name in clock.columns or name in beside:
            continue
        stamps = stamps_of(columns[name])
        if stamps is None:
            continue
        near = np.abs((stamps - clock.stamps).astype("timedelta64[D]").astype(np.int64)) <= 400
        if near[~np.isnat(stamps) & ~np.isnat(clock.stamps)].all():
            also.append(name)
    if also:
        notes.find("not used", f"{listed(also)}: other dates")
    return replace(clock, also=(*clock.also, *beside, *also))


def _of_other_tables(table: Table, clock: Clock, notes: Notes) -> list[str]:
    """Return the columns of side-by-side tables with other dates: each repeated date column and those up to the next one."""
    if len(clock.columns) != 1:
        return []
    base = re.sub(r"_\d+$", "", clock.columns[0])
    dated = [n for n in table.columns.others if re.fullmatch(rf"{re.escape(base)}(?:_\d+)?", n)]
    owner, also = "", []
    kept = table.columns[clock.columns[0]]
    others = {n for n in dated if n != kept.name and is_written_time(table.columns[n]) and not _same(table.columns[n], kept)}
    for name in table.columns if others else ():
        owner = name if name in dated else owner
        if owner in others:
            also.append(name)
    if also:
        notes.warn(
            f"columns {listed(also)} have their own dates and are left out; to read them, set --timestamp {quoted(also[0])}"
        )
    return also


def _narrowed(columns: list[Column], options: ReadOptions) -> list[Column]:
    """Return the columns without those that never change, repeat another, say when records were written, or hold the week,
    month or year of another."""
    if any(says_start(c.name) for c in columns):  # a span begins before its record is written
        columns = [c for c in columns if not set(time_words(c.name)) & _WRITTEN_WORDS]
    moving = [c for c in columns if len(c) < 2 or np.any(c.values[1:] != c.values[:-1])]
    if any(says_end(c.name) for c in columns) and all(says_end(c.name) for c in moving):
        moving = [c for c in columns if c in moving or says_start(c.name)]  # the start of spans within one day never changes
    moving = moving or columns[:1]
    kept: list[Column] = []
    for c in moving:
        if not any(k.kind == c.kind and k.tz == c.tz and _same(k, c) for k in kept):
            kept.append(c)
    if len(kept) < 2:
        return kept
    stamps = {c.name: stamps_of(c, options.date_order) for c in kept}
    kept = [c for k, c in enumerate(kept) if not any(_same_stamps(stamps[b.name], stamps[c.name]) for b in kept[:k])]
    ends = {c.name for c in kept for other in kept if c is not other and _is_end(stamps[c.name], stamps[other.name])}
    ends |= {c.name for c in kept for o in kept if c is not o and _is_called_end(c, o, stamps)}
    finer = [c for c in kept if c.name not in ends]
    coarse = ends | {c.name for c in kept for o in finer if c is not o and _is_coarser(stamps[c.name], stamps[o.name])}
    return [c for c in kept if c.name not in coarse]


def _is_called_end(one: Column, two: Column, stamps: dict[str, np.ndarray | None]) -> bool:
    """Return True if the two columns are named as the end and the start of a span, and the end is never before the start."""
    if not (says_end(one.name) and says_start(two.name)):
        return False
    last, first = stamps[one.name], stamps[two.name]
    return last is not None and first is not None and not np.isnat(first).any() and bool(np.all(~(last < first)))


def _is_coarser(one: np.ndarray | None, two: np.ndarray | None) -> bool:
    """Return True if the second dates lie in coarser periods, the first dates: one for each of these, at most a year off."""
    if one is None or two is None or np.isnat(one).any() or np.isnat(two).any():
        return False
    fine, inverse = np.unique(two, return_inverse=True)
    if len(np.unique(one)) >= len(fine) or np.abs((two - one).astype("timedelta64[D]").astype(np.int64)).max() > 366:
        return False
    by_fine = np.full(len(fine), np.datetime64("NaT", "us"))
    by_fine[inverse] = one
    return bool(np.all(by_fine[inverse] == one))


def _is_end(one: np.ndarray | None, two: np.ndarray | None) -> bool:
    """Return True if the first dates are the ends of the periods that begin at the second.

    Nearly all of these ends are at most a minute before the next period begins.
    """
    if one is None or two is None or np.isnat(one).any() or np.isnat(two).any():
        return False
    starts, at = np.unique(two, return_index=True)
    ends = one[at]
    if len(starts) < 3 or not np.all(one > two) or len(np.unique(ends)) < len(starts):
        return False
    gaps = (starts[1:] - ends[:-1]).astype(np.int64)
    whole_days = not np.any(starts.astype(np.int64) % DAY) and not np.any(ends.astype(np.int64) % DAY)
    return bool(np.mean((gaps >= 0) & (gaps <= (DAY if whole_days else 60_000_000))) >= 0.9)


def _same_stamps(one: np.ndarray | None, two: np.ndarray | None) -> bool:
    return one is not None and two is not None and np.array_equal(one, two)


def _same(a: Column, b: Column) -> bool:
    if a.kind == "text" and a.labels is not None and not a.labels.equals(b.labels):
        return False
    return bool(np.array_equal(a.values, b.values))


def _counted(columns: Columns, notes: Notes) -> Clock | None:
    """A column that merely counts steps, such as `ds` = 1, 2, 3."""
    for name in names_that(columns.numeric, lambda n: "_".join(words(n)) in _COUNTERS or says_time(n)):
        c = columns[name]
        if not len(c) or np.isnan(c.values).any():
            continue
        values = c.values.astype(np.float64)
        if np.any(values != np.round(values)) or np.abs(values).max() >= 2**40 or are_thirteenths(values.astype(np.int64)):
            continue
        plain_count = len(values) > 1 and bool(np.all(np.diff(values) == 1)) and values[0] in (0, 1)
        if "_".join(words(c.name)) in _COUNTERS or (
            plain_count and re.fullmatch(r"[a-z]+", c.name.lower()) and says_time(c.name)
        ):
            notes.find("timestamp", f"column {c.name!r}, which counts steps", "--timestamp")
            return Clock(values.astype(np.int64).astype("datetime64[us]"), columns=(c.name,), counted=True)
    return None
