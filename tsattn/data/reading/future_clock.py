"""Timestamps of future rows on the clock of the data, if one is in UTC and the other in local time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.reading.columns import Column, Table, as_text
from tsattn.data.reading.date_columns import stamps_of
from tsattn.data.reading.date_parts import NAIVE
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.items import items_of
from tsattn.data.reading.row_times import Clock, utc_stamps
from tsattn.data.timezone import to_local


def on_the_clock_of(table: Table, future: Table, options: ReadOptions, timestamp: str | None) -> Table:
    """Return `future` with timestamps as the data has them: with or without UTC offsets.

    Only for one column of timestamps, and with a time zone, which decides what the timestamps without offsets mean. Timestamps
    of other kinds, and those that already agree, stay.
    """
    if options.timezone is None or timestamp is None or timestamp not in table.columns or timestamp not in future.columns:
        return future
    ours, theirs = table.columns[timestamp], future.columns[timestamp]
    offsets = [_has_offsets(column) for column in (ours, theirs)]
    stamps = None if None in offsets or offsets[0] == offsets[1] else _utc_or_wall(theirs, options)
    if stamps is None:
        return future
    if offsets[1]:
        made = Column(timestamp, "stamp", to_local(stamps, options.timezone))
    else:
        items = tuple(n for n in options.item if n in future.columns)
        group = items_of(future, items, "")[0]
        made = Column(timestamp, "stamp", utc_stamps(Clock(stamps, options.timezone), group, future.where), tz=ours.tz or "UTC")
    return future.with_columns({timestamp: as_text(made) if ours.kind == "text" else replace(made, tz=ours.tz)})


def _has_offsets(column: Column) -> bool | None:
    """Return True for timestamps with UTC offsets, False for those without, None for a mixture and for other columns."""
    if column.kind == "stamp":
        return column.tz is not None
    if column.kind != "text" or column.labels is None:
        return None
    parsed = parse_texts(column.labels)
    naive = np.unique(parsed.offset[~parsed.failed] == NAIVE)
    return None if len(naive) != 1 else not naive[0]


def _utc_or_wall(column: Column, options: ReadOptions) -> np.ndarray | None:
    """Return the timestamps (n,) of a column, in UTC if they have offsets; None for an unknown format."""
    stamps = stamps_of(column, options.date_order)
    if stamps is None or column.kind == "stamp" or column.labels is None:
        return stamps
    offset = parse_texts(column.labels, options.date_order).offset
    known = np.append(np.where(offset == NAIVE, 0, offset), 0)[column.values]
    return stamps - known.astype("timedelta64[us]")
