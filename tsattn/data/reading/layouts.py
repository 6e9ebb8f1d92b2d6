"""Tables that are not one row a time: a row per year with a column per month, or a row per item with a column per step."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.names import listed, words
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_formats import parse_texts
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.numeric_dates import parse_numbers
from tsattn.data.reading.row_times import Clock
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")


def unfold(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """The table with one row a time and its clock, when it is laid out otherwise; else None."""
    if options.layout in ("long", "wide", "single"):
        return None
    found = _year_month(table, notes) if options.layout in (None, "year-month") else None
    if found is None and options.layout == "year-month":
        raise ConfigError(
            "--layout year-month: there is no column of years beside twelve columns of months",
            f"columns: {listed(table.columns)}",
        )
    if found is None:
        found = _rows(table, options, notes)
    if found is None and options.layout == "rows":
        raise ConfigError(
            "--layout rows: there are no columns of steps beside the item's name", f"columns: {listed(table.columns)}"
        )
    return found


def _month_columns(table: Table) -> list[str] | None:
    """The columns of January to December."""
    found: dict[int, str] = {}
    for name in table.columns:
        plain = "".join(words(name))
        month = next((i for i in range(12) if plain in (_MONTHS[i], _FULL[i], str(i + 1), f"{i + 1:02d}", f"m{i + 1}")), None)
        if plain == "sept":
            month = 8
        if month is not None and month not in found:
            found[month] = name
    return [found[i] for i in range(12)] if len(found) == 12 else None


def _year_month(table: Table, notes: Notes) -> tuple[Table, Clock] | None:
    months = _month_columns(table)
    year = next((c for n, c in table.columns.items() if set(words(n)) & {"year", "yr", "jahr"}), None)
    if year is None:
        first = next(iter(table.columns.values()))
        year = first if months and first.name not in months else None
    if months is None or year is None:
        return None
    numbers = as_numbers(year)
    parsed = parse_numbers(numbers.column.values.astype(np.float64)) if numbers else None
    if parsed is None or parsed[1] != "2000" or np.isnat(parsed[0]).any():
        return None
    values = _matrix(table, months, notes)
    if values is None:
        return None
    stamps = (parsed[0].astype("datetime64[M]")[:, None] + np.arange(12)).astype("datetime64[us]").ravel()
    notes.find("layout", "year-month: a row per year, a column per month", "--layout")
    notes.find("timestamp", f"column {year.name!r} and the months' names", "--timestamp")
    others = {n: c for n, c in table.columns.items() if c is not year and n not in months and c.kind == "text"}
    left = [n for n in table.columns if n != year.name and n not in months and n not in others]
    if left:
        notes.find("not used", listed(left))
    # months that are yet to come are empty cells, as are those before the first: they are trimmed later
    return _long(table, values, others, "value" if "value" not in others else "values"), Clock(stamps, columns=(year.name,))


def _rows(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """A row per item: columns named by dates, or numbered as M4's V1, V2, …"""
    names = [n for n in table.columns if n not in options.item]
    parsed = parse_texts(arrow.strings(names), options.date_order)
    dated = [n for n, bad in zip(names, parsed.failed, strict=True) if not bad]
    if len(dated) >= 3 and len(dated) >= len(names) / 2:
        if parsed.other is not None and np.isnat(parsed.wall[~parsed.failed]).any():
            stamps = parsed.other[~parsed.failed]
        elif parsed.other is None or not np.isnat(parsed.other[~parsed.failed]).all():
            stamps = _ordered(parsed.wall[~parsed.failed], None if parsed.other is None else parsed.other[~parsed.failed], dated)
        else:
            stamps = parsed.wall[~parsed.failed]
        if np.isnat(stamps).any():
            return None
        columns, clock = dated, stamps
    else:
        columns = _numbered(table, names)
        if options.layout == "rows" and not columns:
            columns = [n for n, c in table.columns.items() if c.kind == "number" and n not in options.item]
        if not columns:
            return None
        clock = None
    values = _matrix(table, columns, notes)
    if values is None:
        return None
    others = {n: c for n, c in table.columns.items() if n not in columns}
    named = any(c.kind == "text" for c in others.values()) or options.item
    if not named and table.rows > 1 and options.layout != "rows":
        return None
    notes.find("layout", "rows: a row per item, a column per step", "--layout")
    if clock is None:
        stamps = np.tile(np.arange(len(columns)).astype("datetime64[us]"), table.rows)
        result = Clock(stamps, counted=True)
    else:
        notes.find("timestamp", f"the names of {len(columns)} columns, {columns[0]!r} to {columns[-1]!r}", "--timestamp")
        result = Clock(np.tile(clock, table.rows), options.timezone)
    return _long(table, values, others, "value" if "value" not in others else "values"), result


def _ordered(day_first: np.ndarray, month_first: np.ndarray | None, names: list[str]) -> np.ndarray:
    if month_first is None or np.array_equal(day_first, month_first):
        return day_first
    rising = [bool(np.all(np.diff(s) > np.timedelta64(0, "us"))) for s in (day_first, month_first)]
    if rising[0] == rising[1]:
        raise DataError(
            f"column names such as {names[0]!r} may be day/month or month/day", "say which: --date-order dmy or --date-order mdy"
        )
    return day_first if rising[0] else month_first


def _numbered(table: Table, names: list[str]) -> list[str]:
    """Columns V2, V3, … (t1, t2, …; 1, 2, …), ten at least and all but a few of the table."""
    found = [(n, re.fullmatch(r"([A-Za-z_ ]*)(\d+)", n)) for n in names]
    hits = [(n, m.group(1), int(m.group(2))) for n, m in found if m and table.columns[n].kind == "number"]
    if len(hits) < 10 or len(hits) < len(names) - 6 or len({prefix for _, prefix, _ in hits}) != 1:
        return []
    steps = np.diff([k for _, _, k in hits])
    # a column of dates says that a row is a step, not an item
    texts = [c for c in table.columns.values() if c.kind == "text" and not _holds_dates(c)]
    distinct = any(len(c.labels) == table.rows for c in texts if c.labels is not None)
    return [n for n, _, _ in hits] if np.all(steps == 1) and distinct else []


def _holds_dates(column: Column) -> bool:
    """Whether most of the first values of a text column are dates, in whichever order of day and month."""
    if column.labels is None or not len(column.labels):
        return False
    return float(np.mean(parse_texts(column.labels[:100]).failed)) < 0.5


def _matrix(table: Table, names: list[str], notes: Notes) -> np.ndarray | None:
    """(rows, len(names)) numbers, None when some column is no number."""
    columns = []
    for name in names:
        numbers = as_numbers(table.columns[name], table.marks)
        if numbers is None:
            return None
        columns.append(numbers.column.values)
    return np.stack(columns, 1)


def _long(table: Table, values: np.ndarray, others: dict[str, Column], name: str) -> Table:
    """Row-major: each source row becomes as many rows as it has values."""
    rows = np.repeat(np.arange(table.rows), values.shape[1])
    columns = {n: c.take(rows) for n, c in others.items()}
    columns[name] = Column(name, "number", np.ascontiguousarray(values).ravel())
    return replace(table, columns=columns, rows=len(rows), where=table.where.of(rows))
