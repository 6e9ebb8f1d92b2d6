"""Times of day beside a date: columns from and to, and a column of AM and PM beside hours of a 12-hour clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from tsattn.data.reading.column_parts import hours_of
from tsattn.data.reading.columns import Column
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.time_names import says_end, says_span, says_start, time_words

_DAY, _HALF_DAY, _HOUR = (np.timedelta64(h, "h").astype("timedelta64[us]") for h in (24, 12, 1))
_HALVES = {"am": 0, "pm": 1}


def alike_first(columns: list[Column], dates: Iterable[str]) -> list[Column]:
    """Sort columns by the words that their names share with a date: Time GMT before Time Local for Date GMT."""
    called = {word for name in dates for word in time_words(name)}
    return sorted(columns, key=lambda c: -len(called & set(time_words(c.name))))


def starts_of_spans(columns: Mapping[str, Column]) -> set[str]:
    """Return the columns of times of day that are named for the start of a span, such as from or von."""
    return {n for n, c in columns.items() if c.kind == "text" and says_start(n) and not says_span(n) and _are_times(c)}


def without_ends(clock: Clock, start: Column, columns: Mapping[str, Column]) -> Clock:
    """Return the clock with the columns of times of day named for an end in `also`, if all are one step after the start."""
    first, ends = hours_of(start), []
    for name, column in columns.items():
        if column.kind != "text" or not says_end(name) or not _are_times(column) or first is None:
            continue
        last = hours_of(column)
        if last is not None and len(np.unique((last - first) % _DAY)) == 1:
            ends.append(name)
    return replace(clock, also=(*clock.also, *ends))


def _are_times(column: Column) -> bool:
    """Return True if the texts of a column are times of day with minutes."""
    some = column.texts()[:50]
    return bool(some) and all(":" in t or "." in t for t in some) and hours_of(column) is not None


def with_half_days(hours: np.ndarray, columns: Mapping[str, Column]) -> tuple[np.ndarray, str]:
    """Return hours of a 12-hour clock, (n,) timedelta64[us], on a 24-hour clock, and the column of AM and PM.

    The hours are unchanged, and the name is "", if there is no such column or an hour is not between 1 and 12.
    """
    if not len(hours) or hours.min() < _HOUR or hours.max() >= _HALF_DAY + _HOUR:
        return hours, ""
    for name, column in columns.items():
        if column.kind != "text" or column.missing.any() or not 0 < len(column.texts()) <= 4:
            continue
        halves = [_HALVES.get(t.lower().replace(".", "").replace(" ", "")) for t in column.texts()]
        if None in halves:
            continue
        afternoon = np.array(halves)[column.values]
        return hours % _HALF_DAY + afternoon * _HALF_DAY, name
    return hours, ""
