"""Tables with a row per month, week or hour and a column per year or day: one series."""

from __future__ import annotations

import re

import numpy as np

from tsattn.config import ReadOptions
from tsattn.data import arrow
from tsattn.data.names import listed
from tsattn.data.reading.columns import Column, Table
from tsattn.data.reading.date_parts import weeks
from tsattn.data.reading.date_texts import parse_texts
from tsattn.data.reading.dated_names import dates_in_order, parsed_names
from tsattn.data.reading.day_columns import long_table, matrix
from tsattn.data.reading.footers import is_total
from tsattn.data.reading.month_names import QUARTER_WORD, months_among
from tsattn.data.reading.name_shapes import names_shaped
from tsattn.data.reading.numbers import as_numbers
from tsattn.data.reading.period_names import periods_within
from tsattn.data.reading.row_times import Clock
from tsattn.data.reading.step_columns import holds_dates, with_measures
from tsattn.data.reading.time_names import parts_named
from tsattn.data.report import Notes
from tsattn.errors import DataError

_YEAR = re.compile(r"(?:19|20)\d\d")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h]00)?(?:[:.]00)?(?: ?(?:h|uhr))?(?: ?([ap])\.?m)?(?: ?(?:-|–|to) ?\d{1,2}\b.*)?", re.I)
_MOST = {"month": 12, "quarter": 4, "week": 53, "hour": 24}
_MOMENTS = {"date", "moment", "epoch"}  # parts of names of columns that hold whole dates
_LEAP = 2000  # a year that has every day of a year
_FEWEST_DAYS = 20  # fewest consecutive days that show that rows are days of a year


def unfold_pivot(table: Table, options: ReadOptions, notes: Notes) -> tuple[Table, Clock] | None:
    """Return the table with one row per time, and its clock, if rows are parts of a year or a day and columns are years or days.

    Raises DataError for a value in a week that its year does not have.
    """
    names = [n for n in table.columns if n not in options.item]
    years = {n: int(n) for n in names_shaped(names, lambda n: n.strip() == "0000") if _YEAR.fullmatch(n.strip())}
    measures: tuple[str, ...] = ()
    if len(years) < 2:
        years, measures = _years_within(table, names)
    days = {} if len(years) > 1 else _days(names, options)
    steps = years if len(years) > 1 else days
    if len(steps) < 2:
        return None
    for column in table.columns.values():
        if column.name in steps or column.name in options.item or column.kind == "stamp":
            continue
        found = _parts(column, ("month", "quarter", "week", "day") if steps is years else ("hour",), options, set(years.values()))
        if found is None:
            continue
        part, numbers = found
        table, numbers = _without_totals(table, column, numbers, notes)
        values = matrix(table, list(steps), notes)
        if values is None:
            return None
        across = list(steps.values())
        stamps = _stamps(part, numbers, np.array(across))
        texts = {n: c for n, c in table.columns.others.items() if c is not column and n not in steps and c.kind == "text"}
        others = {n: c for n, c in texts.items() if as_numbers(c, table.marks) is None}  # not changes in percent
        used = {column.name, *steps, *others}
        left = [n for n in table.columns if n not in used]
        long = long_table(table, values, others, "value" if "value" not in others else "values")
        long = with_measures(long, measures, table.rows)
        flat = stamps.ravel()
        beyond = np.isnat(flat)
        if (beyond & ~np.isnan(values.ravel())).any():
            row = int(np.flatnonzero(beyond & ~np.isnan(values.ravel()))[0])
            raise DataError(f"{long.where(row)}: a value for a {part} that the year does not have", "empty that cell")
        unit = "year" if steps is years else "day"
        notes.find(
            "layout", f"{'year-month' if steps is years else 'times'}: a row per {part}, a column per {unit}", "--layout wide"
        )
        notes.find("timestamp", f"column {column.name!r} and the names of {len(steps)} columns", "--timestamp")
        if left:
            notes.find("not used", listed(left))
        kept = np.flatnonzero(~beyond)
        zone = options.timezone if part == "hour" else None
        return long.take(kept), Clock(flat[kept], zone, columns=(column.name,))
    return None


def _years_within(table: Table, names: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the columns that hold a year beside a measure, 2022 Sales and Sales 2023, and the measures, () if there is one.

    Both are empty beside a column of dates, whose rows are steps.
    """
    found = periods_within(names, fewest=2)
    others = [table.columns[n] for n in names if n in table.columns.others]
    dated = any(c.kind == "stamp" or (c.kind == "text" and holds_dates(c)) for c in others)
    if found is None or dated or any(parts_named(n) & _MOMENTS for n in names if n not in found.periods):
        return {}, ()
    if not all(map(_YEAR.fullmatch, found.periods.values())):
        return {}, ()
    return {name: int(year) for name, year in found.periods.items()}, tuple(found.measures.values())


def _days(names: list[str], options: ReadOptions) -> dict[str, np.datetime64]:
    """Return the columns that are named by days, with these days; {} where more than three are not."""
    parsed = parsed_names(names, options.date_order)
    dated = [] if parsed is None else [n for n, bad in zip(names, parsed.failed, strict=True) if not bad]
    if parsed is None or len(dated) < max(len(names) - 3, 2):
        return {}
    stamps = dates_in_order(parsed, dated, options.date_order)
    whole = stamps is not None and bool(np.all(stamps == stamps.astype("datetime64[D]")))
    return dict(zip(dated, stamps, strict=True)) if stamps is not None and whole else {}


def _parts(column: Column, wanted: tuple[str, ...], options: ReadOptions, years: set[int]) -> tuple[str, np.ndarray] | None:
    """Return (part, (n,) its number in each row, 0 where the row is a total); None where the column holds none of these parts.

    years: those of the columns. A day of any year has the number 100 times its month, plus its day of the month.
    """
    if "day" in wanted and (days := _days_of_any_year(column, options, years)) is not None:
        return "day", days
    wanted = tuple(part for part in wanted if part != "day")
    named = parts_named(column.name)
    if column.kind == "text":
        texts = column.texts()
        for part in wanted:
            months = months_among(map(_bare, texts)) if part == "month" else {}
            found = [months.get(_bare(t), 0) if part == "month" else _number(part, t) for t in texts]
            certain = part in ("month", "quarter") or part in named
            if certain and sum(map(bool, found)) > 1 and all(k or is_total(t) for k, t in zip(found, texts, strict=True)):
                return part, np.append(found, 0)[column.values]
        return None
    numbers = as_numbers(column)
    counted = [p for p in wanted if p in named]
    if numbers is None or not counted:
        return None
    part = counted[0]
    values = numbers.column.values
    first = 0 if part == "hour" and len(values) and np.nanmin(values) == 0 else 1
    if np.isnan(values).any() or np.any(values != np.round(values)) or values.min() < first:
        return None
    whole = values.astype(np.int64) + (1 - first)
    return (part, whole) if whole.max() <= _MOST[part] else None


def _days_of_any_year(column: Column, options: ReadOptions, years: set[int]) -> np.ndarray | None:
    """Return 100 * month + day of consecutive days without a year, such as 01-Jan, 1/31 and 31.01.; None for other texts.

    Days of one of the `years` of the columns are days of any year too.
    """
    if column.kind != "text" or column.missing.any() or len(column) < _FEWEST_DAYS or len(column.texts()) != len(column):
        return None
    mark = next((m for m in "-/." if m in column.texts()[0].strip(".")), " ")
    bare = parse_texts(arrow.strings([f"{text.strip('. ')}{mark}{_LEAP}" for text in column.texts()]), options.date_order)
    dated = parse_texts(column.labels, options.date_order)
    for wall, known in ((bare.wall, {_LEAP}), (bare.other, {_LEAP}), (dated.wall, years), (dated.other, years)):
        days = None if wall is None else wall.astype("datetime64[D]")
        within = set() if days is None or np.isnat(days).any() else set(days.astype("datetime64[Y]").astype(int) + 1970)
        if days is None or len(within) != 1 or not within <= known:
            continue
        steps = np.diff(days[column.values]).astype(np.int64)
        steps = steps * np.sign(steps[0])  # the newest day may come first
        if steps.min() >= 1 and steps.max() <= 2 and np.sum(steps == 2) <= 1:  # a table may leave out 29 February
            month = days.astype("datetime64[M]")
            numbers = (month.astype(np.int64) % 12 + 1) * 100 + (days - month.astype("datetime64[D]")).astype(np.int64) + 1
            return numbers[column.values]
    return None


def _bare(text: str) -> str:
    """Return a name of a month in lower case, without dots."""
    return text.strip(" .").lower()


def _number(part: str, text: str) -> int:
    """Return the number of a part, from 1 on: 2 for "Q2", week 2 and 01:00; 0 where the text is not such a part."""
    plain = _bare(text)
    if part == "hour":
        found = _CLOCK.fullmatch(plain)
        if found is None or int(found[1]) > (12 if found[2] else 23):
            return 0
        return (int(found[1]) % 12 + 12 * (found[2].lower() == "p") if found[2] else int(found[1])) + 1
    found = re.fullmatch(
        {"quarter": rf"{QUARTER_WORD}([1-4])|([1-4])\. ?quartal", "week": r"(?:w|kw|wk|week)? ?(\d{1,2})"}[part], plain
    )
    return int(next(g for g in found.groups() if g)) if found else 0


def _without_totals(table: Table, column: Column, numbers: np.ndarray, notes: Notes) -> tuple[Table, np.ndarray]:
    gone = numbers == 0
    if not gone.any():
        return table, numbers
    notes.repair("rows of totals left out", int(gone.sum()), table.where(int(np.flatnonzero(gone)[0])))
    kept = np.flatnonzero(~gone)
    return table.take(kept), numbers[kept]


def _stamps(part: str, numbers: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return (rows, columns) datetime64[us], the timestamp of each cell."""
    down = numbers[:, None] - 1
    if part == "hour":
        return across.astype("datetime64[us]")[None, :] + down.astype("timedelta64[h]")
    if part == "day":
        month = ((across[None, :] - 1970) * 12 + numbers[:, None] // 100 - 1).astype("datetime64[M]")
        days = month.astype("datetime64[D]") + (numbers[:, None] % 100 - 1).astype("timedelta64[D]")
        return np.where(days.astype("datetime64[M]") == month, days.astype("datetime64[us]"), np.datetime64("NaT"))
    if part == "week":
        shape = (len(numbers), len(across))
        year, week = np.broadcast_to(across[None, :], shape), np.broadcast_to(down + 1, shape)
        return weeks(year.ravel(), week.ravel(), np.ones(year.size, np.int64)).reshape(shape)
    months = (across[None, :] - 1970) * 12 + down * (3 if part == "quarter" else 1)
    return months.astype("datetime64[M]").astype("datetime64[us]")
