"""Years with a number, such as 2024-05 and 05/2024, in columns that are named for weeks."""

from __future__ import annotations

import re
from dataclasses import replace

from tsattn.data import arrow
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.time_names import parts_named, says_time, says_week

_YEAR_FIRST = re.compile(r"((?:19|20)\d\d)[-/. ](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/. ]((?:19|20)\d\d)")
_LAST_WEEK = 53


def with_named_weeks(table: Table) -> Table:
    """Return the table with such texts written as ISO weeks, 2024-W05, which without their column's name would be months."""
    made = {}
    for name, column in table.columns.others.items():
        if column.kind == "text" and says_time(name) and says_week(name) and "month" not in parts_named(name):
            texts = _weeks(column)
            if texts is not None:
                made[name] = replace(column, labels=arrow.strings(texts), spelt=None)
    return table.with_columns(made)


def _weeks(column: Column) -> list[str] | None:
    """Return the distinct texts of a column as ISO weeks; None if some text is not a year and a number from 1 to 53."""
    out = []
    for text in column.texts():
        found = _YEAR_FIRST.fullmatch(text)
        last = None if found else _YEAR_LAST.fullmatch(text)
        year, week = (found[1], found[2]) if found else (last[2], last[1]) if last else ("", "0")
        if not 1 <= int(week) <= _LAST_WEEK:
            return None
        out.append(f"{year}-W{int(week):02d}")
    return out if out and len(set(out)) == len(out) else None
