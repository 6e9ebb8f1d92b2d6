"""Files and frames -> Panel, and a report of what was found, guessed and repaired."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.features import with_features
from tsattn.data.panel import Panel, Schema
from tsattn.data.reading.arrow_columns import concatenated
from tsattn.data.reading.assemble import assemble
from tsattn.data.reading.column_blocks import blocks
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.csv_tables import load
from tsattn.data.reading.footers import without_footers, without_undated_notes
from tsattn.data.reading.future_clock import on_the_clock_of
from tsattn.data.reading.future_rows import (
    WithFuture,
    extended,
    for_every_series,
    of_known_series,
    one_row_per_time,
    options_for,
    with_timestamp,
    without_history,
)
from tsattn.data.reading.layouts import unfold
from tsattn.data.reading.missing import without_named
from tsattn.data.reading.number_columns import drop_index
from tsattn.data.reading.outlined_dates import outlined
from tsattn.data.reading.roles import check_options, find_roles, with_schema, without_none
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.rows import shown
from tsattn.data.reading.source import Part, parts_of
from tsattn.data.reading.split_dates import without_undated
from tsattn.data.reading.text_items import without_text_items
from tsattn.data.reading.timestamp_column import find_clock
from tsattn.data.reading.week_texts import with_named_weeks
from tsattn.data.report import Notes, ReadReport
from tsattn.data.timezone import offset_zone
from tsattn.errors import ConfigError, DataError, UnknownColumnError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read(
    source: str | Path | Sequence[Any] | pd.DataFrame | pa.Table | WithFuture,
    options: ReadOptions = ReadOptions(),
    *,
    schema: Schema | None = None,
) -> tuple[Panel, ReadReport]:
    """Read a file, folder, glob, `-` (stdin), data frame or Arrow table into a Panel; see WithFuture for future covariates.

    With `schema`, the one of a model, the same columns are taken again where the data has them, and its covariates become
    exactly its features. Raises DataError or ConfigError that say what is wrong, where, and what to type next.
    """
    began = time.perf_counter()
    notes = Notes()
    future: Table | None = None
    if isinstance(source, WithFuture):
        if is_ingested(source.data):
            raise ConfigError(
                f"{source.data}: already ingested; future rows cannot be added", "pass the data that it was ingested from"
            )
        ahead = [part for one in _frames(source.future) for part in parts_of(one)]
        future = concatenated([load(part, options, Notes()) for part in ahead], ahead[0].name)
        try:
            known_roles = read(source.data, options, schema=schema)[0].schema
        except UnknownColumnError as error:
            if error.role != "known" or error.name not in future.columns:
                raise
            raise without_history([error.name], "the data has", future) from None
        future = one_row_per_time(with_timestamp(future, known_roles.timestamp), known_roles)
        options, source = options_for(options, known_roles, schema, future), source.data
    parts = [part for one in _frames(source) for part in parts_of(one)]
    if future is None and _is_panel(parts):
        saved = _saved(parts[0], options, schema)
        notes.find("format", "a panel that tsattn saved")
        return saved, _report(saved, _called(source, parts), notes, began)
    tables = []
    for i, part in enumerate(parts):
        tables.append(load(part, options, notes if i == 0 else Notes()))
    table = without_footers(_filled(concatenated(tables, parts[0].name), notes), notes)
    if len(tables) > 1 and "file" not in table.columns:
        table = table.with_columns({"file": _file_column(parts, tables, table)})
    del tables
    table = with_named_weeks(table)
    if future is not None:
        stamp = known_roles.timestamp
        future = on_the_clock_of(table, future, options, stamp)
        future = of_known_series(for_every_series(future, table, options, stamp), table, options, notes)
        table = extended(table, future, options, stamp)
    plan = schema is None and not options.known
    options = with_schema(without_none(options, table), schema, table)
    check_options(options, table)
    table = without_undated_notes(drop_index(table, set(options.named), notes), notes)
    table = without_text_items(outlined(table, notes), options, notes)
    unfolded = unfold(table, options, notes) if options.timestamp != "none" else None
    clock: Clock | None
    if unfolded is not None:
        table, clock = unfolded
    else:
        clock = find_clock(table, options, notes, set(options.named), schema.timestamp if schema else None)
    table, clock = without_undated(table, clock)
    table, options = _files_as_items(table, clock, options)
    roles, table = find_roles(table, clock, options, notes, plan)
    options = replace(options, known=roles.known)
    table = table.only({*roles.item, *roles.target, *options.covariates})
    table = without_named(table, (*roles.target, *options.past, *options.known), options.missing, notes)
    panel = assemble(table, clock, roles, options, schema, notes)
    return panel, _report(panel, _called(source, parts), notes, began)


def _frames(source: Any) -> list[Any]:
    """Return the sources as a list: pandas and other data frames as Arrow tables, anything else unchanged."""
    if isinstance(source, (str, Path)):
        return [source]
    if type(source).__module__.split(".")[0] == "pandas":
        return [_from_pandas(source)]
    if hasattr(source, "__arrow_c_stream__"):
        import pyarrow as pa

        return [source if isinstance(source, pa.Table) else pa.table(source)]
    if isinstance(source, (list, tuple)) and source:
        return [one for inner in source for one in _frames(inner)]
    return [source]


def _from_pandas(frame: Any) -> pa.Table:
    """A data frame or series; an index of times, or one with names, becomes columns."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "value")
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(f"a {type(frame).__name__} cannot be read as data", "give a DataFrame, an Arrow table or a path")
    if isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex, pd.MultiIndex)) or frame.index.name is not None:
        index = frame.index
        unnamed = index.name is None and not isinstance(index, pd.MultiIndex)
        frame = frame.reset_index(names="timestamp" if unnamed and "timestamp" not in frame.columns else None)
    for name in frame.columns[[isinstance(t, pd.PeriodDtype) for t in frame.dtypes]]:
        frame = frame.assign(**{str(name): frame[name].dt.to_timestamp()})
    frame = frame.rename(columns=str)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise DataError(f"the data frame cannot be read: {str(error)[:200]}", "give each column one type") from None


def is_ingested(source: Any) -> bool:
    """True for a single Parquet file that `tsattn ingest` wrote."""
    try:
        return _is_panel(parts_of(source)) if isinstance(source, (str, Path)) else False
    except (DataError, ConfigError):
        return False


def _is_panel(parts: list[Part]) -> bool:
    if len(parts) != 1 or parts[0].kind != "parquet":
        return False
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tsattn.data.store import is_panel

    try:
        with parts[0].open() as stream:
            return is_panel(pq.read_schema(stream))
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise _unreadable(parts[0], error) from None


def _saved(part: Part, options: ReadOptions, schema: Schema | None) -> Panel:
    """The panel of a Parquet file that `tsattn ingest` wrote."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tsattn.data.store import panel_of

    if options != ReadOptions():
        raise ConfigError(
            f"{part.name}: already ingested; options that say how to read do not apply", "give them when ingesting the source"
        )
    try:
        with part.open() as stream:
            panel = panel_of(pq.read_table(stream), part.name)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise _unreadable(part, error) from None
    return panel if schema is None else with_features(panel, schema, part.name)


def _unreadable(part: Part, error: Exception) -> DataError:
    return DataError(f"{part.name}: cannot be read as Parquet: {str(error)[:200]}", "check that the file is complete")


def _filled(table: Table, notes: Notes) -> Table:
    """Return the table without rows in which every column is missing."""
    blank = np.ones(table.rows, bool)
    for column in table.columns.others.values():
        blank &= column.missing
    for _, values in blocks(table, table.columns.numeric if blank.any() else ()):
        blank &= np.isnan(values).all(0)
    if blank.all():
        raise DataError(f"{table.where.parts[0][0]}: every row is empty")
    if not blank.any():
        return table
    notes.repair("empty rows left out", int(blank.sum()), table.where(int(np.argmax(blank))))
    return table.take(np.flatnonzero(~blank))


def _file_column(parts: list[Part], tables: list[Table], table: Table) -> Column:
    stems = [p.stem for p in parts]
    names = stems if len(set(stems)) == len(stems) else [p.name for p in parts]
    codes = np.repeat(np.arange(len(parts), dtype=np.int32), [t.rows for t in tables])
    if table.where.source is not None:
        codes = codes[table.where.source]
    return Column("file", "text", codes, arrow.strings(names))


def _files_as_items(table: Table, clock: Clock | None, options: ReadOptions) -> tuple[Table, ReadOptions]:
    """Files that follow each other in time are one table; else, with no other item column, each file is an item."""
    column = table.columns.get("file")
    if (
        column is None
        or len(table.where.parts) < 2
        or "file" in options.item
        or options.item
        or options.layout in ("wide", "single")
    ):
        return table, options
    without = table.only(n for n in table.columns if n != "file")
    if clock is None:
        return table, options
    stamps = clock.stamps
    bounds = []
    for code in np.unique(column.values):
        mine = stamps[column.values == code]
        bounds.append((mine.min(), mine.max()))
    bounds.sort()
    apart = all(a[1] < b[0] for a, b in pairwise(bounds))
    return (without, options) if apart else (table, options)


def _called(source: Any, parts: list[Part]) -> str:
    if isinstance(source, (str, Path)):
        return "stdin" if str(source) == "-" else str(source)
    return parts[0].name if len(parts) == 1 else f"{parts[0].name} and {len(parts) - 1} more"


def _report(panel: Panel, source: str, notes: Notes, began: float) -> ReadReport:
    notes.find("frequency", panel.freq.alias, "--freq")
    if panel.known.shape[1] and len(panel):
        ahead = panel.known_ahead()
        span = f"{ahead.min():,}" if ahead.min() == ahead.max() else f"{ahead.min():,} to {ahead.max():,}"
        notes.find("future rows", f"{span} with all known covariates, after the last observed target")
    report = ReadReport(
        source=source,
        found=tuple(notes.found),
        repaired=tuple(notes.repaired),
        warnings=tuple(notes.warnings),
        evidence=tuple(notes.evidence),
        seconds=time.perf_counter() - began,
        left_out=tuple(notes.left_out),
    )
    return with_extent(report, panel)


def with_extent(report: ReadReport, panel: Panel) -> ReadReport:
    """Return a report with the counts and the span of a panel, such as one cut at `--as-of`."""
    rows = int(panel.lengths.sum())
    item = np.repeat(np.arange(len(panel)), np.diff(panel.indptr)) if rows < len(panel.target) else None
    missing = np.isnan(panel.target)
    if item is not None:
        missing &= np.arange(len(panel.target)) < panel.origin[item]
    filled = panel.lengths > 0
    last = panel.freq.advance(panel.start[filled], panel.lengths[filled] - 1)
    return replace(
        report,
        items=len(panel),
        rows=rows,
        missing=int(missing.sum()),
        first=_iso(panel, panel.start[filled].min()) if filled.any() else "",
        last=_iso(panel, last.max()) if filled.any() else "",
    )


def _iso(panel: Panel, stamp: np.datetime64) -> str:
    """A grid-clock stamp as people write it, with its UTC offset where the grid runs on UTC."""
    if not panel.freq.has_clock:
        return str(int(stamp.astype(np.int64)))
    local = panel.local(np.array([stamp]))
    text = shown(local[0]).replace(" ", "T")
    if panel.tz is None or not panel.freq.is_subdaily:
        return text
    name = offset_zone(int((local[0] - stamp).astype(np.int64)))
    return (text if "T" in text else f"{text}T00:00:00") + ("+00:00" if name == "UTC" else name)
