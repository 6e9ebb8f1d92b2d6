"""Dates and numbers in R's prints: periods of a ts object, row labels, NA."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
QUARTERS = ("Qtr1", "Qtr2", "Qtr3", "Qtr4")
HINT = (
    'write all rows in R: write.csv(data.frame(date = zoo::as.Date(time(x)), value = x), "x.csv", row.names = FALSE); '
    'for a tibble: write.csv(x, "x.csv", row.names = FALSE)'
)
_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?|NA|NaN|[+-]?Inf", re.I)
_MONTH = re.compile(rf"(?:(\d{{4}}) )?({'|'.join(MONTHS)})(?: (\d{{4}}))?")
_QUARTER = re.compile(r"(\d{4}) Q([1-4])")
_WEEK = re.compile(r"(\d{4}) W(\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")
_STEPS_OF_DAYS = {7: (52, 53), 1: (365, 366)}  # days of a step: steps per year, from and to
_FIRST_YEAR, _LAST_YEAR = 1000, 9999  # a ts object that starts at 1 counts periods, not years


@dataclass(frozen=True)
class Printed:
    """Table that R printed. kind: the object in words."""

    kind: str
    table: pa.Table
    warnings: tuple[str, ...] = ()


def is_number(cell: str) -> bool:
    """Return True for a number as R prints it, or NA."""
    return _NUMBER.fullmatch(cell) is not None


def number(cell: str) -> float:
    """Return a number as R prints it, with a decimal comma if OutDec is one, and never with thousands marks; NA is NaN."""
    return float("nan") if cell.upper() == "NA" else float(cell.replace(",", "."))


def date_of(label: str) -> str | None:
    """Return the ISO date of a label such as Jan 2020, 2020 Jan, 2020 Q1, 2020 W05 or 2020-01-31; None for any other."""
    label = " ".join(label.split())
    if (found := _MONTH.fullmatch(label)) and bool(found[1]) != bool(found[3]):
        return f"{found[1] or found[3]}-{MONTHS.index(found[2]) + 1:02d}-01"
    if found := _QUARTER.fullmatch(label):
        return f"{found[1]}-{3 * int(found[2]) - 2:02d}-01"
    if found := _WEEK.fullmatch(label):
        try:
            return datetime.date.fromisocalendar(int(found[1]), int(found[2]), 1).isoformat()
        except ValueError:
            return None
    return label if _DATE.fullmatch(label) else None


def labelled(lines: Sequence[str]) -> tuple[list[str], dict[str, list[float]]] | None:
    """Return the row labels and the columns of a printed matrix, whose header names all columns but the labels.

    A matrix that is wider than the console comes in blocks of columns, each with a header. Returns None for other lines.
    """
    blocks: list[tuple[list[str], dict[str, list[float]]]] = []
    width = 0
    for line in lines:
        cells = line.split()
        if len(cells) > width and is_number(cells[-1]) and blocks and (label := " ".join(cells[: len(cells) - width])):
            if not (date_of(label) or _DECIMAL.fullmatch(label)) or not all(map(is_number, cells[-width:])):
                return None
            blocks[-1][0].append(label)
            for column, cell in zip(blocks[-1][1].values(), cells[-width:], strict=True):
                column.append(number(cell))
        elif any(map(is_number, cells)) or len(set(cells)) < len(cells):
            return None
        else:
            names = [f"value_{name[2:-1]}" if re.fullmatch(r"\[,\d+\]", name) else name for name in cells]
            blocks.append(([], {name: [] for name in names}))
            width = len(names)
    if not blocks or not blocks[0][0] or any(block[0] != blocks[0][0] for block in blocks):
        return None
    columns = {name: values for block in blocks for name, values in block[1].items()}
    return blocks[0][0], {"value": columns["value_1"]} if list(columns) == ["value_1"] else columns


def by_labels(kind: str, labels: Sequence[str], columns: dict[str, list[float]]) -> Printed | None:
    """Return a table whose rows have these dates as labels; None if a label is no date or they do not increase."""
    dates = [date_of(label) for label in labels]
    known = [date for date in dates if date is not None]
    if len(known) < max(2, len(dates)) or not all(a < b for a, b in pairwise(known)):
        return None
    return Printed(kind, _table(known, columns))


def dated(kind: str, begin: float, frequency: float, columns: dict[str, list[float]]) -> Printed | None:
    """Return a ts object as a table. begin: time of the first value, in years or other periods; frequency: steps per period.

    R gives no dates to weeks and days of a year; they are counted from January 1st, with a warning. Steps of other periods have
    no dates.
    """
    rows = len(next(iter(columns.values())))
    if rows < 2 or frequency <= 0:
        return None
    year = int(begin + 1e-6)
    step = round((begin - year) * frequency)  # of the year
    if not _FIRST_YEAR <= year <= _LAST_YEAR - rows:
        return Printed(f"{kind} without dates, {frequency:g} steps per period", _table(None, columns))
    if frequency in (1, 2, 3, 4, 6, 12):
        months = [12 * year + (step + k) * 12 // int(frequency) for k in range(rows)]
        return Printed(kind, _table([f"{month // 12}-{month % 12 + 1:02d}-01" for month in months], columns))
    days = next((days for days, (low, high) in _STEPS_OF_DAYS.items() if low <= frequency <= high), None)
    if days is None:
        return Printed(f"{kind} without dates, {frequency:g} steps per year", _table(None, columns))
    first = datetime.date(year, 1, 1)
    dates = [(first + datetime.timedelta(days=days * (step + k))).isoformat() for k in range(rows)]
    warning = (
        f"R counts {frequency:g} steps per year and prints no dates; the first value is dated {dates[0]}, the next {dates[1]}; "
        "if the data has dates, write them with the values"
    )
    return Printed(kind, _table(dates, columns), (warning,))


def _table(dates: Sequence[str] | None, columns: dict[str, list[float]]) -> pa.Table:
    import pyarrow as pa

    stamps = {} if dates is None else {"date": pa.array(dates, pa.string())}
    return pa.table({**stamps, **{name: pa.array(values, pa.float64()) for name, values in columns.items()}})
