"""Future values of known covariates in a file of their own, appended to the data as rows without a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.names import listed, quoted
from tsattn.data.panel import Schema
from tsattn.data.reading.arrow_columns import concatenated
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.errors import ConfigError, DataError


@dataclass(frozen=True, eq=False)
class WithFuture:
    """Data and the future values of its known covariates; both may be anything that `read` accepts."""

    data: Any
    future: Any


def options_for(options: ReadOptions, found: Schema, model: Schema | None, future: Table) -> ReadOptions:
    """Return the reading options with the roles found in the data alone, and all other columns of the future file as known.

    Raises ConfigError for data without timestamps, DataError when the future file lacks the timestamp or the item column.
    """
    name = future.where.parts[0][0]
    if found.timestamp is None:
        raise ConfigError("--future needs data with a timestamp column", "name it: --timestamp COLUMN")
    for column in (found.timestamp, *found.item):
        if column not in future.columns:
            raise DataError(
                f"{name}: no column {column!r}, which is needed to match the rows", f"its columns: {listed(future.columns)}"
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


def extended(table: Table, future: Table, target: tuple[str, ...]) -> Table:
    """Append the rows of `future` to `table`, without a target and without values in columns that only `table` has.

    Raises DataError when `table` lacks one of the known covariates.
    """
    extra = [n for n in future.columns if n not in table.columns]
    if extra:
        raise DataError(
            f"{table.where.parts[0][0]}: no column {listed(extra)}, which {future.where.parts[0][0]} has",
            "known covariates need values in the past too, under the same name",
        )
    blank = np.full(future.rows, np.nan)
    columns = {
        n: future.columns[n] if n in future.columns and n not in target else Column(n, "number", blank) for n in table.columns
    }
    return concatenated([table, Table(Columns(columns), future.rows, future.where)], table.where.parts[0][0])
