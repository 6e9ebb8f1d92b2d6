"""Future values of known covariates in a file of their own, appended to the data as rows without a target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.names import listed, quoted
from tsattn.data.panel import Schema
from tsattn.data.reading.arrow_columns import concatenated
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.date_columns import is_written_time, number_times, stamps_of
from tsattn.data.reading.items import items_of
from tsattn.data.report import Notes
from tsattn.data.timezone import is_doubled
from tsattn.errors import ConfigError, DataError

_UNNAMED = re.compile(r"|column_1|Unnamed: ?\d+|index|level_0|__index_level_0__")


@dataclass(frozen=True, eq=False)
class WithFuture:
    """Data and the future values of its known covariates; both may be anything that `read` accepts."""

    data: Any
    future: Any


def options_for(options: ReadOptions, found: Schema, model: Schema | None, future: Table) -> ReadOptions:
    """Return the reading options with the roles found in the data alone, and all other columns of the future file as known.

    Raises ConfigError for data without timestamps, DataError when the future file lacks the timestamp or some, not all, of the
    item columns.
    """
    name = future.where.parts[0][0]
    if options.known == ("none",):
        raise ConfigError(f"{name}: --known none leaves no covariate for --future", "remove one of them")
    if found.timestamp is None:
        raise ConfigError("--future needs data with a timestamp column", "name it: --timestamp COLUMN")
    lacking = [n for n in found.item if n not in future.columns]
    if found.timestamp not in future.columns or 0 < len(lacking) < len(found.item):
        stampless = found.timestamp not in future.columns
        raise DataError(
            f"{name}: no column {listed([found.timestamp] if stampless else lacking)}, which is needed to match the rows",
            _rename(future, found.timestamp) if stampless else f"its columns: {listed(future.columns)}",
        )
    roles = {found.timestamp, *found.item, *found.target, *options.past, *options.static}
    known = options.known or (model.known if model else ()) or tuple(n for n in future.columns if n not in roles)
    if not known:
        guessed = [n for n in future.columns if n in found.target] if not options.target else []
        if 0 < len(guessed) < len(found.target):
            raise DataError(
                f"{name}: {listed(guessed)} would be forecast, as the other columns of numbers are",
                f"if its future is known: --known {','.join(map(quoted, guessed))}",
            )
        raise DataError(f"{name}: no column besides the timestamp, the item and the target", "add the known covariates")
    for column in known:
        if column not in future.columns:
            raise DataError(f"{name}: no column {column!r}, a known covariate", f"its columns: {listed(future.columns)}")
    return replace(options, item=found.item or options.item, target=found.target, known=known)


def with_timestamp(future: Table, timestamp: str | None) -> Table:
    """Rename the only column of dates of a future table to the timestamp of the data, if one of the two is an unnamed index, as
    data frames write it."""
    if timestamp is None or timestamp in future.columns:
        return future
    stamps = [n for n, column in future.columns.others.items() if is_written_time(column)]
    if len(stamps) != 1 or not (_UNNAMED.fullmatch(stamps[0]) or _UNNAMED.fullmatch(timestamp)):
        return future
    named = {timestamp: replace(future.columns[stamps[0]], name=timestamp)}
    rest = future.only(n for n in future.columns if n != stamps[0])
    return rest.with_columns(named)


def _rename(future: Table, timestamp: str) -> str:
    """Return the hint for a future file whose timestamp column has another name than in the data."""
    stamps = [n for n, column in future.columns.others.items() if is_written_time(column)]
    stamps = stamps or [column.name for column in number_times(future.columns, future)]
    if len(stamps) == 1:
        return f"rename its column {stamps[0]!r} to {timestamp!r}"
    return f"rename its timestamp column to {timestamp!r}; its columns: {listed(future.columns)}"


def without_history(names: Sequence[str], data: str, future: Table) -> DataError:
    """Return the error for known covariates that only the future file has."""
    return DataError(
        f"{data} no column {listed(names)}, which {future.where.parts[0][0]} has",
        "the past values of known covariates must be in the data too: join them to its rows by time, under the same name",
    )


def one_row_per_time(future: Table, found: Schema) -> Table:
    """Return a long future table of wide data, a row per series and time, with one row per time.

    Its column of series names is left out: one whose texts are columns of the data. Raises DataError where a covariate
    differs between series, since wide data has one value per time for all series.
    """
    if found.item or found.timestamp is None or found.timestamp not in future.columns:
        return future
    names = [n for n, c in future.columns.others.items() if c.kind == "text" and set(c.texts()) & set(found.target)]
    if len(names) != 1 or names[0] in found.target:
        return future
    stamp = future.columns[found.timestamp]
    _, first, which = np.unique(stamp.values, return_index=True, return_inverse=True)
    kept = {n: c for n, c in future.columns.items() if n not in (names[0], *found.target)}
    for name, column in kept.items():
        again = column.values[first][which]
        same = (column.values == again) | (column.missing & column.missing[first][which])
        if not same.all():
            row = int(np.flatnonzero(~same)[0])
            where = f"{future.where(row)}: {name!r} differs between series at {stamp.text_at(row)}"
            raise DataError(
                f"{where}, but wide data has one value per time",
                f"write the data in long layout too, with the columns {listed([found.timestamp, names[0], name])} and a value",
            )
    order = np.sort(first)
    return Table(Columns(kept), future.rows, future.where, future.marks).take(order)


def for_every_series(future: Table, table: Table, options: ReadOptions, timestamp: str | None) -> Table:
    """Return `future` with its rows repeated for each series of a long `table`, if it has none of the item columns.

    Raises DataError where several rows of `future` have one timestamp, and where `table` has no column that names the series.
    """
    if not options.item or timestamp is None or any(n in future.columns for n in options.item):
        return future
    if any(n not in table.columns for n in (timestamp, *options.item)):
        raise DataError(
            f"{future.where.parts[0][0]}: no column {listed(options.item)}, which is needed to match the rows",
            f"its columns: {listed(future.columns)}",
        )
    _check_distinct(future, table, options, timestamp)
    codes = _codes(table, options.item)
    codes[table.columns[timestamp].missing] = -1  # a footer without a time names no series
    named = np.flatnonzero(codes >= 0)
    series, first = np.unique(codes[named], return_index=True)
    rows, of_series = np.tile(np.arange(future.rows), len(series)), np.repeat(np.arange(len(series)), future.rows)
    items = {n: table.columns[n].take(named[first][of_series]) for n in options.item}
    return future.take(rows).with_columns(items)


def of_known_series(future: Table, table: Table, options: ReadOptions, notes: Notes) -> Table:
    """Return `future` without the rows of series that have no row in `table`; one warning counts and names them.

    A plan may cover more series than the data: a series without a history has no forecast, and is no fault of the data.
    """
    if not options.item or any(n not in one.columns for n in options.item for one in (future, table)):
        return future
    named = [one.only(options.item) for one in (table, future)]
    codes = _codes(concatenated(named, table.where.parts[0][0]), options.item)
    new = (codes[table.rows :] >= 0) & ~np.isin(codes[table.rows :], codes[: table.rows])
    if not new.any():
        return future
    names = items_of(named[1].take(np.flatnonzero(new)), options.item, "")[1]
    has, gets = ("has", "gets") if len(names) == 1 else ("have", "get")
    source = future.where.parts[0][0]
    notes.warn(f"{len(names):,} series of {source} {has} no row in the data and {gets} no forecast: {listed(names)}")
    return future.take(np.flatnonzero(~new))


def _check_distinct(future: Table, table: Table, options: ReadOptions, timestamp: str) -> None:
    """Raise DataError if two rows have the same values in all shared columns, so that nothing tells their series apart.

    Two rows of an hour over which clocks were set back are told apart by their order.
    """
    codes = _codes(future, _shared(future, table, options))
    again = np.setdiff1d(np.flatnonzero(codes >= 0), np.unique(codes, return_index=True)[1])
    stamps = stamps_of(future.columns[timestamp], options.date_order) if len(again) and options.timezone else None
    if stamps is not None and options.timezone:
        thrice = np.isin(codes[again], np.flatnonzero(np.bincount(codes[codes >= 0]) > 2))
        again = again[thrice | ~is_doubled(stamps[again], options.timezone)]
    if len(again):
        row = int(again[0])
        raise DataError(
            f"{future.where(row)}: {future.columns[timestamp].text_at(row)} has several rows, and no column "
            f"{listed(options.item)} names their series",
            f"keep one row per timestamp for all series, or add the column {listed(options.item)}",
        )


def _shared(future: Table, table: Table, options: ReadOptions) -> list[str]:
    """Return the columns that `future` shares with `table`, except known covariates and targets."""
    return [n for n in future.columns if n in table.columns and n not in (*options.known, *options.target)]


def _observed(whole: Table, table: Table, future: Table, options: ReadOptions, timestamp: str | None) -> np.ndarray:
    """Return (future.rows,) bool: True for rows at a time at which their series has a target and all known covariates, and for
    rows before its first one.

    whole: the rows of `table`, then those of `future`. Rows of the latter are compared only if the timestamp is one column.
    """
    none = np.zeros(future.rows, bool)
    shared = {*_shared(future, table, options)} - {*options.item}
    if timestamp is None or shared != {timestamp}:  # others may hold the time of day
        return none
    if any(n not in table.columns for n in options.target):  # the series are columns of times or rows of another layout
        return none
    parts = [stamps_of(one.columns[timestamp], options.date_order) for one in (table, future)]  # each in its own format
    if parts[0] is None or parts[1] is None:
        return none
    stamps = np.concatenate([parts[0], parts[1]])
    codes = _codes(whole, options.item)
    seen = np.logical_or.reduce([~table.columns[n].missing for n in options.target])
    seen &= np.logical_and.reduce([~table.columns[n].missing for n in options.known])
    _, times = np.unique(stamps, return_inverse=True)
    keys = codes * (times.max(initial=0) + 1) + times
    known = np.isin(keys[table.rows :], keys[: table.rows][seen])
    dated = (codes[: table.rows] >= 0) & ~np.isnat(parts[0])
    first = np.full(codes.max(initial=0) + 1, len(times))
    np.minimum.at(first, codes[: table.rows][dated], times[: table.rows][dated])
    first[first == len(times)] = -1  # a series without a time in `table`
    known |= times[table.rows :] < first[codes[table.rows :]]
    return known & (codes[table.rows :] >= 0) & ~np.isnat(parts[1])


def _codes(table: Table, names: Sequence[str]) -> np.ndarray:
    """Return (rows,) int64: a code for each combination of values of these columns, -1 where one of them is missing."""
    codes, whole = np.zeros(table.rows, np.int64), np.ones(table.rows, bool)
    for column in (table.columns[n] for n in names):
        _, values = np.unique(column.values, return_inverse=True)
        codes = np.unique(codes * (values.max(initial=0) + 1) + values, return_inverse=True)[1]
        whole &= ~column.missing
    return np.where(whole, codes, -1)


def extended(table: Table, future: Table, options: ReadOptions, timestamp: str | None) -> Table:
    """Append the rows of `future` to `table`, without a target and without values in columns that only one of them has.

    Rows at times at which their series has a target and all known covariates are left out, and so are rows before the series:
    a weather file may begin earlier than the end or the start of the data, and some series end later than others. Raises
    DataError when `table` lacks a known covariate.
    """
    extra = [n for n in future.columns if n not in table.columns and n in (*options.item, *options.known)]
    if extra:
        raise without_history(extra, f"{table.where.parts[0][0]}:", future)
    blank = np.full(future.rows, np.nan)
    columns = {
        n: future.columns[n] if n in future.columns and n not in options.target else Column(n, "number", blank)
        for n in table.columns
    }
    whole = concatenated([table, Table(Columns(columns), future.rows, future.where)], table.where.parts[0][0])
    observed = _observed(whole, table, future, options, timestamp)
    return whole.take(np.flatnonzero(~np.append(np.zeros(table.rows, bool), observed))) if observed.any() else whole
