"""Tables without one row per time: a row per year with a column per month, or a row per item with a column per step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data.arrow import strings
from tsattn.data.names import listed, quoted, words
from tsattn.data.reading.columns import Column, Columns, Table
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.day_columns import (
    differ_in_units,
    long_table,
    matrix,
    rowwise,
    unfold_days,
)
from tsattn.data.reading.footers import is_total, names_total
from tsattn.data.reading.month_names import month_numbers, weekday_numbers
from tsattn.data.reading.name_shapes import names_shaped, names_that, shape
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.numeric_dates import parse_numbers
from tsattn.data.reading.pivots import unfold_pivot
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.step_columns import (
    FEWEST_PARTS,
    QUARTERS,
    counted_steps,
    dated_steps,
    month_ways,
    plain_name,
    with_measures,
)
from tsattn.data.reading.time_names import plain
from tsattn.data.report import Notes
from tsattn.errors import ConfigError, DataError

_HALVES = tuple((f"h{k}", f"{k}h", f"s{k}", f"{k}s", f"half{k}", f"semester{k}") for k in (1, 2))
_MOST_YEARS = 1_000_000  # rows whose codes are split
_CODED_YEAR = re.compile(r"(\d{3,})((?:1[89]|20)\d\d)")
_SERIES = "series"  # the column of codes, where they are split from their years
_FLAG_OF_YEAR = re.compile(r"Y(?:19|20)\d\d[A-Z]")  # the flags Y1961F of a column Y1961
_YEAR_WORDS = {"year", "yr", "jahr", "ano", "anno", "rok", "annee", "jaar", "aar", "yil"}


def unfold(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """Return the table with one row per time and its clock if it has another layout, else None."""
    if options.layout in ("long", "wide", "single") or (options.layout is None and not _may_be_steps(table)):
        return None
    if options.layout in (None, "times") and (days := unfold_days(table, options, notes)) is not None:
        return days
    if options.timestamp is None and options.layout != "rows" and (pivot := unfold_pivot(table, options, notes)) is not None:
        return pivot
    if options.layout == "times":
        raise ConfigError(
            "--layout times: there is no column of dates beside columns of the times of a day",
            f"columns: {listed(table.columns)}",
        )
    if options.timestamp is not None:
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


def _may_be_steps(table: Table) -> bool:
    """Return False if too few columns are named by numbers, dates, quarters, months or weekdays for any of these layouts."""
    names = list(table.columns)
    if (
        len(names) > 12
        or sum(any(c.isdigit() for c in name) for name in names) > 1
        or any(re.search(r"\bi\W*v\b", name, re.I) for name in names)
    ):
        return True
    if sum(plain_name(name) in month_numbers() for name in names) >= FEWEST_PARTS:
        return True
    return sum(plain(name).strip(" .") in weekday_numbers() for name in names) == 7


def _plain_names(names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return (place, name) of the first column with each plain name."""
    found: dict[str, tuple[int, str]] = {}
    for place, name in enumerate(names):
        found.setdefault(plain_name(name), (place, name))
    return found


def _columns_called(columns: dict[str, tuple[int, str]], names: Sequence[Sequence[str]]) -> list[str] | None:
    """Find one of the columns, as from `_plain_names`, for each of the names, which may be written in several ways.

    None where one is missing.
    """
    place: dict[str, int] = {}
    for i, ways in enumerate(names):
        for way in ways:
            place.setdefault(way, i)
    found: dict[int, tuple[int, str]] = {}
    for way, i in place.items():
        if way in columns:
            found[i] = min(found.get(i, columns[way]), columns[way])
    return [found[i][1] for i in range(len(names))] if len(found) == len(names) else None


def _year_month(table: Table, notes: Notes) -> tuple[Table, Clock] | None:
    """Unfold a table with a row per year and a column per month, quarter or half-year."""
    table = _with_years_of_codes(table)
    ways = (("month", 1, month_ways(table.columns)), ("quarter", 3, QUARTERS), ("half-year", 6, _HALVES))
    usual = {shape(way) for _, _, every in ways for some in every for way in some}
    columns = _plain_names(names_shaped(table.columns, lambda name: shape(plain_name(name)) in usual))
    tried = [(part, months, _columns_called(columns, every)) for part, months, every in ways]
    what, step, parts = next((t for t in tried if t[2] is not None), ("", 0, None))
    if parts is None and _unnamed_months(table):
        what, step, parts = "month", 1, list(table.columns)[-12:]
    if parts is None:
        return None
    called = names_that(table.columns, lambda name: bool(set(words(name)) & _YEAR_WORDS))
    year = table.columns[called[0]] if called else None
    if year is None:
        first = next(c for c in table.columns.values() if c.name != _SERIES)
        year = first if first.name not in parts else None
    numbers = as_numbers(year) if year is not None else None
    parsed = parse_numbers(numbers.column.values) if numbers else None
    shift = _months_before(list(table.columns), parts, step)
    if year is not None and numbers is None and (firsts := _first_years(year)) is not None:
        parsed = firsts, "2000"
    elif shift and year is not None and parsed is not None and parsed[1] == "2000":
        raise _which_year(table, year, parts[-shift // step])
    if year is None or parsed is None or parsed[1] != "2000" or np.isnat(parsed[0]).any():
        return None
    if parsed[0].max() < np.datetime64("1000-01-01"):
        raise DataError(
            f"{table.where(0)}, column {year.name!r}: {year.text_at(0)} is not a year, and the columns are {what}s",
            "if each row is a day of these months, write one row per date, such as 2000-01-31",
        )
    values = matrix(table, parts, notes)
    if values is None or _are_indicators(values, parsed[0]):
        return None
    across = step * np.arange(len(parts))
    across = across + 12 * (across < 12 - shift) * (shift > 0)
    stamps = (parsed[0].astype("datetime64[M]")[:, None] + across).astype("datetime64[us]").ravel()
    notes.find("layout", f"year-month: a row per year, a column per {what}", "--layout wide")
    notes.find("timestamp", f"column {year.name!r} and the {what}s' names", "--timestamp")
    others = {n: c for n, c in table.columns.others.items() if c is not year and n not in parts and c.kind == "text"}
    others = {
        n: c for n, c in others.items() if not is_total(n) or as_numbers(c, table.marks) is None
    }  # sums with thousands marks
    left = [n for n in table.columns if n != year.name and n not in parts and n not in others]
    if left:
        notes.find("not used", listed(left))
    # months in the future and months before the first are empty cells, which are trimmed later
    return long_table(table, values, others, "value" if "value" not in others else "values"), Clock(stamps, columns=(year.name,))


def _are_indicators(values: np.ndarray, years: np.ndarray) -> bool:
    """Return True for dummy variables of the months, (n, 12), in rows that are months themselves, so years repeat."""
    return len(np.unique(years)) < len(years) and bool(np.isin(values, (0, 1)).all() and (values.sum(1) <= 1).all())


def _months_before(names: list[str], parts: list[str], step: int) -> int:
    """Return the months of a fiscal year that lie before its January, 0 to 11: 9 for columns from April to March.

    parts: the columns in the order of the calendar; step: months of each.
    """
    at = [names.index(name) for name in parts]
    k = int(np.argmin(at))
    rotated = [*at[k:], *at[:k]]
    return step * (len(parts) - k) % 12 if all(b > a for a, b in pairwise(rotated)) else 0


def _which_year(table: Table, year: Column, first: str) -> DataError:
    return DataError(
        f"{table.where(0)}, column {year.name!r}: the columns begin with {first!r}, so {year.text_at(0)} may be the year in "
        "which the row begins or the one in which it ends",
        "write both years, such as 2019/20; or write one row per month",
    )


def _first_years(column: Column) -> np.ndarray | None:
    """Return the January of the first year of rows such as FY 2019-20 and 2019/20; None for other texts."""
    if column.kind != "text" or column.labels is None or column.missing.any():
        return None
    parsed = parse_texts(column.labels)
    return parsed.wall[column.values] if not parsed.failed.any() and set(parsed.styles) <= {"2000/01", "FY00/01"} else None


def _unnamed_months(table: Table) -> bool:
    """Return True for a column of consecutive years beside twelve columns, none of which has a name."""
    names = [name for name in table.columns if name != _SERIES]
    if len(names) != 13 or table.rows < 3 or not all(re.fullmatch(r"column_\d+", n) for n in names):
        return False
    first = table.columns[names[0]]
    if first.kind != "number" or first.missing.any():
        return False
    goes_on = np.diff(first.values) == 1
    if _SERIES in table.columns:
        goes_on |= np.diff(table.columns[_SERIES].values) != 0
    return bool(np.all(goes_on))


def _with_years_of_codes(table: Table) -> Table:
    """Split codes that end with a year, beside twelve columns without names, as climate divisions have: 0101021990."""
    names = list(table.columns)
    if len(names) != 13 or not 3 <= table.rows <= _MOST_YEARS or not all(re.fullmatch(r"column_\d+", n) for n in names):
        return table
    found = [_CODED_YEAR.fullmatch(table.columns[names[0]].text_at(row)) for row in range(table.rows)]
    coded = [match for match in found if match is not None]
    if len(coded) < table.rows:
        return table
    labels = list(dict.fromkeys(match[1] for match in coded))
    at = {label: k for k, label in enumerate(labels)}
    series = Column(_SERIES, "text", np.array([at[match[1]] for match in coded], np.int32), strings(labels))
    year = Column(names[0], "number", np.array([int(match[2]) for match in coded]))
    return replace(table, columns=Columns({_SERIES: series, names[0]: year, **{n: table.columns[n] for n in names[1:]}}))


def _rows(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """Unfold a table with a row per item, and columns named by dates or numbered, as V1, V2, … in M4."""
    names = [n for n in table.columns if n not in options.item]
    flags = {n for n in names if _FLAG_OF_YEAR.fullmatch(n) and n[:-1] in table.columns}
    names = [n for n in names if n not in flags] if flags else names
    steps = dated_steps(table, names, options) or counted_steps(table, names, options, notes)
    if steps is None:
        return None
    columns = list(steps.columns)
    inner = Notes()
    values = rowwise(table, columns, inner) if differ_in_units(table, columns) else matrix(table, columns, inner)
    if values is None:
        if steps.stamps is not None:
            _stop_at_odd_cell(table, columns)
        return None
    table, values = _without_sums(table, values, inner)
    unused = {*columns, *flags, *steps.left_out}
    others = {n: table.columns[n] for n in table.columns if n not in unused}
    named = any(c.kind == "text" for c in others.values()) or options.item
    if not named and table.rows > 1 and options.layout != "rows":
        return None
    if not named and table.rows > 1 and not others:  # rows without names are numbered
        others["series"] = Column("series", "text", np.arange(table.rows, dtype=np.int32), strings(_numbers_of(table.rows)))
    notes.extend(inner)
    notes.find("layout", "rows: a row per item, a column per step", "--layout")
    for what, gone in steps.repairs:
        notes.repair(what, len(gone), repr(gone[0]))
    if steps.stamps is None:
        stamps = np.tile(np.arange(len(columns)).astype("datetime64[us]"), table.rows)
        clock = Clock(stamps, counted=True)
    else:
        notes.find("timestamp", f"the names of {len(columns)} columns, {columns[0]!r} to {columns[-1]!r}", "--timestamp")
        clock = Clock(np.tile(steps.stamps, table.rows), options.timezone)
    long = long_table(table, values, others, "value" if "value" not in others else "values")
    return with_measures(long, steps.measures, table.rows), clock


def _stop_at_odd_cell(table: Table, columns: list[str]) -> None:
    """Raise DataError for a text among the numbers of columns that are named by dates, if most of these hold numbers only."""
    odd = [table.columns[n] for n in columns if as_numbers(table.columns[n], table.marks) is None]
    if not odd or 2 * len(odd) >= len(columns):
        return
    numbers = as_numbers(odd[0], table.marks, tolerance=0.999)
    if numbers is None or numbers.bad is None:
        return
    text = odd[0].text_at(numbers.bad)[:40]
    raise DataError(
        f"{table.where(numbers.bad)}, column {odd[0].name!r}: {text!r} is not a number, "
        "but the columns named by dates hold numbers",
        f"correct that line, or mark it as missing: --missing {quoted(text)}",
    )


def _numbers_of(rows: int) -> list[str]:
    return [f"row {k + 1}" for k in range(rows)]


def _without_sums(table: Table, values: np.ndarray, notes: Notes) -> tuple[Table, np.ndarray]:
    """Leave out rows that are named as totals and hold the sum of the rows since the previous total, or of all other rows.

    values: (rows, steps).
    """
    texts = [c for c in table.columns.others.values() if c.kind == "text"]
    named = np.zeros(table.rows, bool)
    for column in texts:
        named |= np.append([names_total(t) for t in column.texts()], False).astype(bool)[column.values]
    if not named.any() or named.all():
        return table, values
    filled = np.nan_to_num(values.astype(np.float64))
    every, part, gone = filled[~named].sum(0), np.zeros(values.shape[1]), np.zeros(table.rows, bool)
    members = 0
    for row in range(table.rows):
        if not named[row]:
            part, members = part + filled[row], members + 1
            continue
        sums = [part] * (members > 0) + [every] * (int((~named).sum()) > 1)
        gone[row] = any(np.allclose(filled[row], one, rtol=1e-3, atol=1e-6) for one in sums)
        part, members = np.zeros(values.shape[1]), 0
    if not gone.any():
        return table, values
    notes.repair("rows of totals left out", int(gone.sum()), table.where(int(np.argmax(gone))))
    return table.take(np.flatnonzero(~gone)), values[~gone]
