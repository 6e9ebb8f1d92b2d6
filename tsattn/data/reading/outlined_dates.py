"""Columns that hold years and, below each, its quarters or months, as pivot tables print them."""

from __future__ import annotations

import re

import numpy as np

from tsattn.data import arrow
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.footers import is_total
from tsattn.data.reading.month_names import QUARTER_WORD, months_among
from tsattn.data.reading.time_names import plain
from tsattn.data.report import Notes

_YEAR = re.compile(r"(?:fy ?)?((?:1[89]|20|21)\d\d)")
_YEAR_BEHIND = re.compile(r"(?<=[^\W\d])[/ .-]+(?:19|20)\d\d$")
_QUARTER = re.compile(rf"{QUARTER_WORD}([1-4])|([1-4])\. ?(?:quartal|trimestre)")
_MOST = 5000  # rows; a pivot table has few


def outlined(table: Table, notes: Notes) -> Table:
    """The table with whole dates in such a column, and without the rows of years and quarters that have months below them."""
    if table.rows > _MOST:
        return table
    for column in table.columns.others.values():
        if column.kind == "text" and column.labels is not None and (found := _dates(column)) is not None:
            texts, rows = found
            labels = sorted(set(texts))
            codes = np.array([labels.index(text) for text in texts], np.int32)
            left_out = np.setdiff1d(np.arange(table.rows), rows)
            notes.repair("rows of sums in an outline of dates left out", len(left_out), table.where(int(left_out[0])))
            kept = table.take(np.array(rows))
            whole = Column(column.name, "text", codes, arrow.strings(labels))
            return kept.with_columns({column.name: whole})
    return table


def _dates(column: Column) -> tuple[list[str], list[int]] | None:
    """Return (dates such as 2020-01, their rows) of the finest level; None where the column is not an outline of dates."""
    months = months_among(map(_bare, column.texts()))
    kinds = [_kind(text, months) for text in column.texts()]
    used = {kinds[code][0] for code in column.values.tolist() if code >= 0}
    level = "month" if "month" in used else "quarter"
    if column.missing.any() or "year" not in used or level not in used or "" in used:
        return None
    texts: list[str] = []
    rows: list[int] = []
    year = 0
    for row, code in enumerate(column.values.tolist()):
        kind, number = kinds[code]
        if kind == "year":
            year = number
        elif not year and kind != "total":
            return None
        elif kind == level:
            texts.append(f"{year}-{number:02d}" if level == "month" else f"{year}-Q{number}")
            rows.append(row)
    return (texts, rows) if len(set(texts)) == len(texts) > 2 else None


def _bare(text: str) -> str:
    """Return a text in lower case, without dots around it and without the year that may follow a month: .. Janeiro/2020."""
    return _YEAR_BEHIND.sub("", plain(text).strip(" ."))


def _kind(text: str, months: dict[str, int]) -> tuple[str, int]:
    """Return ("year", "quarter" or "month", its number), ("total", 0) or, for any other text, ("", 0)."""
    low = _bare(text)
    if found := _YEAR.fullmatch(low):
        return "year", int(found[1])
    if found := _QUARTER.fullmatch(low):
        return "quarter", int(found[1] or found[2])
    if (month := months.get(low)) is not None:
        return "month", month
    return ("total", 0) if is_total(text) else ("", 0)
