"""Roles and clock -> rows on the grid -> Panel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.cleaning.row_checks import warn_of_gross_errors, warn_of_lone_negative, without_sentinels
from tsattn.data.cleaning.unit_changes import warn_of_unit_changes
from tsattn.data.freq import Freq
from tsattn.data.names import listed, words
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading import freq_inference
from tsattn.data.reading.coarse_known import with_filled_steps
from tsattn.data.reading.column_blocks import CELLS, blocks
from tsattn.data.reading.columns import Table
from tsattn.data.reading.encode import Features, constant_by_item, encode
from tsattn.data.reading.grid import Grid, find_freq, on_grid
from tsattn.data.reading.holiday_features import regions_of, with_holidays
from tsattn.data.reading.items import items_of
from tsattn.data.reading.last_period import checked, unfinished_bin, warn_of_late_start
from tsattn.data.reading.open_slots import with_open_slots
from tsattn.data.reading.roles import Roles
from tsattn.data.reading.row_times import Clock, same_time_of_day, utc_stamps, wall_stamps
from tsattn.data.reading.rows import Rows, are_events, in_order, merged, one_below_the_other, resampled
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

_LEVEL_WORDS = {
    *("balance", "saldo", "kontostand", "solde", "stock", "inventory", "bestand", "lagerbestand", "level", "pegel", "humidity"),
    *("temperature", "temp", "temperatur", "price", "preis", "precio", "prix", "rate", "kurs", "close", "open", "high", "low"),
}


def assemble(table: Table, clock: Clock | None, roles: Roles, options: ReadOptions, schema: Schema | None, notes: Notes) -> Panel:
    """Group, encode, order, regularise, trim. Raises DataError and ConfigError with the place of what is wrong."""
    group, ids = items_of(table, roles.item, "series")
    wanted = schema or Schema()
    past = encode(table, options.past, Features(wanted.past_features, [], wanted.references), notes)
    known = encode(table, options.known, Features(wanted.known_features, [], wanted.references), notes)
    static = encode(table, options.static, Features(wanted.static_features, []), notes, reference=False)
    static_values = constant_by_item(static.names, static.arrays, group, ids)
    _finite(table, roles.target)
    targets = table.columns.values_of(roles.target)
    covariates = past.arrays + known.arrays
    values = [*targets, *covariates] if covariates else targets
    rows = Rows(group, np.zeros(0, "datetime64[us]"), values, ids, table.where)
    del values
    if not options.missing:  # else the user has named the markers
        rows = without_sentinels(rows, list(roles.target), notes)
        warn_of_lone_negative(rows, list(roles.target), notes)
    freq, rows, tz, unfinished = _timed(table, rows, clock, options, len(targets), notes)
    if clock is not None and not clock.counted:
        options = replace(options, holidays=options.holidays or regions_of(schema))
        if options.fill is not None and options.calendar is None:
            options = replace(options, calendar="none")  # a day without rows has the fill value and is not closed
        freq, rows, tz = with_open_slots(freq, rows, tz, options, len(targets), notes)
    warn_of_gross_errors(rows, list(roles.target), notes)
    grid = on_grid(
        rows,
        freq,
        notes,
        len(targets),
        options.freq is not None,
        {} if options.fill is None else dict.fromkeys(range(len(targets)), options.fill),
    )
    if options.resample and options.agg == "sum":
        _warn_of_summed_levels(roles.target, notes)
        if options.fill is None:
            _hint_at_fill(grid, len(rows), notes)
    del rows
    columns = {**options.roles(), "item": roles.item, "target": roles.target}
    columns["timestamp"] = clock.columns[0] if clock and clock.columns else None
    made = Schema(
        **columns,
        past_features=past.names,
        known_features=known.names,
        static_features=static.names,
        references=(*past.references, *known.references),
    )
    invented = grid.freq.has_clock and (clock is None or clock.counted)
    panel = with_filled_steps(_panel(grid, roles, made, static_values, tz, notes, dated=not invented), notes)
    warn_of_unit_changes(panel, notes)
    panel = checked(panel, unfinished, options.drop_last, notes)
    asked = options.holidays or regions_of(schema)
    return with_holidays(panel, asked if schema is None or regions_of(schema) else (), schema, notes)


def _hint_at_fill(grid: Grid, rows: int, notes: Notes) -> None:
    """Warn where sums leave many steps empty: counts of events are zero there."""
    total = int(grid.indptr[-1])
    if total - rows > 0.1 * total:
        notes.warn(
            f"{total - rows:,} of {total:,} steps of {grid.freq.alias} have no row and are missing; if they are zero: --fill 0"
        )


def _finite(table: Table, names: tuple[str, ...]) -> None:
    """Raise DataError for the first column with a value that float32 cannot hold."""
    for some, values in blocks(table, names):
        with np.errstate(over="ignore"):
            lines = range(0, values.shape[1], CELLS)
            bad = [np.isinf(values[:, k : k + CELLS].astype(np.float32, copy=False)).any(1) for k in lines]
        if not np.any(bad):
            continue
        column = table.columns[some[int(np.argmax(np.any(bad, 0)))]]
        with np.errstate(over="ignore"):
            row = int(np.argmax(np.isinf(column.values.astype(np.float32, copy=False))))
        raise DataError(
            f"{table.where(row)}, column {column.name!r}: the value {column.text_at(row)} is infinite or too large",
            "replace it by a number, or leave it empty when it is missing",
        )


def _timed(
    table: Table, rows: Rows, clock: Clock | None, options: ReadOptions, targets: int, notes: Notes
) -> tuple[Freq, Rows, str | None, str]:
    """Order the rows by time on the right clock, without repeated times.

    Return (frequency, rows, zone, why the last period is unfinished).
    """
    forced = Freq.parse(options.freq) if options.freq else None
    joined = Freq.parse(options.resample) if options.resample else None
    if forced and joined and forced != joined:
        raise ConfigError(f"--freq {forced} and --resample {joined} disagree", "leave out --freq")
    if clock is None or clock.counted:
        if joined is not None:
            raise ConfigError("rows without timestamps cannot be resampled", "name the timestamp column with --timestamp")
        return (*_counted(rows, clock, forced, options, notes), None, "")
    step = joined or forced
    zoned = clock.zone is not None
    daily = not step.is_subdaily if step else not zoned or same_time_of_day(wall_stamps(clock))
    if step is not None and not step.has_clock:
        raise ConfigError(f"--freq {step}: the rows have timestamps", "use --timestamp none to number the rows instead")
    stamps = wall_stamps(clock) if daily or not zoned else utc_stamps(clock, rows.group, rows.where)
    ordered = _in_order_of_days(rows, clock, stamps, notes) if daily and zoned else in_order(replace(rows, stamps=stamps), notes)
    hint = "" if len(rows.ids) > 1 else "; or name the column that identifies the series: --item NAME"
    if are_events(ordered.stamps):
        hint = "; or, if each row is an event, add them up: --item none --resample D --agg sum" + hint
    elif not zoned and not same_time_of_day(stamps):
        hint += "; if a clock was set back there, name its zone: --timezone Europe/Berlin, for example"
    if joined is not None:
        why = unfinished_bin(ordered, joined.plain)
        warn_of_late_start(ordered, joined.plain, notes)
        return joined, resampled(ordered, joined.plain, options.agg, targets, notes), clock.zone, why
    ordered = merged(ordered, options.on_duplicate, notes, hint)
    if forced is not None:
        return forced, ordered, clock.zone, ""
    freq, found = find_freq(ordered, notes, targets)
    if not zoned or freq.is_subdaily != daily:
        return freq, found, clock.zone, ""
    # several items at different hours of the day, each of them daily; or days that are days in UTC only
    other = wall_stamps(clock) if not daily else utc_stamps(clock, rows.group, rows.where)
    try:
        moved = merged(in_order(replace(rows, stamps=other), Notes()), options.on_duplicate, Notes(), hint)
        return (*find_freq(moved, Notes(), targets), clock.zone, "")
    except DataError:
        if daily:
            raise
        notes.warn(f"the days are days in UTC, not in {clock.zone}: kept in UTC")
        return freq, found, "UTC", ""


def _in_order_of_days(rows: Rows, clock: Clock, wall: np.ndarray, notes: Notes) -> Rows:
    """Return the rows in the order of their local times `wall` (n,), reporting only rows whose UTC times are out of order.

    The local hour that occurs twice in autumn is in order, although its local times go back.
    """
    try:
        instants = utc_stamps(clock, rows.group, rows.where)
    except DataError:  # the rows are in no order that says which of the two hours they are of
        return in_order(replace(rows, stamps=wall), notes)
    ordered = in_order(replace(rows, stamps=instants), notes)
    local = wall if ordered.source is None else wall[ordered.source]
    return in_order(replace(ordered, stamps=local), Notes())


def _counted(rows: Rows, clock: Clock | None, forced: Freq | None, options: ReadOptions, notes: Notes) -> tuple[Freq, Rows]:
    """Number the rows by a column or by their order in the source; with --freq, date them from an invented start."""
    if clock is None:
        number = np.arange(len(rows.group))
        order = np.argsort(rows.group, kind="stable")
        sizes = np.bincount(rows.group, minlength=len(rows.ids))
        number[order] = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        stamps = number.astype("datetime64[us]")
        if not any(f.what == "timestamp" for f in notes.found):
            notes.find("timestamp", "none: the rows are numbered", "--timestamp")
    else:
        stamps = clock.stamps
    ordered = merged(in_order(replace(rows, stamps=stamps), notes), options.on_duplicate, notes)
    count = ordered.stamps.astype(np.int64)
    if forced is None or not forced.has_clock:
        steps, _ = freq_inference.distinct_steps(count, ordered.indptr)
        size = int(np.gcd.reduce(steps)) if len(steps) else 1
        return forced or Freq("step", max(size, 1)), ordered
    start = np.array("2000-01-31" if forced.month_end else "2000-01-01" if forced.unit == "M" else "2000-01-03", "datetime64[us]")
    notes.warn(
        f"there are no timestamps: steps of {forced.alias} are counted from {start.astype('datetime64[D]')}, an invented start"
    )
    return forced, replace(ordered, stamps=forced.advance(start, count - (count.min() if len(count) else 0)))


def _panel(grid: Grid, roles: Roles, schema: Schema, static: np.ndarray, tz: str | None, notes: Notes, *, dated: bool) -> Panel:
    """Build one item for each group and target, from its first to its last observed value; known covariates keep later rows."""
    width = len(roles.target)
    past, known = len(schema.past_features), len(schema.known_features)
    trim = _trimmed(grid, width, bool(known))
    lost = int((~trim.kept).sum())
    if lost == len(trim.kept):
        raise DataError("no observed value in any item", f"check the target: --target (now {', '.join(roles.target[:5])})")
    every = list(roles.target) if not roles.item else [_name(i, roles, k) for k in range(width) for i in grid.ids]
    if lost:
        notes.left_out += [name for name, kept in zip(every, trim.kept.tolist(), strict=True) if not kept]
        first = notes.left_out[-lost]
        notes.repair("items without any value left out", lost, repr(first))
        notes.warn(f"{lost} item{'s have' if lost > 1 else ' has'} no value at all: {first!r}{' and others' if lost > 1 else ''}")
    ids = [name for name, kept in zip(every, trim.kept.tolist(), strict=True) if kept] if lost else every
    sizes = (trim.end - trim.low)[trim.kept]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    origin = (indptr[:-1] + (trim.wall - trim.low)[trim.kept]).astype(np.int64)
    target = trim.values if trim.whole else trim.values[_rows_kept(trim)]

    def side(first: int, count: int) -> np.ndarray:
        if not count:
            return np.zeros((len(target), 0), np.float32)
        values = np.stack(list(grid.values[first : first + count]), 1)  # (n, count): the same for each target
        return np.concatenate([values] * width) if trim.whole else values[_rows_kept(trim) % len(values)]

    past_values = side(width, past)
    if known and past:
        item = np.repeat(np.arange(len(ids)), sizes)
        past_values[np.arange(len(target)) >= origin[item]] = np.nan
    group, skipped = np.tile(np.arange(len(grid.ids)), width)[trim.kept], (trim.low - trim.first)[trim.kept]
    return Panel(
        freq=grid.freq,
        item_ids=tuple(ids),
        indptr=indptr,
        start=grid.freq.advance(grid.start[group], skipped),
        target=target,
        origin=origin,
        past=past_values,
        known=side(width + past, known),
        static=static[group],
        tz=tz,
        schema=schema,
        dated=dated,
    )


def _name(group: str, roles: Roles, k: int) -> str:
    return group if len(roles.target) == 1 else f"{group}/{roles.target[k]}"


@dataclass(frozen=True, eq=False)
class _Trim:
    """Rows to keep of each target and, within it, each group: (targets * groups,) arrays.

    values: the targets one after the other. Kept are [low, end) of them, from `first` on, observed up to wall.
    kept: True if any value is observed. whole: nothing is cut.
    """

    values: np.ndarray
    first: np.ndarray
    low: np.ndarray
    wall: np.ndarray
    end: np.ndarray
    kept: np.ndarray
    whole: bool


def _trimmed(grid: Grid, width: int, keep_later: bool) -> _Trim:
    values = one_below_the_other(grid.values[:width])
    bounds = np.arange(width)[:, None] * int(grid.indptr[-1])
    first, last = (bounds + grid.indptr[:-1]).reshape(-1), (bounds + grid.indptr[1:]).reshape(-1)
    observed = ~np.isnan(values)
    if observed.all():
        return _Trim(values, first, first, last, last, np.ones(len(first), bool), True)
    at = np.append(np.flatnonzero(observed), len(observed))
    low = at[np.searchsorted(at, first)]
    kept = low < last
    wall = at[np.maximum(np.searchsorted(at, last) - 1, 0)] + 1
    low, wall = np.where(kept, low, first), np.where(kept, wall, first)
    end = np.where(kept, last, first) if keep_later else wall
    whole = bool(kept.all() and np.array_equal(low, first) and np.array_equal(end, last))
    return _Trim(values, first, low, wall, end, kept, whole)


def _rows_kept(trim: _Trim) -> np.ndarray:
    """Return the indices of the values that are kept."""
    low, sizes = trim.low[trim.kept], (trim.end - trim.low)[trim.kept]
    begins = np.cumsum(sizes) - sizes
    return np.repeat(low - begins, sizes) + np.arange(int(sizes.sum()))


def _warn_of_summed_levels(names: tuple[str, ...], notes: Notes) -> None:
    """Warn of columns that are named like levels: their sum over a period counts each row once more."""
    levels = [n for n in names if set(words(n)) & _LEVEL_WORDS]
    if levels:
        notes.warn(f"{listed(levels)}: levels are rarely summed over time; --agg last takes the last value of each step")
